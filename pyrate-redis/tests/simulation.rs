//! Several hosts on one bucket of a server, in seeded schedules: a store with a connection of its own for each host.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and says what it found"
)]

mod support;

use pyrate_conformance::simulation::{Tally, clean};
use pyrate_redis::{ManualClock, Rates, RedisStore};
use support::{fresh_prefix, shared};

#[test]
fn hosts_with_a_connection_each_are_served_in_order_and_lose_nothing_on_a_server() {
    let is_long = std::env::var_os("PYRATE_LONG").is_some();
    let tally = clean(0..if is_long { 5_000 } else { 100 }, |rates: Rates, clock: ManualClock| {
        let prefix = fresh_prefix();
        move || {
            let store = RedisStore::builder(shared().url()).prefix(prefix.clone());
            let store = store.clock(clock.clone()).build().unwrap();
            store.bucket("key", rates.clone())
        }
    });
    let Tally { waited, left, places, vanished, .. } = tally;
    println!("{waited} waited, {left} left, {places} took their places, {vanished} vanished");
}
