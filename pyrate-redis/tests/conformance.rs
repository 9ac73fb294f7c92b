//! The bucket on a real server proves itself: on a clock of the tests', where every check can be exact, and on the server's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod support;

use std::slice::from_ref;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use pyrate_redis::{
    AbstractBucket, ManualClock, Outcome, Rates, RedisBucket, RedisStore, RedisStoreBuilder,
};
use support::cluster::{Cluster, stored_under};
use support::proxy::Proxy;
use support::script::ScriptBucket;
use support::server::Server;
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
        (store.bucket("key", rates), move || stored_under(&prefix, from_ref(shared())))
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
        (store.bucket("key", rates), move || stored_under(&prefix, from_ref(shared())))
    },
}

// The script itself, with pages of four marks.
pyrate_conformance::conformance! {
    name: script_in_small_pages,
    sync: ScriptBucket::new,
    capabilities: [reservations, names],
}

pyrate_conformance::conformance! {
    name: valkey,
    dual: |rates, clock| on_valkey().clock(clock).build().unwrap().bucket("key", rates),
    capabilities: [reservations, names, keys, shared, reopening, footprint],
    store: |clock| {
        let store = on_valkey().clock(clock).build().unwrap();
        move |key: &str, rates: Rates| store.bucket(key, rates)
    },
    footprint: |rates, clock| {
        let prefix = fresh_prefix();
        let store = on_valkey().prefix(prefix.clone()).clock(clock).build().unwrap();
        (store.bucket("key", rates), move || stored_under(&prefix, from_ref(shared_valkey())))
    },
}

// Keys differ, so that buckets are spread over the masters.
pyrate_conformance::conformance! {
    name: cluster,
    dual: |rates, clock| on_cluster().clock(clock).build().unwrap().bucket(fresh_prefix(), rates),
    capabilities: [reservations, names, keys, shared, reopening, footprint],
    store: |clock| {
        let store = on_cluster().clock(clock).build().unwrap();
        move |key: &str, rates: Rates| store.bucket(key, rates)
    },
    footprint: |rates, clock| {
        let prefix = fresh_prefix();
        let store = on_cluster().prefix(prefix.clone()).clock(clock).build().unwrap();
        (store.bucket("key", rates), move || stored_under(&prefix, shared_cluster().servers()))
    },
}

pyrate_conformance::conformance! {
    name: cluster_on_server_time,
    own_time: |rates| on_cluster().build().unwrap().bucket(fresh_prefix(), rates),
    capabilities: [reservations, names, keys, shared, reopening],
    store: |_clock| {
        let store = on_cluster().build().unwrap();
        move |key: &str, rates: Rates| store.bucket(key, rates)
    },
}

fn on(clock: ManualClock) -> RedisStore {
    builder().clock(clock).build().unwrap()
}

fn shared_valkey() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::of(support::valkey::program(), &[]))
}

fn on_valkey() -> RedisStoreBuilder {
    RedisStore::builder(shared_valkey().url()).prefix(fresh_prefix())
}

fn shared_cluster() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(Cluster::start)
}

fn on_cluster() -> RedisStoreBuilder {
    RedisStore::builder(shared_cluster().url()).prefix(fresh_prefix())
}

/// A bucket, and a switch that cuts it off from its server, or loses the server's answers.
fn faulty(rates: Rates, clock: ManualClock) -> (RedisBucket, impl Fn(Option<Outcome>)) {
    let proxy = Proxy::before(shared().port());
    let store = RedisStore::builder(proxy.url()).prefix(fresh_prefix()).clock(clock);
    let store = store.command_timeout(Duration::from_millis(200)).build().unwrap();
    let bucket = store.bucket("key", rates);
    let probe = bucket.clone();
    let switch = move |outcome: Option<Outcome>| {
        proxy.swallow(outcome == Some(Outcome::Unknown));
        proxy.refuse(outcome == Some(Outcome::NotRecorded));
        if outcome.is_none() {
            // Whatever came from before the repair must not be taken for an answer.
            proxy.cut();
        }
        if outcome == Some(Outcome::Unknown) {
            // A line that is silent for long is given up; then nothing would be sent.
            return;
        }
        while probe.count().err().map(|error| error.outcome()) != outcome {
            thread::sleep(Duration::from_millis(2));
        }
    };
    (bucket, switch)
}
