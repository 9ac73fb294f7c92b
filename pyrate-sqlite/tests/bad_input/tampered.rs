//! Rows that another connection changed: what can't be right is an error, and never a panic or a grant.

use std::time::Duration;

use pyrate_sqlite::{
    AbstractBucket, BucketFactory, ManualClock, Rate, RateItem, Rates, SqliteBucket, SqliteError,
    SqliteStore,
};

use crate::desk::{at, cause};
use crate::files::File;

struct Bench {
    file: File,
    store: SqliteStore,
    bucket: SqliteBucket,
    clock: ManualClock,
}

const LIMIT: u64 = 9;

/// A bucket that is full, with five in line, one of whom has left.
fn filled() -> Bench {
    let (file, clock) = (File::new(), ManualClock::new());
    let store = SqliteStore::builder(file.path()).clock(clock.clone()).build().unwrap();
    let rates = [(3, 100), (LIMIT, 1_000)]
        .map(|(limit, micros)| Rate::new(limit, Duration::from_micros(micros)).unwrap());
    let bucket = store.bucket("key", Rates::new(rates).unwrap());
    let mut grants = Vec::new();
    for turn in 0..LIMIT + 5 {
        clock.set(at(1_000 + turn * 30));
        let name = ["a", "b", &"c".repeat(80)][usize::try_from(turn % 3).unwrap()].to_owned();
        let item = RateItem::new(name, 1);
        grants.push(bucket.reserve(&item, Duration::MAX).unwrap());
    }
    let pyrate_sqlite::Decision::Granted(left) = grants[grants.len() - 3] else { unreachable!() };
    assert!(bucket.cancel(&left).unwrap());
    Bench { file, store, bucket, clock }
}

/// Every call; answers how many were refused as corrupt.
fn call_all(bench: &Bench, what: &str) -> usize {
    let Bench { bucket, store, clock, .. } = bench;
    let mut corrupt = 0;
    let mut noted = |error: Option<pyrate_sqlite::BucketError>| {
        if let Some(error) = error {
            assert!(matches!(cause(&error), SqliteError::Corrupt(_)), "{what}: {error:?}");
            assert!(!error.is_retryable());
            corrupt += 1;
        }
    };
    for later in [0, 1, 50, 400, 900, 3_000] {
        clock.set(at(2_000 + later));
        noted(bucket.count().err());
        noted(bucket.available().err());
        noted(bucket.waiting(&RateItem::new("a", LIMIT)).err());
        for index in [0, 1, 5, 9, 1_000] {
            noted(bucket.peek(index).err());
        }
        noted(bucket.reserve(&RateItem::new("a", 1), Duration::ZERO).err());
        let reserved = bucket.reserve(&RateItem::new("b", 2), Duration::MAX);
        if let Ok(pyrate_sqlite::Decision::Granted(grant)) = &reserved {
            noted(bucket.cancel(grant).err());
        }
        noted(reserved.err());
        noted(bucket.leak(None).err());
        noted(store.keyed(Rate::per_second(1)).leak().err());
    }
    corrupt
}

/// Numbers that no column of ours holds; all of them must be found out wherever they are read.
const IMPOSSIBLE: [&str; 6] =
    ["-1", "'text'", "1.5", "x'00'", "-9223372036854775808", "9223372036854775807"];

#[test]
fn a_whole_bench_is_not_corrupt() {
    assert_eq!(call_all(&filled(), "nothing"), 0);
}

#[test]
fn impossible_counters_are_corrupt() {
    let columns = [
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
        "last_id",
        "cursors",
    ];
    for column in columns {
        let bench = filled();
        for value in IMPOSSIBLE {
            // Any number may be an id, as long as it isn't negative.
            if column == "id" && value == IMPOSSIBLE[5] || column == "cursors" && value == "x'00'" {
                continue;
            }
            bench.file.execute(&format!("UPDATE pyrate SET {column} = {value}"));
            let corrupt = call_all(&bench, &format!("{column} = {value}"));
            assert!(corrupt >= 60, "{column} = {value}: {corrupt}");
        }
    }
}

#[test]
fn counters_that_contradict_each_other_are_corrupt() {
    for change in [
        "first = next + 1",
        "dropped = total + 1",
        "forgotten = named + 1",
        "next = first",
        "total = 4611686018427387905",
        "seen = 9007199254740992",
        "cursors = x'00'",
        "cursors = zeroblob(24 * 17)",
    ] {
        let bench = filled();
        bench.file.execute(&format!("UPDATE pyrate SET {change}"));
        assert!(call_all(&bench, change) >= 60, "{change}");
    }
}

/// A cursor's 24 bytes: interval, number, and the total before it.
fn cursor(interval: u64, number: u64, before: u64) -> String {
    format!("{interval:016x}{number:016x}{before:016x}")
}

#[test]
fn cursors_that_stand_where_no_cursor_can_are_corrupt() {
    let end = 13;
    for (number, before) in [
        (0, end),
        (end, 0),
        (end + 1, end),
        (end, end + 1),
        (1 << 40, 0),
        (u64::MAX, u64::MAX),
        (0, u64::MAX),
        (u64::MAX, 0),
    ] {
        for interval in [100, 1_000, 7, 0, u64::MAX] {
            let bench = filled();
            let cursors = cursor(interval, number, before);
            bench.file.execute(&format!("UPDATE pyrate SET cursors = x'{cursors}'"));
            assert!(call_all(&bench, &cursors) >= 60, "{cursors}");
        }
    }
}

