//! The buckets in memory prove themselves: the one bucket, on a clock of the tests' and on its own, and a name among many.

use std::sync::OnceLock;

use pyrate_conformance::pyrate_core::{AnyBucket, ManualClock};
use pyrate_memory::{BucketFactory, InMemoryBucket, KeyedMemory, RateItem, Rates};

pyrate_conformance::conformance! {
    name: memory,
    sync: |rates, clock| InMemoryBucket::with_clock(rates, clock),
    capabilities: [reservations, names],
}

pyrate_conformance::conformance! {
    name: memory_on_its_own_time,
    own_time: |rates| InMemoryBucket::new(rates),
    capabilities: [reservations, names],
}

pyrate_conformance::conformance! {
    name: keyed_memory,
    sync: |rates, clock| named(&memory(rates, clock), "name"),
    capabilities: [reservations, keys, reopening],
    store: |clock| {
        // All names of a memory have the same rates here, those of the first.
        let memory = OnceLock::new();
        move |key: &str, rates: Rates| {
            named(memory.get_or_init(|| self::memory(rates, clock.clone())), key)
        }
    },
}

fn memory(rates: Rates, clock: ManualClock) -> KeyedMemory {
    KeyedMemory::builder(rates).clock(clock).build()
}

/// What a memory holds of one name: a view, so that the memory may go before it.
#[expect(clippy::expect_used, reason = "a view can always be had")]
fn named(memory: &KeyedMemory, name: &str) -> AnyBucket {
    memory.get(&RateItem::new(name, 1)).expect("a view").into_owned()
}
