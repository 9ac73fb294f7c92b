//! The bucket proves itself, through both doors: on a file with the clock of the tests, and in memory on its own time.

#![allow(clippy::unwrap_used, reason = "what the tests stand on")]

mod files;

use files::File;
use pyrate_conformance::Rig;
use pyrate_conformance::pyrate_core::ManualClock;
use pyrate_sqlite::{BucketError, Clock, Outcome, Rates, SqliteStore};

pyrate_conformance::conformance! {
    name: file,
    dual: |rates, clock| open(&File::new(), clock).bucket("key", rates),
    capabilities: [reservations, names, keys, shared, reopening, faults, footprint],
    store: |clock| {
        let store = open(&File::new(), clock);
        move |key: &str, rates: Rates| store.bucket(key, rates)
    },
    faults: |rates, clock: ManualClock| {
        let file = File::new();
        let bucket = open(&file, clock.clone()).bucket("key", rates);
        (bucket, move |outcome| fail(&file, &clock, outcome))
    },
    footprint: |rates, clock| {
        let file = File::new();
        (open(&file, clock).bucket("key", rates), move || file.rows())
    },
}

// Each handle on a connection of its own, as that of another process would be.
pyrate_conformance::conformance! {
    name: connections,
    dual: |rates, clock| open(&File::new(), clock).bucket("key", rates),
    capabilities: [keys, reopening],
    store: |clock| {
        let file = File::new();
        move |key: &str, rates: Rates| open(&file, clock.clone()).bucket(key, rates)
    },
}

pyrate_conformance::conformance! {
    name: memory_on_its_own_time,
    own_time: |rates| in_memory().bucket("key", rates),
    capabilities: [reservations, names, keys, shared, reopening],
    store: |_clock| {
        let store = in_memory();
        move |key: &str, rates: Rates| store.bucket(key, rates)
    },
}

fn open(file: &File, clock: impl Clock) -> SqliteStore {
    SqliteStore::builder(file.path()).clock(clock).build().unwrap()
}

fn in_memory() -> SqliteStore {
    SqliteStore::open(":memory:").unwrap()
}

/// Takes the tables away and has the clock fail as told, or puts both right again.
fn fail(file: &File, clock: &ManualClock, outcome: Option<Outcome>) {
    if let Some(outcome) = outcome {
        clock.fail(BucketError::new(outcome, "the clock was told to fail"));
        file.execute("ALTER TABLE pyrate RENAME TO elsewhere");
    } else {
        clock.set(Rig::START);
        file.execute("ALTER TABLE elsewhere RENAME TO pyrate");
    }
}
