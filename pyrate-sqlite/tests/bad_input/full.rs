//! A database that has no room for more.

use pyrate_sqlite::rusqlite::Connection;
use pyrate_sqlite::{
    AbstractBucket, ManualClock, Rate, RateItem, SqliteBucket, SqliteError, SqliteStore,
};

use crate::desk::{at, cause, on};
use crate::files::File;

fn limited(file: &File, clock: &ManualClock, pages: u32) -> SqliteBucket {
    let connection = file.connect();
    connection.pragma_update(None, "max_page_count", pages).unwrap();
    let store = SqliteStore::builder_from_connection(connection).clock(clock.clone()).build();
    store.unwrap().bucket("key", Rate::per_hour(1_000_000))
}

/// Units in the row of counters, and the total of the rows beside it.
fn totals(file: &File) -> (u64, u64) {
    let sum =
        |sql: &str| file.connect().query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap().into();
    (
        sum("SELECT total FROM pyrate"),
        sum("SELECT total FROM pyrate_log ORDER BY number DESC LIMIT 1"),
    )
}

#[test]
fn a_full_database_records_nothing_and_works_again_once_there_is_room() {
    let (file, clock) = (File::new(), ManualClock::new());
    drop(limited(&file, &clock, 10_000));
    let bucket = limited(&file, &clock, 24);
    let (mut granted, mut refused) = (0, 0);
    while refused < 20 {
        clock.set(at(granted + refused + 1));
        let name = format!("{granted}-{}", "x".repeat(300));
        match bucket.put(&RateItem::new(name, 1)) {
            Ok(decision) => granted += u64::from(decision.is_granted()),
            Err(error) => {
                assert!(matches!(cause(&error), SqliteError::Full(_)), "{error:?}");
                assert_eq!(error.outcome(), pyrate_sqlite::Outcome::NotRecorded);
                assert!(error.is_retryable());
                refused += 1;
            }
        }
        assert_eq!(bucket.count().unwrap(), granted);
    }
    assert!(granted > 10);
    assert_eq!(totals(&file), (granted, granted));
    drop(bucket);
    let bucket = limited(&file, &clock, 10_000);
    assert!(bucket.put(&RateItem::new("y".repeat(9_000), 1)).unwrap().is_granted());
    assert_eq!((bucket.count().unwrap(), totals(&file)), (granted + 1, (granted + 1, granted + 1)));
}

#[test]
fn a_database_too_small_for_the_tables_is_full_and_holds_none_of_them() {
    let file = File::new();
    let connection = file.connect();
    connection.pragma_update(None, "max_page_count", 4).unwrap();
    assert!(matches!(on(connection).unwrap_err(), SqliteError::Full(_)));
    let left = file.connect().query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0));
    assert_eq!(left, Ok(0));
    assert!(SqliteStore::open(file.path()).is_ok());
}

#[test]
fn a_database_in_memory_may_be_full_as_well() {
    let connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "max_page_count", 12).unwrap();
    let bucket = on(connection).unwrap().bucket("key", Rate::per_hour(1_000_000));
    let error = bucket.put(&RateItem::new("z".repeat(100_000), 1)).unwrap_err();
    assert!(matches!(cause(&error), SqliteError::Full(_)), "{error:?}");
    assert_eq!(bucket.count().unwrap(), 0);
    assert!(bucket.put(&RateItem::new("short", 1)).unwrap().is_granted());
}
