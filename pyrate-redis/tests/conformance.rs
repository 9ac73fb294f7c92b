//! The bucket on a real server proves itself: on a clock of the tests', where every check can be exact, and on the server's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod support;

use std::thread;
use std::time::Duration;

use pyrate_redis::{ManualClock, Outcome, Rates, RedisBucket, RedisStore};
use support::proxy::Proxy;
use support::script::ScriptBucket;
use support::{builder, fresh_prefix, shared};

pyrate_conformance::conformance! {
    name: redis,
    dual: |rates, clock| on(clock).bucket("key", rates),
    capabilities: [reservations, names, keys, shared, reopening, faults, footprint],
    store: |clock| {
        let store = on(clock);
        move |key: &str, rates: Rates| store.bucket(key, rates)
    },
    faults: faulty,
    footprint: |rates, clock| {
        let prefix = fresh_prefix();
        let store = builder().prefix(prefix.clone()).clock(clock).build().unwrap();
        (store.bucket("key", rates), move || stored_under(&prefix))
    },
}

pyrate_conformance::conformance! {
    name: redis_on_server_time,
    own_time: |rates| support::store().bucket("key", rates),
    capabilities: [reservations, names, keys, shared, reopening, footprint],
    store: |_clock| {
        let store = support::store();
        move |key: &str, rates: Rates| store.bucket(key, rates)
    },
    footprint: |rates, _clock| {
        let prefix = fresh_prefix();
        let store = builder().prefix(prefix.clone()).build().unwrap();
        (store.bucket("key", rates), move || stored_under(&prefix))
    },
}

// The script itself, with pages of four marks.
pyrate_conformance::conformance! {
    name: script_in_small_pages,
    sync: ScriptBucket::new,
    capabilities: [reservations, names],
}

fn on(clock: ManualClock) -> RedisStore {
    builder().clock(clock).build().unwrap()
}

/// A bucket, and a switch that cuts it off from its server, or loses the server's answers.
fn faulty(rates: Rates, clock: ManualClock) -> (RedisBucket, impl Fn(Option<Outcome>)) {
    let proxy = Proxy::before(shared().port());
    let store = RedisStore::builder(proxy.url()).prefix(fresh_prefix()).clock(clock);
    let store = store.command_timeout(Duration::from_millis(200)).build().unwrap();
    let switch = move |outcome: Option<Outcome>| {
        proxy.swallow(outcome == Some(Outcome::Unknown));
        proxy.refuse(outcome == Some(Outcome::NotRecorded));
        if outcome.is_none() {
            // Whatever came from before the repair must not be taken for an answer.
            proxy.cut();
        }
        // Until both ends have noticed.
        thread::sleep(Duration::from_millis(50));
    };
    (store.bucket("key", rates), switch)
}

/// Bytes of all keys under a prefix.
fn stored_under(prefix: &str) -> u64 {
    let mut wire = shared().connect();
    let keys = wire.ask(&["KEYS", &format!("{prefix}*")]);
    let sizes = keys.split(' ').filter(|key| !key.is_empty());
    sizes.map(|key| bytes_of(&mut wire, key)).sum()
}

/// Of a string its content, since the server gives it room ahead of need.
fn bytes_of(wire: &mut support::server::Wire, key: &str) -> u64 {
    let size = match wire.ask(&["TYPE", key]).as_str() {
        "string" => wire.ask(&["STRLEN", key]),
        _ => wire.ask(&["MEMORY", "USAGE", key]),
    };
    size.parse().unwrap()
}
