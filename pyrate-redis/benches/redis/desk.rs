//! A throwaway server with a store and a peer on it, and buckets that already hold a number of grants.

use std::time::Duration;

use pollster::block_on;
use pyrate_redis::{
    AbstractBucket, AsyncBucket, KeyedRedis, ManualClock, Rate, RateItem, RedisBucket, RedisStore,
    Timestamp,
};

use crate::peer::Peer;
use crate::server::{Reply, Server};

/// From one stored grant to the next.
pub(crate) const STEP: Duration = Duration::from_micros(1_000);

/// How many tasks fill a bucket together.
const AT_ONCE: usize = 512;

/// As many units as a bucket may hold in an hour: nothing is denied.
pub(crate) const PLENTY: u64 = (1 << 53) - 1;

/// The interval of most rates here, in microseconds.
pub(crate) const HOUR: i64 = 3_600_000_000;

pub(crate) struct Desk {
    pub(crate) server: Server,
    pub(crate) store: RedisStore,
    pub(crate) peer: Peer,
}

impl Desk {
    pub(crate) fn new() -> Desk {
        let server = Server::start();
        let store = RedisStore::builder(server.url()).command_timeout(Duration::from_secs(10));
        let (store, peer) = (store.build().unwrap(), Peer::connect(&server.url()));
        Desk { server, store, peer }
    }

    /// A bucket of an hour that holds so many grants, one a step, the last one now, with room for more.
    ///
    /// By tasks at once, whose calls share round trips: one by one, a million would take long.
    pub(crate) fn filled(&self, key: &str, stored: u64) -> RedisBucket {
        let bucket = self.store.bucket(key, Rate::per_hour(PLENTY));
        let step = u64::try_from(STEP.as_micros()).unwrap();
        let last = bucket.now().unwrap().as_micros();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for start in (0..stored).step_by(AT_ONCE) {
            let ends =
                (start..stored.min(start + AT_ONCE as u64)).map(|number| stored - 1 - number);
            let puts = ends.map(|steps| put_at(bucket.clone(), last - steps * step));
            runtime.block_on(async {
                for task in puts.map(tokio::spawn).collect::<Vec<_>>() {
                    task.await.unwrap();
                }
            });
        }
        assert_eq!(bucket.count().unwrap(), stored);
        bucket
    }

    /// A filled bucket on a clock that stands still, without room: the next unit fits a step later.
    pub(crate) fn full(&self, key: &str, stored: u64) -> (RedisBucket, ManualClock) {
        let filled = self.filled(key, stored);
        let last = filled.peek(0).unwrap().unwrap().timestamp.unwrap();
        let clock = ManualClock::new();
        clock.set(Timestamp::from_micros(last.as_micros()));
        let store = RedisStore::builder(self.server.url()).clock(clock.clone()).build().unwrap();
        let rate = Rate::new(stored, STEP * u32::try_from(stored).unwrap()).unwrap();
        (store.bucket(key, rate), clock)
    }

    /// Buckets that hold a grant each: the first one's, copied on the server; one by one, a million would take long.
    pub(crate) fn with_names(&self, count: u32) -> KeyedRedis {
        const COPY: &str = "local value, life = redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1]) \
             for n = ARGV[1], ARGV[2] do redis.call('SET', 'pyrate:{name-' .. n .. '}', value, 'PX', life) end";
        let rate = Rate::per_hour(PLENTY);
        let bucket = |number| self.store.bucket(name(number), rate);
        assert!(bucket(0).put(&RateItem::new(name(0), 1)).unwrap().is_granted());
        let mut wire = self.server.connect();
        // Not all at once, or the server would answer nobody for seconds.
        for first in (1..count).step_by(50_000) {
            let last = count.min(first + 50_000) - 1;
            let numbers = [first, last].map(|number| number.to_string());
            wire.ask(&["EVAL", COPY, "1", "pyrate:{name-0}", &numbers[0], &numbers[1]]);
        }
        assert_eq!(bucket(count - 1).count().unwrap(), 1);
        self.store.keyed(rate)
    }

    /// Bytes a grant that a bucket takes on the server, with all its keys.
    ///
    /// From one caller: grants that share a trip share an instant, and so a mark.
    pub(crate) fn bytes_a_grant(&self, grants: u64, weight: u64, name: fn(u64) -> String) -> f64 {
        self.server.ask("FLUSHALL");
        let bucket = self.store.bucket("bytes", Rate::per_day(PLENTY));
        for number in 0..grants {
            let item = RateItem::new(name(number), weight);
            assert!(bucket.put(&item).unwrap().is_granted());
        }
        self.all_bytes() / float(grants)
    }

    /// The same of a sorted set, whose members are made of a short name and a number.
    pub(crate) fn sorted_set_bytes(&self, grants: u64, weight: u64) -> f64 {
        self.server.ask("FLUSHALL");
        for _ in 0..grants {
            assert!(block_on(self.peer.sorted_set("sorted", weight, &[(HOUR, i64::MAX)])));
        }
        self.all_bytes() / float(grants)
    }

    fn all_bytes(&self) -> f64 {
        let mut wire = self.server.connect();
        let Reply::List(keys) = wire.ask_bytes(&[b"KEYS", b"*"]) else { panic!("a list") };
        let usage = |key: &Reply| -> f64 {
            let key = key.text();
            wire.ask(&["MEMORY", "USAGE", &key, "SAMPLES", "0"]).parse().unwrap()
        };
        keys.iter().map(usage).sum()
    }
}

/// What the bucket of that number is called.
pub(crate) fn name(number: u32) -> String {
    format!("name-{number}")
}

#[expect(clippy::cast_precision_loss, reason = "counts fit a float")]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

async fn put_at(bucket: RedisBucket, instant: u64) {
    let stamp = Some(Timestamp::from_micros(instant));
    let item = RateItem { timestamp: stamp, ..RateItem::new(String::from(bucket.key()), 1) };
    assert!(bucket.put_async(&item).await.unwrap().is_granted());
}
