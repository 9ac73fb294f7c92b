//! The server has no memory left, and may not evict anything for it.

use pyrate_redis::{
    AbstractBucket, BucketError, Decision, Grant, ManualClock, Outcome, RateItem, Rates,
    RedisBucket, RedisError, RedisStore,
};

use std::time::Duration;

use crate::desk::{ms, source};
use crate::support::chance::Chance;
use crate::support::server::{Reply, Server, Wire};

/// A bucket on a server whose memory is full now and then.
struct Full {
    _server: Server,
    wire: Wire,
    bucket: RedisBucket,
}

/// What a call did, as far as two buckets with the same history must agree.
type Done = Result<Vec<u64>, BucketError>;

impl Full {
    fn new(clock: &ManualClock, rates: &Rates) -> Full {
        let server = Server::with(&["--maxmemory-policy", "noeviction"]);
        let store = RedisStore::builder(server.url()).clock(clock.clone()).build().unwrap();
        let bucket = store.bucket("a", rates.clone());
        Full { wire: server.connect(), _server: server, bucket }
    }

    fn may_hold(&mut self, bytes: u64) {
        let said = self.wire.ask(&["CONFIG", "SET", "maxmemory", &bytes.to_string()]);
        assert_eq!(said, "OK");
    }

    /// All that is stored, byte by byte.
    fn stored(&mut self) -> Vec<(Reply, Reply)> {
        let Reply::List(mut keys) = self.wire.ask_bytes(&[b"KEYS", b"*"]) else { panic!("a list") };
        keys.sort_by_key(Reply::text);
        let mut dump = |key: Reply| {
            let Reply::Text(name) = &key else { panic!("a key") };
            let value = self.wire.ask_bytes(&[b"DUMP", name]);
            (key, value)
        };
        keys.into_iter().map(&mut dump).collect()
    }
}

/// A call, which can be made on two buckets.
#[derive(Debug)]
enum Step {
    Reserve { name: u64, weight: u64, max_delay: Duration },
    Cancel,
    Leak,
    Flush,
    Available,
    Count,
}

impl Step {
    fn next(chance: &mut Chance) -> Step {
        match chance.within(0..=19) {
            0..=10 => Step::Reserve {
                name: chance.within(0..=3),
                weight: chance.within(1..=4),
                max_delay: ms(chance.within(0..=3)),
            },
            11..=14 => Step::Cancel,
            15 => Step::Leak,
            16 if chance.within(0..=3) == 0 => Step::Flush,
            17 => Step::Count,
            _ => Step::Available,
        }
    }

    /// `waiting` are the reservations that this bucket made.
    fn make(&self, bucket: &RedisBucket, waiting: &mut Vec<Grant>) -> Done {
        Ok(match self {
            Step::Reserve { name, weight, max_delay } => {
                let item = RateItem::new(format!("name {name}"), *weight);
                match bucket.reserve(&item, *max_delay)? {
                    Decision::Granted(grant) => {
                        waiting.push(grant);
                        vec![grant.at.as_micros()]
                    }
                    Decision::Denied(_) => Vec::new(),
                }
            }
            Step::Cancel => match waiting.last() {
                Some(last) => {
                    let is_given_back = bucket.cancel(last)?;
                    waiting.pop();
                    vec![u64::from(is_given_back)]
                }
                None => Vec::new(),
            },
            Step::Leak => vec![bucket.leak(None)?],
            Step::Flush => bucket.flush().map(|()| Vec::new())?,
            Step::Available => vec![bucket.available()?],
            Step::Count => vec![bucket.count()?],
        })
    }
}

/// What is refused leaves everything as it was, byte by byte; what is not is decided as on a server with memory.
#[test]
fn where_memory_runs_out_again_and_again_each_call_is_refused_or_made_and_never_half() {
    let rates: Rates = "7/1ms;40/10ms".parse().unwrap();
    let (clock, mut chance) = (ManualClock::new(), Chance::new());
    clock.advance(Duration::from_secs(1));
    let (mut full, twin) = (Full::new(&clock, &rates), Full::new(&clock, &rates));
    let (mut waiting, mut twins, mut refused, mut made) = (Vec::new(), Vec::new(), 0, 0);
    for _ in 0..1_500 {
        clock.advance(chance.micros(0..=300));
        let is_full = chance.within(0..=1) == 0;
        full.may_hold(u64::from(is_full));
        let (step, before) = (Step::next(&mut chance), full.stored());
        match step.make(&full.bucket, &mut waiting) {
            Ok(done) => {
                made += 1;
                assert_eq!(done, step.make(&twin.bucket, &mut twins).unwrap(), "{step:?}");
            }
            Err(error) => {
                refused += 1;
                assert!(matches!(source(&error), RedisError::OutOfMemory(_)), "{error}");
                assert_eq!(error.outcome(), Outcome::NotRecorded);
                assert!(error.is_retryable() && is_full);
                assert_eq!(before, full.stored(), "{step:?}");
            }
        }
    }
    full.may_hold(0);
    assert!(refused > 100 && made > 100, "{refused} calls were refused, {made} made");
    let count = full.bucket.count().unwrap();
    assert_eq!(count, twin.bucket.count().unwrap());
    for index in 0..count {
        assert_eq!(full.bucket.peek(index).unwrap(), twin.bucket.peek(index).unwrap());
    }
}