#[test]
fn impossible_marks_are_corrupt_or_not_met() {
    for column in ["at", "total"] {
        for value in IMPOSSIBLE {
            for number in 0..12 {
                let bench = filled();
                bench.file.execute(&format!(
                    "UPDATE pyrate_log SET {column} = {value} WHERE number = {number}"
                ));
                call_all(&bench, &format!("{column} of {number} = {value}"));
            }
        }
    }
}

#[test]
fn missing_marks_are_corrupt_or_not_met() {
    for number in 0..14 {
        let bench = filled();
        bench.file.execute(&format!("DELETE FROM pyrate_log WHERE number = {number}"));
        call_all(&bench, &format!("no mark {number}"));
    }
    let bench = filled();
    bench.file.execute("DELETE FROM pyrate_log");
    assert!(call_all(&bench, "no marks") > 10);
}

#[test]
fn impossible_rows_beside_the_log_are_corrupt_or_not_met() {
    for (table, column) in [
        ("queue", "weight"),
        ("queue", "at"),
        ("queue", "id"),
        ("places", "units"),
        ("places", "at"),
        ("names", "start"),
    ] {
        for value in IMPOSSIBLE {
            let bench = filled();
            bench.file.execute(&format!("UPDATE OR REPLACE pyrate_{table} SET {column} = {value}"));
            call_all(&bench, &format!("{table}.{column} = {value}"));
        }
    }
    for sql in [
        "UPDATE pyrate_names SET name = 'text'",
        "UPDATE pyrate_names SET name = 7",
        "UPDATE pyrate_names SET name = x'ff'",
        "UPDATE pyrate_queue SET name = x'ff'",
        "UPDATE pyrate_queue SET name = 1.5",
        "UPDATE pyrate SET name = 'text'",
        "UPDATE pyrate SET name = -1",
        "UPDATE pyrate SET name = 4000",
        "DELETE FROM pyrate_names",
        "DELETE FROM pyrate_places",
        "DELETE FROM pyrate_queue",
    ] {
        let bench = filled();
        bench.file.execute(sql);
        call_all(&bench, sql);
    }
}

#[test]
fn two_absurd_weights_in_the_queue_do_not_wrap() {
    let bench = filled();
    bench.file.execute(
        "DELETE FROM pyrate_queue;
         INSERT INTO pyrate_queue SELECT id, 2000, 900, 9223372036854775807, NULL FROM pyrate;
         INSERT INTO pyrate_queue SELECT id, 2000, 901, 9223372036854775807, NULL FROM pyrate;
         UPDATE pyrate SET next_due = 0",
    );
    call_all(&bench, "two absurd weights");
    let bench = filled();
    bench.file.execute(
        "UPDATE pyrate_queue SET weight = 9007199254740991; UPDATE pyrate SET next_due = 0",
    );
    call_all(&bench, "heavy weights");
}

#[test]
fn a_place_with_more_units_than_were_granted_is_not_taken() {
    let bench = filled();
    bench.file.execute("UPDATE pyrate_places SET units = 1000000");
    let before = bench.clock.clone();
    before.set(at(1_400));
    let taken = bench.bucket.reserve(&RateItem::new("a", 3), Duration::MAX);
    assert!(matches!(cause(&taken.unwrap_err()), SqliteError::Corrupt(_)));
}

#[test]
fn a_row_that_is_gone_is_a_bucket_that_comes_anew() {
    let bench = filled();
    bench.file.execute("DELETE FROM pyrate");
    assert_eq!(bench.bucket.count().unwrap(), 0);
    call_all(&bench, "no row");
}

#[test]
fn impossible_traces_are_corrupt() {
    for column in ["seen", "last_id", "last_bucket"] {
        for value in IMPOSSIBLE {
            let bench = filled();
            bench.file.execute(&format!("UPDATE pyrate_store SET {column} = {value}"));
            let anew = bench.store.bucket("anew", Rate::per_second(1));
            let error = anew.put(&RateItem::new("a", 1)).unwrap_err();
            assert!(
                matches!(cause(&error), SqliteError::Corrupt(_)),
                "{column} = {value}: {error:?}"
            );
        }
    }
}

#[test]
fn a_cursor_that_claims_what_the_marks_do_not_show_hangs_no_leak() {
    let bench = filled();
    // Between the ends, where a cursor may stand: but no mark there has left its window.
    let cursors = cursor(1_000, 5, 5);
    bench.file.execute(&format!("UPDATE pyrate SET cursors = x'{cursors}'"));
    bench.clock.set(at(1_400));
    let _ = bench.bucket.leak(None).inspect_err(|error| {
        assert!(matches!(cause(error), SqliteError::Corrupt(_)), "{error:?}");
    });
    let _ = bench.store.keyed(Rate::per_second(1)).leak();
}

#[test]
fn one_corrupt_name_keeps_no_other_from_being_swept() {
    let (file, clock) = (File::new(), ManualClock::new());
    let store = SqliteStore::builder(file.path()).clock(clock.clone()).build().unwrap();
    let keyed = store.keyed(Rate::per_second(1));
    for name in 0..600 {
        let _ = keyed.reserve(&RateItem::new(format!("{name:03}"), 1), Duration::ZERO).unwrap();
    }
    file.execute("UPDATE pyrate SET total = -1 WHERE key IN (x'303030', x'333333', x'353939')");
    clock.set(at(1_000_000));
    let error = keyed.leak().unwrap_err();
    assert!(matches!(cause(&error), SqliteError::Corrupt(_)), "{error:?}");
    assert_eq!(keyed.buckets().len(), 3);
    let error = pollster::block_on(keyed.flush_async()).unwrap_err();
    assert!(matches!(cause(&error), SqliteError::Corrupt(_)), "{error:?}");
}
