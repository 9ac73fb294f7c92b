//! Connections as others may hand them over.

use std::time::Duration;

use pyrate_sqlite::rusqlite::Connection;
use pyrate_sqlite::{AbstractBucket, Decision, Outcome, Rate, RateItem, SqliteError, SqliteStore};

use crate::desk::{bucket, cause, holds_its_limit, is_granted, on, put};
use crate::files::File;

#[test]
fn a_connection_inside_a_transaction_is_refused() {
    let file = File::new();
    let connection = file.connect();
    connection.execute_batch("BEGIN").unwrap();
    assert!(matches!(on(connection).unwrap_err(), SqliteError::InTransaction));
    let saved = file.connect();
    saved.execute_batch("SAVEPOINT mine").unwrap();
    assert!(matches!(on(saved).unwrap_err(), SqliteError::InTransaction));
    assert!(!tables_exist(&file));
}

fn tables_exist(file: &File) -> bool {
    let sql = "SELECT count(*) FROM sqlite_master";
    file.connect().query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap() > 0
}

#[test]
fn every_journal_mode_holds_the_limit_and_stays_as_it_is() {
    for mode in ["DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL"] {
        let file = File::new();
        let connection = file.connect();
        connection.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(())).unwrap();
        let bucket = on(connection).unwrap().bucket("key", Rate::per_second(3));
        holds_its_limit(&bucket);
        let is_wal =
            file.connect().query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0));
        assert_eq!(is_wal.unwrap() == "wal", mode == "WAL", "{mode}");
    }
}

#[test]
fn two_connections_without_a_write_ahead_log_share_one_limit() {
    let file = File::new();
    file.execute("PRAGMA journal_mode = DELETE");
    let open = || on(file.connect()).unwrap().bucket("key", Rate::per_hour(200));
    let granted: usize = std::thread::scope(|scope| {
        let threads = [open(), open(), open()].map(|bucket| {
            scope.spawn(move || (0..150).filter(|_| is_granted(&bucket) | look(&bucket)).count())
        });
        threads.map(|thread| thread.join().unwrap()).iter().sum()
    });
    assert_eq!(granted, 450);
    assert_eq!(open().count().unwrap(), 200);
}

/// A reader beside the writers: it may make their commits wait.
fn look(bucket: &pyrate_sqlite::SqliteBucket) -> bool {
    bucket.count().unwrap() > 0
}

#[test]
fn a_reader_that_stays_keeps_a_commit_waiting_for_the_timeout_and_nothing_is_recorded() {
    let file = File::new();
    file.execute("PRAGMA journal_mode = DELETE; CREATE TABLE other (x)");
    let store = SqliteStore::builder_from_connection(file.connect());
    let store = store.busy_timeout(Duration::from_millis(50)).build().unwrap();
    let bucket = store.bucket("key", Rate::per_hour(3));
    let reader = file.connect();
    reader.execute_batch("BEGIN; SELECT * FROM other").unwrap();
    let error = put(&bucket, 1).unwrap_err();
    assert!(matches!(cause(&error), SqliteError::Busy { .. }), "{error:?}");
    assert_eq!(error.outcome(), Outcome::NotRecorded);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(bucket.count().unwrap(), 0);
    holds_its_limit(&bucket);
}

#[test]
fn a_database_in_utf_16_changes_no_byte_of_keys_and_names() {
    for encoding in ["UTF-16le", "UTF-16be"] {
        let file = File::new();
        file.execute(&format!("PRAGMA encoding = '{encoding}'; CREATE TABLE other (x)"));
        let store = on(file.connect()).unwrap();
        for text in ["a", "a\0b", "ä\u{10ffff}", "\u{feff}x"] {
            let bucket = store.bucket(text, Rate::per_hour(2));
            assert!(bucket.put(&RateItem::new(format!("name {text}"), 1)).unwrap().is_granted());
            assert!(bucket.put(&RateItem::new(text, 1)).unwrap().is_granted());
            assert!(bucket.put(&RateItem::new(text, 1)).unwrap().is_denied());
            assert_eq!(bucket.peek(0).unwrap().unwrap().name, text);
            assert_eq!(bucket.peek(1).unwrap().unwrap().name, format!("name {text}"));
        }
        assert!(SqliteStore::open(file.path()).is_ok());
    }
}

#[test]
fn a_connection_that_keeps_its_lock_works_alone_and_is_busy_for_others() {
    for mode in ["DELETE", "WAL"] {
        let file = File::new();
        let connection = file.connect();
        connection.query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(())).unwrap();
        connection.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(())).unwrap();
        let bucket = on(connection).unwrap().bucket("key", Rate::per_second(3));
        holds_its_limit(&bucket);
        let other = SqliteStore::builder(file.path()).busy_timeout(Duration::from_millis(20));
        assert!(matches!(other.build().unwrap_err(), SqliteError::Busy { .. }), "{mode}");
        holds_its_limit(&bucket);
    }
}

#[test]
fn a_busy_handler_of_the_connection_is_not_asked() {
    let file = File::new();
    let mut connection = file.connect();
    connection.busy_handler(Some(|_| panic!("not asked"))).unwrap();
    let store = SqliteStore::builder_from_connection(connection).busy_timeout(Duration::ZERO);
    let bucket = store.build().unwrap().bucket("key", Rate::per_second(3));
    let locked = file.connect();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(cause(&put(&bucket, 1).unwrap_err()), SqliteError::Busy { .. }));
}

#[test]
fn small_pages_and_foreign_settings_make_no_difference() {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "PRAGMA page_size = 512; PRAGMA auto_vacuum = FULL; PRAGMA case_sensitive_like = ON;
             PRAGMA recursive_triggers = ON; PRAGMA reverse_unordered_selects = ON;
             PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON",
        )
        .unwrap();
    holds_its_limit(&on(connection).unwrap().bucket("key", Rate::per_second(3)));
}

#[test]
fn two_stores_of_one_file_decide_together() {
    let file = File::new();
    let (first, second) = (bucket(&file), bucket(&file));
    let turns = [&first, &second, &first, &second, &first];
    let granted = turns.iter().filter(|bucket| is_granted(bucket)).count();
    assert_eq!(granted, 3);
    // A place in line that one of them gave is cancelled by the other.
    let item = RateItem::new("key", 1);
    let Decision::Granted(grant) = first.reserve(&item, Duration::MAX).unwrap() else { panic!() };
    assert!(second.cancel(&grant).unwrap());
    assert!(!first.cancel(&grant).unwrap());
}
