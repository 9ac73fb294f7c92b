//! Values read back that hold anything: bytes cut, turned over, doubled or made up, under each of a bucket's keys.
//!
//! Whatever stands there, each call answers or says what is wrong; it never panics or hangs, and the next bucket is served.
//! And what no bucket of ours can be (a part of one, other bytes, another type, under one of its keys) lets no window hold more than its limit, what
//! was granted before included. Values that could be right can't be told from those that are: whoever forges them has what
//! he forged. 250,000 values where `PYRATE_LONG` is set.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and says what it found"
)]

mod support;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use pyrate_conformance::audit;
use pyrate_redis::{
    AbstractBucket, AsyncBucket, BucketError, Decision, ManualClock, Rate, RateItem, Rates,
    RedisBucket, RedisError, Timestamp,
};
use support::server::{Reply, Wire};
use support::{builder, fresh_prefix, shared};
use tokio::runtime::{Builder, Runtime};

type Check = Result<(), TestCaseError>;
type Command = Vec<Vec<u8>>;

const LIMIT: u64 = 9;

/// Keys of a bucket: its string, those who wait, free places, names.
const KEYS: [&str; 4] = ["", ":q", ":p", ":n"];

/// What is done to the value under a key, or to one of its members.
#[derive(Clone, Debug)]
struct Tampering {
    key: usize,
    member: Index,
    with: With,
}

#[derive(Clone, Debug)]
enum With {
    /// Other bytes.
    Bytes(Vec<u8>),
    /// The bytes up to a place, or from there on.
    Front(Index),
    Back(Index),
    /// A bit turned over.
    Turned(Index, u8),
    /// Bytes written over those that stand at a place.
    Over(Index, Vec<u8>),
    /// Another place in line, of those that are sorted.
    Score(f64),
    /// A value of another type.
    OtherType,
}

/// What no bucket of ours is: under one of its keys stands something else, or a part of what stood there.
fn impossible() -> impl Strategy<Value = Tampering> {
    let with = prop_oneof![
        2 => vec(any::<u8>(), 1..300).prop_map(With::Bytes),
        3 => any::<Index>().prop_map(With::Front),
        3 => any::<Index>().prop_map(With::Back),
        1 => Just(With::OtherType),
    ];
    let key = prop_oneof![1 => Just(0), 1 => 1..KEYS.len()];
    (key, any::<Index>(), with).prop_map(|(key, member, with)| Tampering { key, member, with })
}

