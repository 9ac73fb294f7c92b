//! Sweeps: names vanish when they are over, and not before.

use std::thread;
use std::time::{Duration, Instant};

use pyrate_sqlite::{AbstractBucket, BucketFactory, Limiter, Rate, RateItem, Rates, SqliteStore};

use crate::files::File;
use crate::{at, is_granted, reserved, store, us};

#[test]
fn names_vanish_after_their_windows_and_not_a_tick_before() {
    let file = File::new();
    let (store, clock) = store(&file);
    let keyed = store.keyed(Rate::new(2, us(100)).unwrap());
    for (instant, name) in [(0, "a"), (30, "b"), (30, "c")] {
        clock.set(at(instant));
        assert!(is_granted(&keyed, name));
    }
    for (instant, left) in [(99, 3), (100, 2), (129, 2), (130, 0)] {
        clock.set(at(instant));
        keyed.leak().unwrap();
        assert_eq!(keyed.buckets().len(), left, "at {instant}");
    }
    assert_eq!(file.rows(), 0);
}

#[test]
fn a_name_with_a_place_in_line_stays_until_that_is_over() {
    let file = File::new();
    let (store, clock) = store(&file);
    let keyed = store.keyed(Rate::new(1, us(100)).unwrap());
    let last = [0; 3].map(|_| reserved(&keyed, "a"))[2];
    clock.set(at(299));
    keyed.leak().unwrap();
    assert_eq!((keyed.buckets().len(), last.at), (1, at(200)));
    clock.set(at(300));
    keyed.leak().unwrap();
    assert_eq!(file.rows(), 0);
}

#[test]
fn a_handle_with_a_longer_window_keeps_its_name() {
    let file = File::new();
    let (store, clock) = store(&file);
    let keyed = store.keyed(Rate::new(1, us(100)).unwrap());
    let longer = store.bucket("a", Rate::new(5, us(1_000)).unwrap());
    assert!(is_granted(&keyed, "a"));
    for instant in [100, 999] {
        clock.set(at(instant));
        keyed.leak().unwrap();
        assert_eq!(longer.count().unwrap(), 1);
    }
    clock.set(at(1_000));
    keyed.leak().unwrap();
    assert_eq!((longer.count().unwrap(), file.rows()), (0, 0));
}

#[test]
fn for_a_name_that_comes_anew_time_does_not_run_back() {
    let file = File::new();
    let (store, clock) = store(&file);
    let keyed = store.keyed(Rate::new(1, us(100)).unwrap());
    clock.set(at(1_000));
    assert!(is_granted(&keyed, "a"));
    clock.set(at(1_100));
    keyed.leak().unwrap();
    assert_eq!(keyed.buckets().len(), 0);
    // Granted at 1_000, and again at 950, would be two within a window of a hundred.
    clock.set(at(950));
    assert!(reserved(&keyed, "a").at >= at(1_100));
}

#[test]
fn one_leak_removes_what_takes_many_transactions() {
    let file = File::new();
    let (store, clock) = store(&file);
    let keyed = store.keyed(Rate::new(1_000_000, us(50_000)).unwrap());
    let mut granted = 0;
    for name in ["a", "b"] {
        for turn in 0..4_500 {
            clock.set(at(turn));
            granted += u64::from(is_granted(&keyed, name));
        }
    }
    for name in 0..300 {
        granted += u64::from(is_granted(&keyed, &name.to_string()));
    }
    clock.set(at(1_000_000));
    assert_eq!(keyed.leak().unwrap(), granted);
    assert_eq!(file.rows(), 0);
}

#[test]
fn walks_reach_every_name_however_many() {
    let file = File::new();
    let (store, clock) = store(&file);
    let keyed = store.keyed(Rate::per_second(1));
    for count in [0, 1, 255, 256, 257, 512, 600] {
        for name in 0..count {
            assert!(is_granted(&keyed, &format!("{name}")));
        }
        assert_eq!(keyed.buckets().len(), count);
        keyed.flush().unwrap();
        assert!((0..count).all(|name| is_granted(&keyed, &format!("{name}"))));
        pollster::block_on(keyed.flush_async()).unwrap();
        clock.advance(Duration::from_secs(2));
        keyed.leak().unwrap();
        assert_eq!((keyed.buckets().len(), file.rows()), (0, 0));
    }
}

#[test]
fn a_bucket_at_hand_outlives_its_name() {
    let file = File::new();
    let (store, _) = store(&file);
    let keyed = store.keyed(Rate::per_second(1));
    let (item, other) = (RateItem::new("a", 1), store.keyed(Rate::per_second(1)));
    let bucket = keyed.get(&item).unwrap().into_owned();
    for _ in 0..3 {
        assert!(bucket.reserve(&item, Duration::ZERO).unwrap().is_granted());
        assert!(bucket.reserve(&item, Duration::ZERO).unwrap().is_denied());
        assert!(other.dispose("a"));
        assert_eq!(bucket.count().unwrap(), 0);
    }
}

#[test]
fn a_limiter_sweeps_in_the_background_and_also_what_another_process_left() {
    let file = File::new();
    let rates = Rates::from(Rate::new(1, Duration::from_millis(10)).unwrap());
    let left = SqliteStore::open(file.path()).unwrap().keyed(rates.clone());
    assert!(is_granted(&left, "left behind"));
    drop(left);
    let limiter = Limiter::with_factory(SqliteStore::open(file.path()).unwrap().keyed(rates));
    limiter.try_acquire("a").unwrap();
    let start = Instant::now();
    while file.rows() > 0 && start.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(file.rows(), 0);
}

#[test]
fn a_key_that_is_no_text_hides_no_other() {
    let file = File::new();
    let (store, clock) = store(&file);
    let keyed = store.keyed(Rate::per_second(1));
    assert!(["a", "b", "c"].iter().all(|name| is_granted(&keyed, name)));
    file.execute("UPDATE pyrate SET key = x'6220ff' WHERE key = x'62'");
    assert_eq!(keyed.buckets().len(), 2);
    clock.set(at(1_000_000));
    assert!(keyed.leak().is_err());
    assert_eq!(keyed.buckets().len(), 0);
    assert!(pollster::block_on(keyed.leak_async()).is_err());
}
