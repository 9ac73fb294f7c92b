//! Tables, rows and files that vanish while a store is open.

use std::fs;

use pyrate_sqlite::{AbstractBucket, Outcome, SqliteError, SqliteStore};

use crate::desk::{bucket, cause, holds_its_limit, is_granted, put};
use crate::files::File;

#[test]
fn dropped_tables_are_an_error_until_they_are_there_again() {
    let file = File::new();
    let open = bucket(&file);
    assert!(is_granted(&open));
    for table in ["pyrate", "pyrate_log", "pyrate_names"] {
        file.execute(&format!("ALTER TABLE {table} RENAME TO elsewhere"));
        let error = open.flush().unwrap_err();
        assert!(matches!(cause(&error), SqliteError::Other(_)), "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotRecorded);
        file.execute(&format!("ALTER TABLE elsewhere RENAME TO {table}"));
        assert_eq!(open.count().unwrap(), 1);
    }
    file.execute(
        "DROP TABLE pyrate; DROP TABLE pyrate_store; DROP TABLE pyrate_log; DROP TABLE pyrate_queue;
         DROP TABLE pyrate_places; DROP TABLE pyrate_names",
    );
    assert!(put(&open, 1).is_err());
    drop(SqliteStore::open(file.path()).unwrap());
    holds_its_limit(&open);
}

#[test]
fn a_file_that_is_deleted_while_open_still_holds_the_limit_of_its_store() {
    let file = File::new();
    let open = bucket(&file);
    assert!(is_granted(&open));
    fs::remove_file(file.path()).unwrap();
    let granted = (0..5).filter(|_| put(&open, 1).is_ok_and(|it| it.is_granted())).count();
    assert!(granted <= 2, "{granted}");
    // Whoever opens that path from now on begins anew.
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", file.path().display()));
    }
    holds_its_limit(&bucket(&file));
}

#[test]
fn a_file_that_is_emptied_while_open_is_an_error_and_no_panic() {
    let file = File::new();
    let open = bucket(&file);
    assert!(is_granted(&open));
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    fs::write(file.path(), "").unwrap();
    for _ in 0..3 {
        if let Err(error) = put(&open, 1) {
            assert!(!matches!(cause(&error), SqliteError::Panicked), "{error:?}");
        }
    }
    assert!(open.count().is_err() || open.count().unwrap() <= 3);
}
