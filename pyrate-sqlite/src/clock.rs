//! SQLite's own time.

use std::sync::{Mutex, OnceLock, PoisonError};

use pyrate_core::{BucketError, Clock, Timestamp};
use rusqlite::{Connection, OpenFlags};

use crate::number::Number;
use crate::trouble::Trouble;

/// The time as SQLite tells it: milliseconds since 1970 by the wall clock of the machine.
///
/// [`SystemClock`](crate::SystemClock), which a store uses unless told otherwise, reads the same wall clock more finely.
/// This one is for a database whose other users stamp their rows by SQLite.
///
/// ```
/// use pyrate_sqlite::{Clock, SqliteClock, SqliteStore};
///
/// let clock = SqliteClock::new();
/// assert!(clock.now()?.as_micros() > 1_700_000_000_000_000);
/// let store = SqliteStore::builder(":memory:").clock(clock).build()?;
/// # drop(store);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct SqliteClock {
    /// A connection of its own, to a database in memory: it must be read inside the transactions of another.
    connection: OnceLock<Mutex<Connection>>,
}

impl SqliteClock {
    /// SQLite's clock.
    #[must_use]
    pub const fn new() -> SqliteClock {
        SqliteClock { connection: OnceLock::new() }
    }

    fn read(&self) -> Result<Timestamp, Trouble> {
        if self.connection.get().is_none() {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let opened = Connection::open_in_memory_with_flags(flags)?;
            // Where two open one at once, the second is dropped.
            let _ = self.connection.set(Mutex::new(opened));
        }
        let connection = self.connection.get().ok_or(Trouble::Contradiction("no clock"))?;
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare_cached(MICROSECONDS)?;
        let Number(micros) = statement.query_row([], |row| row.get(0))?;
        Ok(Timestamp::from_micros(micros))
    }
}

// Days since 4714 BC, as a double, hold milliseconds exactly enough to be rounded to them.
const MICROSECONDS: &str =
    "SELECT CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000";

impl Clock for SqliteClock {
    fn now(&self) -> Result<Timestamp, BucketError> {
        self.read().map_err(|trouble| trouble.told(std::time::Duration::ZERO).into())
    }
}
