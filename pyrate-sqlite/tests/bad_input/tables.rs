//! Tables of another release, of somebody else, or with names that can't be.

use pyrate_sqlite::rusqlite::Connection;
use pyrate_sqlite::{Rate, SqliteError, SqliteStore};

use crate::desk::{bucket, cause, holds_its_limit, put, store};
use crate::files::File;

fn refused(file: &File) -> SqliteError {
    SqliteStore::open(file.path()).expect_err("not this release's tables")
}

#[test]
fn tables_of_a_newer_version_are_refused_and_stay_as_they_are() {
    let file = File::new();
    drop(bucket(&file));
    file.execute("UPDATE pyrate_store SET version = 7");
    let error = refused(&file);
    assert!(matches!(error, SqliteError::NewerVersion { found: 7, known: 1 }), "{error:?}");
    assert!(error.to_string().contains("upgrade"));
    file.execute("UPDATE pyrate_store SET version = 1");
    holds_its_limit(&bucket(&file));
}

#[test]
fn a_version_that_never_was_is_corrupt() {
    let file = File::new();
    drop(bucket(&file));
    for version in ["0", "-1", "'one'", "x'00'"] {
        file.execute(&format!("UPDATE pyrate_store SET version = {version}"));
        assert!(matches!(refused(&file), SqliteError::Corrupt(_)), "{version}");
    }
}

#[test]
fn a_store_without_its_own_row_is_corrupt() {
    let file = File::new();
    let open = bucket(&file);
    file.execute("DELETE FROM pyrate_store");
    assert!(matches!(refused(&file), SqliteError::Corrupt(_)));
    let error = put(&open, 1).unwrap_err();
    assert!(matches!(cause(&error), SqliteError::Corrupt(_)), "{error:?}");
    assert!(!error.is_retryable());
}

#[test]
fn a_table_of_somebody_else_is_left_alone() {
    for foreign in
        ["pyrate", "PyRate", "pyrate_store", "pyrate_log", "pyrate_names", "Pyrate_Queue"]
    {
        let file = File::new();
        file.execute(&format!("CREATE TABLE {foreign} (x); INSERT INTO {foreign} VALUES (1)"));
        let error = refused(&file);
        assert!(matches!(error, SqliteError::ForeignTable { .. }), "{foreign}: {error:?}");
        assert_eq!(tables(&file.connect()), 1, "{foreign}");
        let other = SqliteStore::builder(file.path()).table("limits").build().unwrap();
        holds_its_limit(&other.bucket("key", Rate::per_hour(3)));
    }
}

#[test]
fn a_view_or_an_index_of_that_name_is_somebody_elses_too() {
    let file = File::new();
    file.execute("CREATE TABLE t (x); CREATE VIEW pyrate AS SELECT x FROM t");
    assert!(matches!(refused(&file), SqliteError::ForeignTable { .. }));
    file.execute("DROP VIEW pyrate; CREATE INDEX pyrate_places ON t (x)");
    assert!(matches!(refused(&file), SqliteError::ForeignTable { .. }));
}

#[test]
fn a_table_whose_names_lie_among_those_of_another_is_refused() {
    let file = File::new();
    drop(store(&file));
    let inner = SqliteStore::builder(file.path()).table("pyrate_log").build();
    assert!(matches!(inner.unwrap_err(), SqliteError::ForeignTable { .. }));
}

#[test]
fn hostile_table_names_are_refused() {
    let long = "x".repeat(1 << 20);
    let names = [
        "",
        " ",
        "a b",
        "a\"b",
        "a'b",
        "a`b",
        "a]b",
        "a;b",
        "a\0b",
        "a\nb",
        "1a",
        "main.pyrate",
        "pyrate'); DROP TABLE pyrate; --",
        "\u{202e}limits",
        "tаble",
        "{t}",
        "sqlite_master",
        &long,
    ];
    for name in names {
        let file = File::new();
        let error = SqliteStore::builder(file.path()).table(name).build().unwrap_err();
        assert!(matches!(&error, SqliteError::TableName { name: told } if told == name));
        assert!(!file.path().exists(), "{name}");
    }
}

#[test]
fn words_of_sql_are_names_like_others() {
    let file = File::new();
    for name in ["select", "TABLE", "order", "_", "x0"] {
        let store = SqliteStore::builder(file.path()).table(name).build().unwrap();
        holds_its_limit(&store.bucket("key", Rate::per_hour(3)));
    }
    assert_eq!(tables(&file.connect()), 5 * 6);
}

fn tables(connection: &Connection) -> u32 {
    let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table'";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}
