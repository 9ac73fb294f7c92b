//! Rows read back that hold hostile values: any number, text, or bytes, cut short or with bits turned over.
//!
//! Whatever stands there, each call answers or says that the file is corrupt; it never panics or hangs. And what no row of
//! ours can hold (a negative or enormous number, another type, bytes cut short) lets no window hold more than its limit,
//! what was granted before included. Values that could be right can't be told from those that are: whoever forges them
//! has what he forged. 10^6 values where `PYRATE_LONG` is set.

#![cfg(test)]

use std::cell::Cell;
use std::error::Error;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use pyrate_conformance::audit;
use pyrate_sqlite::rusqlite::types::Value;
use pyrate_sqlite::rusqlite::{Connection, OpenFlags, params};
use pyrate_sqlite::{
    AbstractBucket, BucketError, Decision, ManualClock, Rate, RateItem, Rates, SqliteBucket,
    SqliteError, SqliteStore, Timestamp,
};

type Check = Result<(), TestCaseError>;

/// The tables: how a row of each is told from the others, and the columns.
const TABLES: [(&str, &str, &[&str]); 6] = [
    (
        "pyrate",
        "key",
        &[
            "key",
            "id",
            "keep",
            "seen",
            "first",
            "next",
            "dropped",
            "total",
            "last_at",
            "waiting",
            "next_due",
            "places",
            "named",
            "forgotten",
            "runs",
            "name",
            "last_id",
            "cursors",
        ],
    ),
    ("pyrate_log", "number", &["bucket", "number", "at", "total"]),
    ("pyrate_queue", "id", &["bucket", "at", "id", "weight", "name"]),
    ("pyrate_places", "at", &["bucket", "at", "units"]),
    ("pyrate_names", "start", &["bucket", "start", "name"]),
    ("pyrate_store", "one", &["last_bucket", "seen", "last_id"]),
];

/// A value that is put into a cell.
#[derive(Clone, Debug)]
struct Tampering {
    table: usize,
    column: usize,
    row: u8,
    with: With,
}

#[derive(Clone, Debug)]
enum With {
    Value(Value),
    /// What stands there, by so much more or less.
    Beside(i64),
    /// The first bytes of what stands there.
    Cut(u8),
    /// What stands there, with these bits turned over.
    Turned(u16),
}

fn tamperings(with: impl Strategy<Value = With>) -> impl Strategy<Value = Vec<Tampering>> {
    let cell = |(table, column): (usize, usize)| (table, column % TABLES[table].2.len());
    let cursors = TABLES[0].2.len() - 1;
    let cell = prop_oneof![
        2 => Just((0, cursors)),
        3 => (Just(0), 0..cursors),
        6 => (1..TABLES.len(), 0..20_usize).prop_map(cell),
    ];
    let one = (cell, 0..20_u8, with).prop_map(|((table, column), row, with)| Tampering {
        table,
        column,
        row,
        with,
    });
    vec(one, 1..4)
}

/// What no row of ours holds.
fn impossible() -> impl Strategy<Value = With> {
    let ends = [i64::MIN, i64::MIN + 1, -1, 1 << 53, 1 << 60, (1 << 62) + 1, i64::MAX];
    let integer = prop_oneof![select(ends.to_vec()), i64::MIN..0, 1_i64 << 53..=i64::MAX]
        .prop_map(Value::Integer);
    // Not only bytes of a wrong length: cursors are triples of eight bytes each, and every number there is wrong.
    let triples = vec(1_u64 << 53..=u64::MAX, 3..9);
    let triples =
        triples.prop_map(|numbers| numbers.into_iter().flat_map(u64::to_be_bytes).collect());
    let bytes = prop_oneof![vec(any::<u8>(), 1..24), triples].prop_map(Value::Blob);
    // Text that looks like a number is one: SQLite turns it into that where a column wants it.
    let text = "x.{0,20}".prop_map(Value::Text);
    let real =
        any::<f64>().prop_filter("a fraction", |real| real.fract() != 0.0).prop_map(Value::Real);
    prop_oneof![
        8 => prop_oneof![3 => integer, 2 => bytes, 1 => text, 1 => real].prop_map(With::Value),
        2 => any::<u8>().prop_map(With::Cut),
    ]
}

/// What may stand there, but doesn't.
fn forged() -> impl Strategy<Value = With> {
    let integer = prop_oneof![Just(0), Just((1 << 53) - 1), 0..3_000_i64, 0_i64..1 << 62];
    let triples = vec(prop_oneof![0..16_u64, 0..2_000_u64, any::<u64>()], 0..9)
        .prop_map(|numbers| numbers.into_iter().flat_map(u64::to_be_bytes).collect());
    prop_oneof![
        3 => integer.prop_map(|number| With::Value(Value::Integer(number))),
        3 => (-3..=3_i64).prop_map(With::Beside),
        2 => triples.prop_map(|bytes: Vec<u8>| With::Value(Value::Blob(bytes))),
        2 => any::<u16>().prop_map(With::Turned),
    ]
}

