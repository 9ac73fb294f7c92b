//! The numbers of reservations: none is given twice, whatever becomes of its name.

use std::collections::HashSet;

use pyrate_sqlite::{BucketFactory, Rate, RateItem};

use crate::files::File;
use crate::{at, reserved, store};

#[test]
fn a_grant_of_a_disposed_name_cancels_nobody_of_its_successor() {
    let file = File::new();
    let (store, _) = store(&file);
    let (keyed, item) = (store.keyed(Rate::per_second(1)), RateItem::new("a", 1));
    let stale: Vec<_> = (0..4).map(|_| reserved(&keyed, "a")).collect();
    assert!(keyed.dispose("a"));
    assert!(!keyed.dispose("a"));
    let fresh: Vec<_> = (0..4).map(|_| reserved(&keyed, "a")).collect();
    for grant in &stale {
        assert!(!keyed.cancel(&item, grant).unwrap(), "{grant:?}");
    }
    // They lie at the same instants, and it is the number that tells them apart.
    assert_eq!(stale[3].at, fresh[3].at);
    assert!(keyed.cancel(&item, &fresh[3]).unwrap());
}

#[test]
fn no_number_is_given_twice_to_a_name_that_is_flushed_disposed_of_or_vanishes() {
    let file = File::new();
    let (store, clock) = store(&file);
    let keyed = store.keyed(Rate::per_second(1));
    let mut numbers = HashSet::new();
    for round in 0..40_u64 {
        clock.set(at(round * 100_000_000));
        for _ in 0..3 {
            let grant = reserved(&keyed, "a");
            assert!(grant.delay.is_zero() || numbers.insert(grant.id()), "{}", grant.id());
        }
        match round % 4 {
            0 => keyed.flush().unwrap(),
            1 => assert!(keyed.dispose("a")),
            2 => {
                clock.set(at(round * 100_000_000 + 50_000_000));
                keyed.leak().unwrap();
                assert_eq!(keyed.buckets().len(), 0);
            }
            _ => {}
        }
    }
    assert!(numbers.len() >= 80);
}

#[test]
fn a_number_belongs_to_its_name_alone() {
    let file = File::new();
    let (store, _) = store(&file);
    let keyed = store.keyed(Rate::per_second(1));
    let grants = ["a", "b"].map(|name| {
        reserved(&keyed, name);
        reserved(&keyed, name)
    });
    assert!(keyed.dispose("a"));
    reserved(&keyed, "a");
    let successor = reserved(&keyed, "a");
    assert!(!keyed.cancel(&RateItem::new("a", 1), &grants[0]).unwrap());
    assert!(!keyed.cancel(&RateItem::new("b", 1), &successor).unwrap());
    assert!(keyed.cancel(&RateItem::new("b", 1), &grants[1]).unwrap());
    assert!(keyed.cancel(&RateItem::new("a", 1), &successor).unwrap());
}
