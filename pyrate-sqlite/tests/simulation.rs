//! Several hosts on one SQLite bucket, in seeded schedules: a thousand on one store with a handle for each host, and a
//! hundred on a file with a connection for each. Long runs play fifty times as many.

#![cfg(test)]

use std::path::Path;

use pyrate_conformance::simulation::{Tally, clean};
use pyrate_sqlite::{ManualClock, Rates, SqliteStore, Synchronous};

fn seeds(normal: u64) -> std::ops::Range<u64> {
    let is_long = std::env::var_os("PYRATE_LONG").is_some();
    0..if is_long { normal * 50 } else { normal }
}

fn say(Tally { waited, left, places, vanished, .. }: Tally) {
    println!("{waited} waited, {left} left, {places} took their places, {vanished} vanished");
}

#[test]
fn hosts_with_a_handle_each_are_served_in_order_and_lose_nothing() {
    say(clean(seeds(1_000), |rates: Rates, clock: ManualClock| {
        let store = SqliteStore::builder_in_memory().clock(clock).build().unwrap();
        move || store.bucket("key", rates.clone())
    }));
}

#[test]
fn hosts_with_a_connection_each_are_served_in_order_and_lose_nothing() {
    say(clean(seeds(100), |rates: Rates, clock: ManualClock| {
        let folder = tempfile::tempdir().unwrap();
        move || {
            let path = folder.path().join("limits.db");
            connected(&path, &clock).bucket("key", rates.clone())
        }
    }));
}

fn connected(path: &Path, clock: &ManualClock) -> SqliteStore {
    let store = SqliteStore::builder(path).clock(clock.clone());
    store.synchronous(Synchronous::Off).build().unwrap()
}
