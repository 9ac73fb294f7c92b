//! Paths at which no database can be.

use std::fs;
use std::path::Path;

use pyrate_sqlite::rusqlite::{Connection, OpenFlags};
use pyrate_sqlite::{Rate, SqliteError, SqliteStore};

use crate::desk::{bucket, cause, holds_its_limit, is_granted, on, put};
use crate::files::File;

fn refused(path: impl AsRef<Path>) -> SqliteError {
    SqliteStore::open(path).expect_err("no database can be here")
}

#[test]
fn a_directory_can_not_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(refused(folder.path()), SqliteError::CannotOpen(_)));
}

#[test]
fn a_file_in_a_missing_folder_can_not_be_opened_and_no_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    assert!(matches!(refused(missing.join("limits.db")), SqliteError::CannotOpen(_)));
    assert!(!missing.exists());
}

#[test]
fn a_path_through_a_file_can_not_be_opened() {
    let file = File::new();
    fs::write(file.path(), "text").unwrap();
    assert!(matches!(refused(file.path().join("limits.db")), SqliteError::CannotOpen(_)));
}

#[test]
fn an_empty_path_is_no_place_for_limits() {
    // SQLite would take it for a file that vanishes with its connection.
    assert!(matches!(refused(""), SqliteError::CannotOpen(_)));
}

#[test]
fn a_path_with_a_nul_can_not_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(refused(folder.path().join("a\0b.db")), SqliteError::CannotOpen(_)));
}

#[test]
fn a_path_that_looks_like_a_uri_is_a_path() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "file:a.db?mode=memory",
        "a?mode=ro#b%20c.db",
        " ",
        "'; DROP TABLE pyrate; --",
        "\u{202e}bd",
    ] {
        let path = folder.path().join(name);
        drop(SqliteStore::open(&path).unwrap());
        assert!(path.exists(), "{name}");
    }
    // A relative one begins with what SQLite may take for a scheme: the folder is missing, so nothing can be opened.
    let uri = "file:missing-folder-of-a-test/limits.db?mode=memory";
    assert!(matches!(refused(uri), SqliteError::CannotOpen(_)));
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_text_is_a_path() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"\xff\xfe.db"));
    holds_its_limit(&SqliteStore::open(&path).unwrap().bucket("key", Rate::per_hour(3)));
    assert!(path.exists());
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused() {
    for device in ["/dev/null", "/dev/zero", "/dev/full"] {
        let error = refused(device);
        assert!(!matches!(error, SqliteError::Busy { .. }), "{device}: {error:?}");
    }
}

#[test]
fn a_database_that_can_only_be_read_is_refused() {
    let file = File::new();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    drop(bucket(&file));
    let connection = Connection::open_with_flags(file.path(), flags).unwrap();
    assert!(matches!(on(connection).unwrap_err(), SqliteError::ReadOnly(_)));
    // One without tables as well.
    let empty = File::new();
    empty.execute("CREATE TABLE other (x)");
    let connection = Connection::open_with_flags(empty.path(), flags).unwrap();
    assert!(matches!(on(connection).unwrap_err(), SqliteError::ReadOnly(_)));
}

#[test]
fn a_connection_that_may_only_query_records_nothing() {
    let file = File::new();
    assert!(is_granted(&bucket(&file)));
    let connection = file.connect();
    connection.pragma_update(None, "query_only", true).unwrap();
    let bucket = on(connection).unwrap().bucket("key", Rate::per_second(3));
    let error = put(&bucket, 1).unwrap_err();
    assert!(matches!(cause(&error), SqliteError::ReadOnly(_)), "{error:?}");
    assert!(matches!(on(file_that_may_only_be_queried()).unwrap_err(), SqliteError::ReadOnly(_)));
    assert_eq!(pyrate_sqlite::AbstractBucket::count(&bucket).unwrap(), 1);
}

fn file_that_may_only_be_queried() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "query_only", true).unwrap();
    connection
}

#[test]
fn a_file_without_the_permission_to_write_is_read_only() {
    let file = File::new();
    drop(bucket(&file));
    let mut permissions = fs::metadata(file.path()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(file.path(), permissions).unwrap();
    // Whoever runs the tests as root may write all the same.
    if fs::OpenOptions::new().append(true).open(file.path()).is_err() {
        assert!(matches!(refused(file.path()), SqliteError::ReadOnly(_)));
    } else {
        holds_its_limit(&bucket(&file));
    }
}
