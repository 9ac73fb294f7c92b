//! A bucket for each name in one store: each decides as a bucket of its own does, and vanishes when it is over.

#![cfg(test)]

mod equal;
#[path = "../files/mod.rs"]
mod files;
mod numbers;
mod storm;
mod sweeps;

use std::time::Duration;

use pyrate_sqlite::{
    BucketFactory, Decision, Grant, KeyedSqlite, ManualClock, RateItem, SqliteStore, Timestamp,
};

use files::File;

/// A store on `file`, and its clock.
fn store(file: &File) -> (SqliteStore, ManualClock) {
    let clock = ManualClock::new();
    (SqliteStore::builder(file.path()).clock(clock.clone()).build().unwrap(), clock)
}

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn is_granted(keyed: &KeyedSqlite, name: &str) -> bool {
    keyed.reserve(&RateItem::new(name, 1), Duration::ZERO).unwrap().is_granted()
}

/// A grant, however long it takes.
fn reserved(keyed: &KeyedSqlite, name: &str) -> Grant {
    match keyed.reserve(&RateItem::new(name, 1), Duration::MAX).unwrap() {
        Decision::Granted(grant) => grant,
        Decision::Denied(denial) => panic!("{denial:?}"),
    }
}
