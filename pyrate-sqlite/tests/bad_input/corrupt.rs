//! Files that are no databases, or not whole ones.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pyrate_sqlite::{
    AbstractBucket, BucketError, Decision, ManualClock, Rate, RateItem, SqliteBucket, SqliteError,
    SqliteStore,
};

use crate::desk::{at, bucket, cause, holds_its_limit};
use crate::files::File;

#[test]
fn a_file_that_is_something_else_is_no_database_and_stays_as_it_was() {
    let file = File::new();
    let text = "This is a letter, and longer than the hundred bytes of a header. ".repeat(100);
    for content in [text.as_bytes(), &[0; 4096], &text.as_bytes()[..120]] {
        fs::write(file.path(), content).unwrap();
        let error = SqliteStore::open(file.path()).unwrap_err();
        assert!(matches!(error, SqliteError::NotADatabase(_)), "{error:?}");
        assert_eq!(fs::read(file.path()).unwrap(), content);
    }
}

#[test]
fn an_empty_file_becomes_a_database() {
    let file = File::new();
    fs::write(file.path(), "").unwrap();
    holds_its_limit(&bucket(&file));
}

#[test]
fn a_file_that_was_cut_off_is_an_error_or_right_but_never_a_wrong_grant() {
    let (file, whole) = filled();
    for kept in (0..whole.len()).step_by(512).chain([1, 15, 16, 17, 99, 100, 101]) {
        fs::write(file.path(), &whole[..kept]).unwrap();
        // To SQLite, a file of a byte is as empty as one of none.
        try_all(&file.path(), kept as u64, if kept <= 1 { EMPTY } else { FULL });
    }
}

#[test]
fn a_file_with_flipped_bytes_is_an_error_or_within_its_limit() {
    let (file, whole) = filled();
    let rounds = if std::env::var_os("PYRATE_LONG").is_some() { 1_000 } else { 200 };
    for seed in 0..rounds {
        let mut bytes = whole.clone();
        let mut random = Random(seed * 7_919 + 1);
        for _ in 0..=random.below(8) {
            let place = random.below(bytes.len() as u64);
            bytes[usize::try_from(place).unwrap()] ^= 1 << random.below(8);
        }
        fs::write(file.path(), &bytes).unwrap();
        // A bit of a key makes another bucket of it, and what is called by its old name is empty. So each bucket may grant
        // its limit once more, and not a unit above it.
        try_all(&file.path(), seed, EMPTY);
    }
}

#[test]
fn a_file_with_a_page_of_zeros_is_an_error_or_within_its_limit() {
    let (file, whole) = filled();
    for page in 1..whole.len() / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0);
        fs::write(file.path(), &bytes).unwrap();
        try_all(&file.path(), page as u64, FULL);
    }
}

#[test]
fn a_whole_file_is_full_and_a_new_bucket_is_empty() {
    let (file, _) = filled();
    let store = SqliteStore::builder(file.path()).clock(FixedClock).build().unwrap();
    for (key, right) in [("a", FULL), ("b", FULL), ("c", FULL), ("new", EMPTY)] {
        assert_eq!(try_bucket(&store.bucket(key, rate()), 0), right, "{key}");
    }
}

const LIMIT: u64 = 500;

/// What a bucket grants within one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Granted {
    at_once: u64,
    /// How long the next one waits, if it was not refused.
    next: Option<Duration>,
}

/// The buckets of the whole file: of those who came when it was full 26 wait, so the next one goes a second after the 27th.
const FULL: Granted =
    Granted { at_once: 0, next: Some(Duration::from_micros(1_000_000 + 27 - 540)) };
/// Buckets of which nobody knows.
const EMPTY: Granted = Granted { at_once: LIMIT, next: Some(Duration::from_secs(1)) };