// ---- The bench ----------------------------------------------------------------------------------------------------

const LIMIT: u64 = 9;

/// A store in memory, and a second connection to it.
struct Bench {
    side: Connection,
    bucket: SqliteBucket,
    clock: ManualClock,
    /// What was granted before anything was tampered with.
    granted: Vec<(Timestamp, u64)>,
}

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

impl Bench {
    /// A bucket that is full, with five in line, one of whom has left; all of it is kept aside.
    fn new(name: &str) -> Bench {
        let uri = format!("file:{name}?mode=memory&cache=shared");
        let flags = OpenFlags::default() | OpenFlags::SQLITE_OPEN_URI;
        let open = || Connection::open_with_flags(&uri, flags).unwrap();
        let (side, clock) = (open(), ManualClock::new());
        side.set_prepared_statement_cache_capacity(100);
        let store = SqliteStore::builder_from_connection(open()).clock(clock.clone());
        let rates = [(3, 100), (LIMIT, 1_000)]
            .map(|(limit, micros)| Rate::new(limit, Duration::from_micros(micros)).unwrap());
        let bucket = store.build().unwrap().bucket("key", Rates::new(rates).unwrap());
        let granted = fill(&bucket, &clock);
        let bench = Bench { side, bucket, clock, granted };
        for (table, _, _) in TABLES {
            let sql = format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}");
            bench.side.execute_batch(&sql).unwrap();
        }
        bench
    }

    /// Puts everything back as it was.
    fn restore(&self) {
        let run = |sql: &str| self.side.prepare_cached(sql).unwrap().execute([]).unwrap();
        run("BEGIN IMMEDIATE");
        for (table, _, _) in TABLES {
            run(&format!("DELETE FROM {table}"));
            run(&format!("INSERT INTO {table} SELECT * FROM kept_{table}"));
        }
        run("COMMIT");
    }

    /// Answers whether the table let it happen.
    fn tamper(&self, Tampering { table, column, row, with }: &Tampering) -> bool {
        let (table, key, columns) = TABLES[*table];
        let (column, rows) = (columns[*column], u64::from(*row));
        let chosen = format!(
            "{key} = (SELECT {key} FROM {table} LIMIT 1 OFFSET {rows} % (SELECT max(1, count(*)) FROM {table}))"
        );
        let read = format!("SELECT {column} FROM {table} WHERE {chosen}");
        let stands: Option<Value> =
            self.side.prepare_cached(&read).unwrap().query_row([], |row| row.get(0)).ok();
        let Some(value) = stands.map(|stands| tampered(stands, with)) else { return false };
        let write = format!("UPDATE OR REPLACE {table} SET {column} = ?1 WHERE {chosen}");
        self.side.prepare_cached(&write).unwrap().execute(params![value]).is_ok()
    }
}

/// Fills a bucket, has five stand in line, and one of them leave; answers what the others were granted.
fn fill(bucket: &SqliteBucket, clock: &ManualClock) -> Vec<(Timestamp, u64)> {
    let mut grants = Vec::new();
    for turn in 0..LIMIT + 5 {
        clock.set(at(1_000 + turn * 30));
        let name = ["a", "b", &"c".repeat(80)][usize::try_from(turn % 3).unwrap()].to_owned();
        let granted = bucket.reserve(&RateItem::new(name, 1), Duration::MAX).unwrap();
        let Decision::Granted(grant) = granted else { unreachable!() };
        grants.push(grant);
    }
    assert!(bucket.cancel(&grants.swap_remove(grants.len() - 3)).unwrap());
    grants.iter().map(|grant| (grant.at, grant.weight)).collect()
}

fn tampered(stands: Value, with: &With) -> Value {
    match (with, stands) {
        (With::Value(value), _) => value.clone(),
        (With::Beside(by), Value::Integer(number)) => Value::Integer(number.wrapping_add(*by)),
        (With::Cut(to), stands) => {
            let mut bytes = bytes(stands);
            bytes.truncate(usize::from(*to) % (bytes.len() + 1));
            Value::Blob(bytes)
        }
        (With::Turned(bits), Value::Integer(number)) => {
            Value::Integer(number ^ i64::from(*bits).rotate_left(u32::from(*bits % 48)))
        }
        (With::Turned(bits), stands) => {
            let mut bytes = bytes(stands);
            let index = usize::from(*bits >> 3) % bytes.len().max(1);
            bytes.iter_mut().skip(index).take(1).for_each(|byte| *byte ^= 1 << (bits & 7));
            Value::Blob(bytes)
        }
        (With::Beside(_), stands) => stands,
    }
}

fn bytes(value: Value) -> Vec<u8> {
    match value {
        Value::Blob(bytes) => bytes,
        Value::Text(text) => text.into_bytes(),
        Value::Integer(number) => number.to_be_bytes().to_vec(),
        Value::Real(number) => number.to_be_bytes().to_vec(),
        Value::Null => Vec::new(),
    }
}

// ---- What must hold -----------------------------------------------------------------------------------------------

