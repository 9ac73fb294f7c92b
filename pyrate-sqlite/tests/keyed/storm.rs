//! Threads on two stores of one file, which reserve, leave, sweep and look at once.

use std::thread;
use std::time::{Duration, Instant};

use pyrate_conformance::audit;
use pyrate_sqlite::{
    BucketFactory, Decision, Grant, KeyedSqlite, Rate, RateItem, Rates, SqliteStore, Timestamp,
};

use crate::files::File;

const NAMES: [&str; 3] = ["a", "b", "c"];

#[test]
fn two_stores_that_sweep_each_others_names_hold_every_limit() {
    let file = File::new();
    let rate = |limit, millis| Rate::new(limit, Duration::from_millis(millis)).unwrap();
    let rates = Rates::new([rate(4, 3), rate(9, 10)]).unwrap();
    let held: Vec<(usize, Grant)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4_u64)
            .map(|seed| {
                let keyed = SqliteStore::open(file.path()).unwrap().keyed(rates.clone());
                scope.spawn(move || one_thread(&keyed, seed))
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(held.len() > 100, "{}", held.len());
    for name in 0..NAMES.len() {
        let of_name = held.iter().filter(|(held, _)| *held == name);
        let granted: Vec<(Timestamp, u64)> =
            of_name.map(|(_, grant)| (grant.at, grant.weight)).collect();
        assert_eq!(audit(&rates, &granted), []);
    }
}

fn one_thread(keyed: &KeyedSqlite, seed: u64) -> Vec<(usize, Grant)> {
    let (start, mut held, mut turn) = (Instant::now(), Vec::new(), seed);
    while start.elapsed() < Duration::from_millis(1_200) {
        turn = turn.wrapping_mul(25_214_903_917).wrapping_add(11);
        let (choice, name) = ((turn >> 20) % 16, usize::try_from((turn >> 30) % 3).unwrap());
        let item = RateItem::new(NAMES[name], 1 + (turn >> 40) % 3);
        match choice {
            0 => drop(keyed.leak().unwrap()),
            1 => drop(keyed.buckets()),
            2 => drop(keyed.waiting(&item).unwrap()),
            3..=5 => {
                let Some((name, grant)) = held.pop() else { continue };
                if !keyed.cancel(&RateItem::new(NAMES[name], 1), &grant).unwrap() {
                    held.push((name, grant));
                }
            }
            _ => {
                let max_delay = Duration::from_millis((turn >> 45) % 12);
                if let Decision::Granted(grant) = keyed.reserve(&item, max_delay).unwrap() {
                    held.push((name, grant));
                }
            }
        }
    }
    held
}
