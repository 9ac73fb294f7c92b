//! A database file that vanishes with its test, and a look at it from outside.

#![allow(clippy::unwrap_used, reason = "what the test stands on")]

use std::path::PathBuf;

use pyrate_sqlite::rusqlite::Connection;
use tempfile::TempDir;

/// A path in a folder of its own.
#[derive(Debug)]
pub(crate) struct File {
    folder: TempDir,
}

impl File {
    pub(crate) fn new() -> File {
        File { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("limits.db")
    }

    /// A connection beside the store's.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    pub(crate) fn execute(&self, sql: &str) {
        self.connect().execute_batch(sql).unwrap();
    }

    /// How many rows all tables hold together.
    pub(crate) fn rows(&self) -> u64 {
        let connection = self.connect();
        let count = |table: &str| -> u64 {
            let sql = format!("SELECT count(*) FROM {table}");
            connection.query_row(&sql, [], |row| row.get::<_, u32>(0)).unwrap().into()
        };
        ["pyrate", "pyrate_log", "pyrate_queue", "pyrate_places", "pyrate_names"]
            .map(count)
            .iter()
            .sum()
    }
}
