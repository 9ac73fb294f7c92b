//! A throwaway server with a store and a peer on it, and buckets that already hold a number of grants.

use std::time::Duration;

use pyrate_redis::{
    AbstractBucket, ManualClock, Rate, RateItem, RedisBucket, RedisStore, Timestamp,
};

use crate::callers::from_tasks;
use crate::peer::Peer;
use crate::server::{Reply, Server};

/// From one stored grant to the next.
pub(crate) const STEP: Duration = Duration::from_micros(1_000);

/// As many units as a bucket may hold in an hour: nothing is denied.
pub(crate) const PLENTY: u64 = (1 << 53) - 1;

/// The interval of most rates here, in microseconds.
pub(crate) const HOUR: i64 = 3_600_000_000;

macro_rules! text {
    ($($part:literal)*) => {
        concat!($(include_str!(concat!("../../src/script/lua/", $part, ".lua"))),*)
    };
}

const RESERVE: &str = text!("load" "quick" "marks" "room" "spot" "names" "line" "change" "reserve");

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
    /// By the script itself, many items a call: one by one, a million would take long.
    pub(crate) fn filled(&self, key: &str, stored: u64) -> RedisBucket {
        let bucket = self.store.bucket(key, Rate::per_hour(PLENTY));
        let redis_key = format!("pyrate:{{{key}}}");
        let hour = 3_600_000_000;
        let common = [vec![0], seven([hour, 1_000_000, hour, PLENTY])].concat();
        let mut wire = self.server.connect();
        let Reply::Text(sha) = wire.ask_bytes(&[b"SCRIPT", b"LOAD", RESERVE.as_bytes()]) else {
            panic!("a name")
        };
        let step = u64::try_from(STEP.as_micros()).unwrap();
        let first = bucket.now().unwrap().as_micros() - stored * step + step;
        let item = |number| [vec![1], seven([1, 0, first + number * step])].concat();
        let items: Vec<Vec<u8>> = (0..stored).map(item).collect();
        for items in items.chunks(500) {
            let mut words: Vec<&[u8]> = vec![b"EVALSHA", &sha, b"1", redis_key.as_bytes(), &common];
            words.extend(items.iter().map(Vec::as_slice));
            assert!(matches!(wire.ask_bytes(&words), Reply::List(_)));
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
    pub(crate) fn sorted_set_bytes(&self, grants: u64) -> f64 {
        self.server.ask("FLUSHALL");
        from_tasks(64, grants, |_, times| {
            let peer = self.peer.clone();
            async move {
                for _ in 0..times {
                    assert!(peer.sorted_set("sorted", 1, &[(HOUR, i64::MAX)]).await);
                }
            }
        });
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

#[expect(clippy::cast_precision_loss, reason = "counts fit a float")]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

fn seven<const N: usize>(numbers: [u64; N]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes().into_iter().skip(1)).collect()
}
