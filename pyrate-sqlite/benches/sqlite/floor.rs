//! What is measured against: the least that a store on SQLite must do, and one that counts its rows.

use pyrate_sqlite::rusqlite::Connection;
use tempfile::TempDir;
use xtask::paired::{Peer, Skill};

use crate::desk::size;

pub(crate) const FLOOR: Peer<'_> = Peer::new("floor: one-row UPDATE");
pub(crate) const COUNTING: Peer<'_> =
    Peer::new("COUNT(*)").cannot(&[Skill::Weights, Skill::WaitingInLine]);

/// A transaction that changes one row.
pub(crate) struct Floor {
    connection: Connection,
    _folder: TempDir,
}

impl Floor {
    pub(crate) fn new() -> Floor {
        let (connection, folder) = connect();
        connection
            .execute_batch(
                "CREATE TABLE floor (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO floor VALUES (1, 0)",
            )
            .unwrap();
        Floor { connection, _folder: folder }
    }

    pub(crate) fn update(&self) {
        run(&self.connection, "BEGIN IMMEDIATE");
        run(&self.connection, "UPDATE floor SET n = n + 1 WHERE id = 1");
        run(&self.connection, "COMMIT");
    }
}

/// A bucket as it is often written: a row a unit, counted at each call.
pub(crate) struct Counting {
    connection: Connection,
    _folder: TempDir,
}

/// What was stored before comes at instants from here on, what was put since at a later one.
const STORED: i64 = 1_000_000;
const PUT: i64 = 10_000_000_000;

impl Counting {
    pub(crate) fn filled(stored: u64) -> Counting {
        let (connection, folder) = connect();
        connection
            .execute_batch(&format!(
                "CREATE TABLE units (at INTEGER); CREATE INDEX by_at ON units (at);
                 WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {stored})
                 INSERT INTO units SELECT {STORED} + n FROM numbers"
            ))
            .unwrap();
        Counting { connection, _folder: folder }
    }

    /// Adds so many units.
    pub(crate) fn put(&self, weight: u32) {
        run(&self.connection, "BEGIN IMMEDIATE");
        let count = "SELECT count(*) FROM units WHERE at > ?1";
        let mut statement = self.connection.prepare_cached(count).unwrap();
        let counted: i64 = statement.query_row([STORED], |row| row.get(0)).unwrap();
        assert!(counted > 0);
        let mut insert = self.connection.prepare_cached("INSERT INTO units VALUES (?1)").unwrap();
        for _ in 0..weight {
            insert.execute([PUT]).unwrap();
        }
        run(&self.connection, "COMMIT");
    }

    /// Takes away what was put, so that a round finds what the one before it found.
    pub(crate) fn take_back(&self) {
        self.connection.execute("DELETE FROM units WHERE at = ?1", [PUT]).unwrap();
    }

    pub(crate) fn bytes(&self) -> u32 {
        size(&self.connection)
    }
}

fn connect() -> (Connection, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("floor.db")).unwrap();
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    connection.pragma_update(None, "synchronous", "NORMAL").unwrap();
    (connection, folder)
}

fn run(connection: &Connection, sql: &str) {
    connection.prepare_cached(sql).unwrap().execute([]).unwrap();
}
