//! All faults at random, while threads and tasks of two stores reserve and give back through the proxy, and one connection
//! beside it sees what is charged in truth.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use pyrate_redis::{AbstractBucket, BucketError, RateItem, Rates, RedisBucket, RedisStore};

use crate::TIMEOUT;
use crate::crew;
use crate::support::chance::Chance;
use crate::support::proxy::{Fault, Proxy};
use crate::support::{fresh_prefix, shared};

/// The last rate forgets nothing while the test runs: by it all units that were ever charged can be counted.
fn rates() -> Rates {
    "20/50ms;200/s;700000/hour".parse().unwrap()
}

fn time() -> Duration {
    Duration::from_secs(if std::env::var_os("PYRATE_LONG").is_some() { 60 } else { 5 })
}

#[test]
fn faults_at_every_place_under_load_charge_nobody_twice_and_wedge_nothing() {
    let (proxy, prefix) = (Proxy::before(shared().port()), fresh_prefix());
    let open = |url: String, timeout| {
        let builder = RedisStore::builder(url).prefix(prefix.clone()).command_timeout(timeout);
        // A connection that falls silent while it is made is given up after that.
        let builder = builder.connection_timeout(timeout);
        builder.build().unwrap().bucket("shared", rates())
    };
    let control = open(shared().url(), Duration::from_secs(10));
    let (first, second) = (open(proxy.url(), TIMEOUT), open(proxy.url(), TIMEOUT));
    let mut chance = Chance::new();
    let harvest = crew::harvest(chance.next(), &first, &second, || {
        let start = Instant::now();
        while start.elapsed() < time() {
            disturb(&proxy, &mut chance);
            assert!(control.count().is_ok(), "what is beside the proxy is not disturbed");
        }
        proxy.relent();
    });
    // What is on its way comes to its end, whatever that is.
    thread::sleep(2 * TIMEOUT);
    harvest.check(&rates(), &charged(&control));
    assert!(harvest.failures.len() >= 3, "too little was disturbed");
    for bucket in [&first, &second] {
        // A line that fell silent just now is given up once calls have waited for it in vain.
        let failures = (0..6).take_while(|_| bucket.count().is_err()).count();
        assert!(failures <= 3, "{failures}");
        every_call(bucket).unwrap();
    }
}

/// The units that are charged, by name.
fn charged(bucket: &RedisBucket) -> HashMap<String, u64> {
    let mut units = HashMap::new();
    for index in 0..bucket.count().unwrap() {
        let unit = bucket.peek(index).unwrap().unwrap();
        *units.entry(unit.name.into_owned()).or_default() += 1;
    }
    units
}

fn disturb(proxy: &Proxy, chance: &mut Chance) {
    match chance.within(0..=15) {
        0 => proxy.strike(Fault::Vanish),
        1 => {
            proxy.refuse(true);
            thread::sleep(chance.micros(0..=400_000));
            proxy.refuse(false);
        }
        2 => proxy.cut(),
        3..=5 => proxy.strike(Fault::LateRequest(chance.micros(0..=400_000))),
        6..=8 => proxy.strike(Fault::LateReply(chance.micros(0..=400_000))),
        9 | 10 => proxy.strike(Fault::CutBeforeRequest),
        11 => proxy.strike(Fault::CutInRequest),
        12 | 13 => proxy.strike(Fault::CutBeforeReply),
        _ => proxy.strike(Fault::CutInReply),
    }
    thread::sleep(chance.micros(0..=100_000));
}

fn every_call(bucket: &RedisBucket) -> Result<(), BucketError> {
    let item = RateItem::new("afterwards", 1);
    bucket.now()?;
    bucket.waiting(&item)?;
    bucket.leak(None)?;
    bucket.available()?;
    bucket.peek(0)?;
    let _ = bucket.reserve(&item, Duration::ZERO)?;
    bucket.count().map(|_| ())
}
