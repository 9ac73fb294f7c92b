//! Much of everything: stores, keys, rates.

use std::time::Duration;

use pyrate_sqlite::{AbstractBucket, ManualClock, Rate, Rates, SqliteError, SqliteStore};

use crate::desk::{bucket, is_granted, store};
use crate::files::File;

fn is_long() -> bool {
    std::env::var_os("PYRATE_LONG").is_some()
}

#[test]
fn hundreds_of_stores_on_one_file_share_its_limits() {
    let file = File::new();
    let first = store(&file).bucket("key", Rate::per_hour(50));
    let mut stores = vec![first];
    // Each takes a few of the process's file handles, of which a system may give a thousand.
    let count = if is_long() { 1_000 } else { 200 };
    while stores.len() < count {
        match SqliteStore::builder(file.path()).clock(ManualClock::new()).build() {
            Ok(store) => stores.push(store.bucket("key", Rate::per_hour(50))),
            Err(error) => {
                assert!(matches!(error, SqliteError::CannotOpen(_)), "{error:?}");
                break;
            }
        }
    }
    assert_eq!(stores.iter().filter(|bucket| is_granted(bucket)).count(), 50);
    assert!(stores.len() > 100);
    drop(stores);
    assert!(!is_granted(&store(&file).bucket("key", Rate::per_hour(50))));
}

#[test]
fn a_thousand_stores_one_after_the_other_leave_one_file() {
    let file = File::new();
    for turn in 0..if is_long() { 1_000 } else { 100 } {
        assert_eq!(is_granted(&bucket(&file)), turn < 3);
    }
    assert_eq!(bucket(&file).count().unwrap(), 3);
}

#[test]
fn a_hundred_rates_in_a_handle_are_all_held() {
    // `n` units in `n * n` milliseconds: each binds at some time.
    let rate = |n: u64| Rate::new(n, Duration::from_millis(n * n)).unwrap();
    let rates = Rates::new((1..=100).map(rate)).unwrap();
    let clock = ManualClock::new();
    let store = SqliteStore::builder_in_memory().clock(clock.clone()).build().unwrap();
    let bucket = store.bucket("key", rates.clone());
    let mut granted = Vec::new();
    for _ in 0..2_000 {
        clock.advance(Duration::from_millis(3));
        if is_granted(&bucket) {
            granted.push((AbstractBucket::now(&bucket).unwrap(), 1));
        }
    }
    assert!(granted.len() > 70, "{}", granted.len());
    assert_eq!(pyrate_conformance::audit(&rates, &granted), []);
}