/// Makes every call at several instants. An answer is passed on; an error must be that of a corrupt file.
fn call_all(bench: &Bench, granted: &mut Vec<(Timestamp, u64)>) -> Check {
    let Bench { bucket, clock, .. } = bench;
    for later in [0, 650] {
        clock.set(at(1_500 + later));
        fine(bucket.count())?;
        fine(bucket.available())?;
        fine(bucket.waiting(&RateItem::new("a", LIMIT)))?;
        for index in [0, 7] {
            fine(bucket.peek(index))?;
        }
        for (weight, max_delay) in [(1, Duration::ZERO), (2, Duration::MAX), (3, Duration::MAX)] {
            let reserved = fine(bucket.reserve(&RateItem::new("b", weight), max_delay))?;
            let Some(Decision::Granted(grant)) = reserved else { continue };
            let is_gone = weight == 2 && fine(bucket.cancel(&grant))? == Some(true);
            granted.extend((!is_gone).then_some((grant.at, grant.weight)));
        }
        fine(bucket.leak(None))?;
    }
    Ok(())
}

fn fine<T: Debug>(answer: Result<T, BucketError>) -> Result<Option<T>, TestCaseError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => {
            let cause = error.source().and_then(|source| source.downcast_ref::<SqliteError>());
            prop_assert!(matches!(cause, Some(SqliteError::Corrupt(_))), "{:?}", error);
            Ok(None)
        }
    }
}

/// Which grants must be within the rates after rows were tampered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audited {
    All,
    Nothing,
}

/// Answers how many values were put into cells before every call was made.
fn play(bench: &Bench, tamperings: &[Tampering], audited: Audited) -> Result<u64, TestCaseError> {
    bench.restore();
    // A row under another key is a bucket that comes anew: nothing is left to be read.
    let is_kept = |tampering: &&Tampering| TABLES[tampering.table].2[tampering.column] != "key";
    let kept = tamperings.iter().filter(is_kept);
    let read = kept.filter(|tampering| bench.tamper(tampering)).count();
    let (mut granted, start) = (bench.granted.clone(), Instant::now());
    call_all(bench, &mut granted)?;
    prop_assert!(start.elapsed() < Duration::from_secs(10), "it hung for {:?}", start.elapsed());
    if audited == Audited::All {
        let found = audit(AbstractBucket::rates(&bench.bucket), &granted);
        prop_assert!(found.is_empty(), "wrong grants: {:?} of {:?}", found, granted);
    }
    Ok(read as u64)
}

/// Tampers until so many values were read.
fn tamper_with(name: &str, with: impl Strategy<Value = With>, audited: Audited) {
    let wanted = if std::env::var_os("PYRATE_LONG").is_some() { 500_000 } else { 5_000 };
    let (bench, read) = (Bench::new(name), Cell::new(0));
    let values = tamperings(with);
    while read.get() < wanted {
        let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
        let played = TestRunner::new(config).run(&values, |tamperings| {
            read.set(read.get() + play(&bench, &tamperings, audited)?);
            Ok(())
        });
        if let Err(failure) = played {
            panic!("{name}: {failure}");
        }
    }
    println!("{name}: {} values", read.get());
}

#[test]
fn what_no_row_can_hold_is_an_error_or_not_met_and_never_a_wrong_grant() {
    tamper_with("impossible", impossible(), Audited::All);
}

#[test]
fn what_was_forged_is_an_answer_or_an_error_and_never_a_panic() {
    tamper_with("forged", forged(), Audited::Nothing);
}

/// It was once told as a failure that a retry may mend.
#[test]
fn a_run_of_names_that_stands_where_a_new_one_is_to_begin_is_corrupt() {
    let bench = Bench::new("run");
    bench.side.execute_batch("UPDATE pyrate_queue SET weight = 0").unwrap();
    bench.clock.set(at(5_000));
    let error = bench.bucket.reserve(&RateItem::new("d", 1), Duration::ZERO).unwrap_err();
    assert!(!error.is_retryable());
    assert_eq!(fine::<()>(Err(error)).unwrap(), None);
}

/// It was once taken, where a forged total let any number of units seem granted.
#[test]
fn a_place_of_more_units_than_are_ever_charged_is_not_taken_whatever_the_total_says() {
    let bench = Bench::new("place");
    bench.side.execute_batch("UPDATE pyrate SET total = 1 << 60").unwrap();
    bench.side.execute_batch("UPDATE pyrate_places SET units = 1 << 53").unwrap();
    let answer = bench.bucket.reserve(&RateItem::new("b", 3), Duration::MAX);
    assert_eq!(fine(answer).unwrap(), None);
}

#[test]
fn an_untouched_bench_answers_every_call() {
    let bench = Bench::new("untouched");
    let mut granted = bench.granted.clone();
    call_all(&bench, &mut granted).unwrap();
    assert!(granted.len() >= bench.granted.len() + 2, "{granted:?}");
    assert_eq!(play(&bench, &[], Audited::All).unwrap(), 0);
}