/// What may stand there, but doesn't.
fn forged() -> impl Strategy<Value = Tampering> {
    let number = prop_oneof![
        3 => vec(any::<u8>(), 1..15),
        1 => Just(vec![0xff; 7]),
        1 => Just(vec![0; 7]),
        1 => Just(vec![0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ];
    let with = prop_oneof![
        4 => (any::<Index>(), 0..8_u8).prop_map(|(place, bit)| With::Turned(place, bit)),
        4 => (any::<Index>(), number).prop_map(|(place, bytes)| With::Over(place, bytes)),
        1 => vec(any::<u8>(), 0..40).prop_map(With::Bytes),
        1 => any::<Index>().prop_map(With::Front),
        1 => any::<Index>().prop_map(With::Back),
        1 => any::<f64>().prop_map(With::Score),
        1 => Just(With::OtherType),
    ];
    let key = prop_oneof![3 => Just(0), 4 => 1..KEYS.len()];
    (key, any::<Index>(), with).prop_map(|(key, member, with)| Tampering { key, member, with })
}

// ---- The bench ----------------------------------------------------------------------------------------------------

/// A bucket, what stands under its keys, and a connection that puts something else there.
struct Bench {
    wire: RefCell<Wire>,
    bucket: RedisBucket,
    clock: ManualClock,
    runtime: Runtime,
    keys: [String; 4],
    whole: Vec<u8>,
    /// Members of the other keys; in sorted ones each is followed by its instant.
    members: [Vec<Vec<u8>>; 3],
    /// What was granted before anything was tampered with.
    granted: Vec<(Timestamp, u64)>,
    /// How often each failure was told.
    failures: RefCell<BTreeMap<String, u64>>,
}

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

impl Bench {
    /// A bucket that is full, with five in line, one of whom has left.
    fn new() -> Bench {
        let (prefix, clock) = (fresh_prefix(), ManualClock::new());
        let store = builder().prefix(prefix.clone()).clock(clock.clone());
        let store = store.command_timeout(Duration::from_secs(20)).build().unwrap();
        let rates = [(3, 100), (LIMIT, 1_000)]
            .map(|(limit, micros)| Rate::new(limit, Duration::from_micros(micros)).unwrap());
        let bucket = store.bucket("key", Rates::new(rates).unwrap());
        let granted = fill(&bucket, &clock);
        let keys = KEYS.map(|key| format!("{prefix}{{key}}{key}"));
        let mut wire = shared().connect();
        let Reply::Text(whole) = wire.ask_bytes(&[b"GET", keys[0].as_bytes()]) else { panic!() };
        let sorted = |key: &String| ["ZRANGE", key, "0", "-1", "WITHSCORES"].map(str::to_owned);
        let listed = ["LRANGE", &keys[3], "0", "-1"].map(str::to_owned).to_vec();
        let asked = [sorted(&keys[1]).to_vec(), sorted(&keys[2]).to_vec(), listed];
        let members = asked.map(|words| members(&mut wire, &words));
        assert!(members.iter().all(|members| !members.is_empty()), "each key is in use");
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (wire, failures) = (RefCell::new(wire), RefCell::default());
        Bench { wire, bucket, clock, runtime, keys, whole, members, granted, failures }
    }

    /// What puts everything back as it was.
    fn restored(&self) -> Vec<Command> {
        let words = |words: &[&[u8]]| words.iter().map(|word| word.to_vec()).collect::<Command>();
        let [string, queue, places, names] = self.keys.each_ref().map(String::as_bytes);
        let mut commands = vec![
            words(&[b"DEL", string, queue, places, names]),
            words(&[b"SET", string, &self.whole]),
        ];
        for (key, members) in [queue, places].into_iter().zip(&self.members) {
            let (pairs, _) = members.as_chunks::<2>();
            commands.extend(pairs.iter().map(|[member, at]| words(&[b"ZADD", key, at, member])));
        }
        let names = self.members[2].iter().map(|name| words(&[b"RPUSH", names, name]));
        commands.extend(names);
        commands
    }

    /// What does it; nothing where it can't be done to that key.
    fn tampered(&self, Tampering { key, member, with }: &Tampering) -> Vec<Command> {
        let name = self.keys[*key].clone().into_bytes();
        let word = |text: &str| text.as_bytes().to_vec();
        if matches!(with, With::OtherType) {
            let other = vec![word("HSET"), name.clone(), word("a"), word("b")];
            return vec![vec![word("DEL"), name], other];
        }
        let stride = if *key == 3 { 1 } else { 2 };
        let Some(members) = key.checked_sub(1).map(|key| &self.members[key]) else {
            let changed = changed(&self.whole, with);
            return changed.map(|bytes| vec![word("SET"), name, bytes]).into_iter().collect();
        };
        let number = member.index(members.len() / stride);
        let stands = &members[number * stride];
        let changed = changed(stands, with);
        if *key == 3 {
            let index = word(&number.to_string());
            let set = changed.map(|bytes| vec![word("LSET"), name, index, bytes]);
            return set.into_iter().collect();
        }
        let score = match with {
            With::Score(score) if !score.is_nan() => word(&score.to_string()),
            _ => members[number * stride + 1].clone(),
        };
        let removed = vec![word("ZREM"), name.clone(), stands.clone()];
        let bytes = changed.unwrap_or_else(|| stands.clone());
        vec![removed, vec![word("ZADD"), name, score, bytes]]
    }

    /// Has the server execute all of it at once.
    fn execute(&self, commands: &[Command]) {
        const ALL: &str = "local at = 1
            while at <= #ARGV do
              local count = tonumber(ARGV[at])
              redis.call(unpack(ARGV, at + 1, at + count))
              at = at + count + 1
            end";
        let counts: Vec<String> = commands.iter().map(|words| words.len().to_string()).collect();
        let mut asked: Vec<&[u8]> = vec![b"EVAL", ALL.as_bytes(), b"0"];
        for (command, count) in commands.iter().zip(&counts) {
            asked.push(count.as_bytes());
            asked.extend(command.iter().map(Vec::as_slice));
        }
        let answer = self.wire.borrow_mut().ask_bytes(&asked).text();
        assert_eq!(answer, "", "the server refuses what is put there");
    }
}

/// Fills a bucket, has five stand in line, and one of them leave; answers what the others were granted.
fn fill(bucket: &RedisBucket, clock: &ManualClock) -> Vec<(Timestamp, u64)> {
    let mut grants = Vec::new();
    for turn in 0..LIMIT + 5 {
        clock.set(at(1_000 + turn * 30));
        let name = ["a", "b", &"c".repeat(80)][usize::try_from(turn % 3).unwrap()].to_owned();
        let item = RateItem::new(name, 1);
        let granted = AbstractBucket::reserve(bucket, &item, Duration::MAX).unwrap();
        let Decision::Granted(grant) = granted else { panic!("denied") };
        grants.push(grant);
    }
    assert!(AbstractBucket::cancel(bucket, &grants.swap_remove(grants.len() - 3)).unwrap());
    grants.iter().map(|grant| (grant.at, grant.weight)).collect()
}

fn members(wire: &mut Wire, words: &[String]) -> Vec<Vec<u8>> {
    let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
    let Reply::List(members) = wire.ask_bytes(&words) else { panic!("a list") };
    let bytes = |member| match member {
        Reply::Text(bytes) => bytes,
        Reply::List(_) => panic!("a member"),
    };
    members.into_iter().map(bytes).collect()
}

fn changed(stands: &[u8], with: &With) -> Option<Vec<u8>> {
    let mut bytes = stands.to_vec();
    let place = |index: &Index| index.index(stands.len().max(1)).min(stands.len());
    match with {
        With::Bytes(other) => return Some(other.clone()),
        // A string of no bytes is none: the server's commands don't tell it from a key that is gone.
        With::Front(index) => bytes.truncate(place(index).max(1)),
        With::Back(index) => drop(bytes.drain(..place(index))),
        With::Turned(index, bit) => *bytes.get_mut(place(index))? ^= 1 << bit,
        With::Over(index, other) => {
            bytes.iter_mut().skip(place(index)).zip(other).for_each(|(byte, new)| *byte = *new);
        }
        With::Score(_) | With::OtherType => return None,
    }
    Some(bytes)
}

// ---- What must hold -----------------------------------------------------------------------------------------------

impl Bench {
    /// Makes every call at two instants. An answer is passed on; an error must say that the value is wrong.
    async fn call_all(&self, granted: &mut Vec<(Timestamp, u64)>) -> Check {
        let (one, two, three) =
            (RateItem::new("b", 1), RateItem::new("b", 2), RateItem::new("a", 3));
        let bucket = &self.bucket;
        for later in [0, 650] {
            self.clock.set(at(1_500 + later));
            // They are sent together, and decided one after the other.
            let (count, available, waiting, newest, further, at_once, leaver, waiter, leaked) = tokio::join!(
                bucket.count_async(),
                bucket.available_async(),
                bucket.waiting_async(&three),
                bucket.peek_async(0),
                bucket.peek_async(7),
                bucket.reserve_async(&one, Duration::ZERO),
                bucket.reserve_async(&two, Duration::MAX),
                bucket.reserve_async(&three, Duration::MAX),
                bucket.leak_async(None),
            );
            self.fine(count)?;
            self.fine(available)?;
            self.fine(waiting)?;
            self.fine(newest)?;
            self.fine(further)?;
            self.fine(leaked)?;
            for (reserved, leaves) in [(at_once, false), (leaver, true), (waiter, false)] {
                let Some(Decision::Granted(grant)) = self.fine(reserved)? else { continue };
                let is_gone = leaves && self.fine(bucket.cancel_async(&grant).await)? == Some(true);
                granted.extend((!is_gone).then_some((grant.at, grant.weight)));
            }
        }
        self.fine(bucket.flush_async().await).map(|_| ())
    }

    fn fine<T: Debug>(&self, answer: Result<T, BucketError>) -> Result<Option<T>, TestCaseError> {
        let error = match answer {
            Ok(answer) => return Ok(Some(answer)),
            Err(error) => error,
        };
        let cause = error.source().and_then(<dyn Error>::downcast_ref::<RedisError>);
        // An answer that makes no sense is one whose sums come out as nothing that the script could mean.
        let says_so = matches!(
            cause,
            Some(
                RedisError::WrongType
                    | RedisError::Corrupt(_)
                    | RedisError::OtherVersion { .. }
                    | RedisError::Answer(_)
            )
        );
        let kind = cause.map(|cause| format!("{cause:?}")).unwrap_or_default();
        let kind = kind.split('(').next().unwrap_or_default().to_owned();
        *self.failures.borrow_mut().entry(kind).or_default() += 1;
        prop_assert!(says_so, "{:?}", error);
        prop_assert!(!error.is_retryable(), "{:?}", error);
        Ok(None)
    }
}

/// Which grants must be within the rates after values were tampered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audited {
    All,
    Nothing,
}

/// Puts the values there, one under each key at most, and makes every call. Answers how many were changed.
fn play(bench: &Bench, tamperings: &[Tampering], audited: Audited) -> Result<u64, TestCaseError> {
    let mut commands = bench.restored();
    let kept: BTreeMap<usize, &Tampering> =
        tamperings.iter().map(|tampering| (tampering.key, tampering)).collect();
    let mut count = 0;
    for changes in kept.values().map(|tampering| bench.tampered(tampering)) {
        count += u64::from(!changes.is_empty());
        commands.extend(changes);
    }
    bench.execute(&commands);
    let (mut granted, start) = (bench.granted.clone(), Instant::now());
    bench.runtime.block_on(bench.call_all(&mut granted))?;
    prop_assert!(start.elapsed() < Duration::from_secs(10), "it hung for {:?}", start.elapsed());
    if audited == Audited::All {
        let found = audit(AbstractBucket::rates(&bench.bucket), &granted);
        prop_assert!(found.is_empty(), "wrong grants: {:?} of {:?}", found, granted);
    }
    Ok(count)
}

/// Tampers until so many values were read.
fn tamper_with(what: &str, one: impl Strategy<Value = Tampering>, most: usize, audited: Audited) {
    let wanted: u64 = if std::env::var_os("PYRATE_LONG").is_some() { 125_000 } else { 3_000 };
    let (bench, values, read) = (Bench::new(), vec(one, 1..=most), Cell::new(0));
    while read.get() < wanted {
        let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
        let played = TestRunner::new(config).run(&values, |tamperings| {
            read.set(read.get() + play(&bench, &tamperings, audited)?);
            Ok(())
        });
        if let Err(failure) = played {
            panic!("{what}: {failure}");
        }
    }
    println!("{what}: {} values; {:?}", read.get(), bench.failures.borrow());
}

#[test]
fn what_no_bucket_can_be_is_an_error_or_denied_and_never_a_wrong_grant() {
    tamper_with("impossible", impossible(), 1, Audited::All);
}

#[test]
fn what_was_forged_on_the_server_is_an_answer_or_an_error_and_never_a_hang() {
    tamper_with("forged", forged(), 3, Audited::Nothing);
}

/// The bytes of a bucket, with others written over those that end so far from its end.
fn forged_at(bench: &Bench, from_end: usize, bytes: &[u8]) {
    let (mut whole, key) = (bench.whole.clone(), bench.keys[0].clone().into_bytes());
    let place = whole.len() - from_end;
    whole[place..place + bytes.len()].copy_from_slice(bytes);
    bench.execute(&[vec![b"SET".to_vec(), key, whole]]);
}

/// The server once counted up to it, and stood still for minutes, for everybody.
#[test]
fn a_forged_count_of_those_who_wait_or_of_pages_does_not_keep_the_server_busy() {
    let (bench, start) = (Bench::new(), Instant::now());
    let fixed = 62;
    forged_at(&bench, fixed - 28, &[0xff; 4]);
    bench.fine(AbstractBucket::peek(&bench.bucket, 1_000_000)).unwrap();
    // Behind the cold part's first two numbers, of 41 bytes before two gauges of 14.
    forged_at(&bench, fixed + 2 * 14 + 41 - 14, &[0x7f, 0xff, 0xff, 0xff, 0xf0, 0]);
    bench.fine(AbstractBucket::flush(&bench.bucket)).unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
}

#[test]
fn an_untouched_bucket_answers_every_call() {
    let bench = Bench::new();
    assert_eq!(play(&bench, &[], Audited::All).unwrap(), 0);
    assert!(bench.failures.borrow().is_empty());
}
