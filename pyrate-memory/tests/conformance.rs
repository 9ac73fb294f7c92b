//! The bucket in memory proves itself.

use pyrate_memory::InMemoryBucket;

pyrate_conformance::conformance! {
    name: memory,
    sync: |rates, clock| InMemoryBucket::with_clock(rates, clock),
    capabilities: [reservations, names],
}