/// A file with some of everything in it: three buckets, reservations, free places, names.
fn filled() -> (File, Vec<u8>) {
    let file = File::new();
    let clock = ManualClock::new();
    let store = SqliteStore::builder(file.path()).clock(clock.clone()).build().unwrap();
    for key in ["a", "b", "c"] {
        let bucket = store.bucket(key, rate());
        for turn in 1..LIMIT + 40 {
            clock.set(at(turn));
            let item = RateItem::new(["x", "y", "a"][usize::try_from(turn % 3).unwrap()], 1);
            let decision = bucket.reserve(&item, Duration::MAX).unwrap();
            let Decision::Granted(grant) = decision else { unreachable!("patience has no end") };
            if turn > LIMIT && turn % 3 == 0 {
                assert!(bucket.cancel(&grant).unwrap() || turn % 2 == 0);
            }
        }
    }
    drop(store);
    file.execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
    let whole = fs::read(file.path()).unwrap();
    (file, whole)
}

fn rate() -> Rate {
    Rate::new(LIMIT, Duration::from_secs(1)).unwrap()
}

/// Calls all there is; each answer is a typed error, or no more than any window holds: the buckets in the file may grant
/// `most`.
fn try_all(path: &Path, seed: u64, most: Granted) {
    let store = SqliteStore::builder(path).clock(FixedClock).busy_timeout(Duration::ZERO).build();
    let Ok(store) = store else { return remove_companions(path) };
    for key in ["a", "b", "new"] {
        let bucket = store.bucket(key, rate());
        let most = if key == "new" { EMPTY } else { most };
        let granted = try_bucket(&bucket, seed);
        assert!(granted.at_once <= most.at_once, "{key}: {granted:?}, with seed {seed}");
        // Whoever waits for an instant that a full bucket has not free has been granted too much, too.
        let is_early = most == FULL && granted.next.is_some_and(|next| Some(next) < FULL.next);
        assert!(!is_early, "{key}: {granted:?}, with seed {seed}");
    }
    let keyed = store.keyed(rate());
    let _ = pyrate_sqlite::BucketFactory::leak(&keyed).inspect_err(is_typed);
    pyrate_sqlite::BucketFactory::buckets(&keyed);
    drop((keyed, store));
    remove_companions(path);
}

/// Asks for half the limit a few times, for single units until one is refused, and for a place in line.
fn try_bucket(bucket: &SqliteBucket, seed: u64) -> Granted {
    let _ = bucket.count().inspect_err(is_typed);
    let _ = bucket.peek(seed % 700).inspect_err(is_typed);
    let _ = bucket.available().inspect_err(is_typed);
    let reserve = |weight, most| {
        let answer = bucket.reserve(&RateItem::new("x", weight), most).inspect_err(is_typed);
        match answer {
            Ok(Decision::Granted(grant)) => Some(grant),
            _ => None,
        }
    };
    let mut at_once = 0;
    for _ in 0..4 {
        at_once += reserve(LIMIT / 2, Duration::ZERO).map_or(0, |grant| grant.weight);
    }
    while at_once <= 4 * LIMIT && reserve(1, Duration::ZERO).is_some() {
        at_once += 1;
    }
    let next = reserve(1, Duration::MAX).map(|grant| grant.delay);
    let _ = bucket.leak(None).inspect_err(is_typed);
    Granted { at_once, next }
}

fn is_typed(error: &BucketError) {
    let cause = cause(error);
    assert!(!matches!(cause, SqliteError::Panicked | SqliteError::Busy { .. }), "{cause:?}");
}

/// What a store left behind of a file that it didn't understand.
fn remove_companions(path: &Path) {
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut companion = path.to_owned().into_os_string();
        companion.push(suffix);
        let _ = fs::remove_file(companion);
    }
}

/// The instant of the last call on the whole file.
#[derive(Debug)]
struct FixedClock;

impl pyrate_sqlite::Clock for FixedClock {
    fn now(&self) -> Result<pyrate_sqlite::Timestamp, BucketError> {
        Ok(at(LIMIT + 40))
    }
}

/// Numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        // Knuth's multiplier (MMIX); the upper half is random enough.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
