//! The store of the suite proves itself, with all that a bucket can do.

use pyrate_conformance::MemoryStore;
use pyrate_core::{ManualClock, Rates};

pyrate_conformance::conformance! {
    name: memory_store,
    sync: |rates, clock| MemoryStore::new(clock).bucket("key", rates),
    capabilities: [reservations, names, keys, shared, reopening, faults, footprint],
    store: |clock: ManualClock| {
        let store = MemoryStore::new(clock);
        move |key: &str, rates: Rates| store.bucket(key, rates)
    },
    faults: |rates: Rates, clock: ManualClock| {
        let bucket = MemoryStore::new(clock).bucket("key", rates);
        let store = bucket.store().clone();
        (bucket, move |outcome| store.fail(outcome))
    },
    footprint: |rates: Rates, clock: ManualClock| {
        let bucket = MemoryStore::new(clock).bucket("key", rates);
        let store = bucket.store().clone();
        (bucket, move || store.footprint())
    },
}
