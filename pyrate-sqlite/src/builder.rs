//! Settings of a store.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pyrate_core::{Clock, SystemClock};
use rusqlite::{Connection, OpenFlags};

use crate::desk::{Desk, Engine};
use crate::error::SqliteError;
use crate::schema::{self, Table};
use crate::statements::Statements;
use crate::store::SqliteStore;
use crate::synchronous::Synchronous;
use crate::trouble::Trouble;
use crate::waiting::patiently;

/// How to open a store, from [`SqliteStore::builder`].
///
/// ```
/// use std::time::Duration;
/// use pyrate_sqlite::{SqliteStore, Synchronous};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("limits.db");
/// let store = SqliteStore::builder(&path)
///     .table("limits")
///     .synchronous(Synchronous::Full)
///     .busy_timeout(Duration::from_secs(1))
///     .build()?;
/// # drop(store);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is opened before `build`"]
pub struct SqliteStoreBuilder {
    origin: Origin,
    table: String,
    busy_timeout: Duration,
    synchronous: Option<Synchronous>,
    clock: Arc<dyn Clock>,
    keeps_names: bool,
}

enum Origin {
    Path(PathBuf),
    Connection(Connection),
}

impl SqliteStoreBuilder {
    pub(crate) fn at(path: &Path) -> SqliteStoreBuilder {
        let synchronous = Some(Synchronous::Normal);
        SqliteStoreBuilder { synchronous, ..SqliteStoreBuilder::of(Origin::Path(path.to_owned())) }
    }

    pub(crate) fn on(connection: Connection) -> SqliteStoreBuilder {
        SqliteStoreBuilder::of(Origin::Connection(connection))
    }

    fn of(origin: Origin) -> SqliteStoreBuilder {
        SqliteStoreBuilder {
            origin,
            table: "pyrate".to_owned(),
            busy_timeout: Duration::from_secs(5),
            synchronous: None,
            clock: Arc::new(SystemClock::new()),
            keeps_names: true,
        }
    }

    /// The name with which the names of its tables begin; `pyrate` unless set.
    ///
    /// Stores of different tables in one file share nothing but its lock. A name has up to 48 ASCII letters, digits and
    /// underscores, the first no digit.
    pub fn table(self, table: impl Into<String>) -> SqliteStoreBuilder {
        SqliteStoreBuilder { table: table.into(), ..self }
    }

    /// How long a call waits while another process or connection writes; 5 seconds unless set.
    ///
    /// Then it fails with [`SqliteError::Busy`], and has recorded nothing.
    pub fn busy_timeout(self, busy_timeout: Duration) -> SqliteStoreBuilder {
        SqliteStoreBuilder { busy_timeout, ..self }
    }

    /// When a grant is written through to the disk: [`Synchronous::Normal`] unless set, or as it is on a connection that
    /// was handed over.
    pub fn synchronous(self, synchronous: Synchronous) -> SqliteStoreBuilder {
        SqliteStoreBuilder { synchronous: Some(synchronous), ..self }
    }

    /// The clock of all its buckets, read inside the transaction; [`SystemClock`] unless set.
    ///
    /// All processes that share the file must have clocks that agree. A clock can't make a blocking call to its own store:
    /// that is answered by [`SqliteError::CalledFromWithin`].
    pub fn clock(self, clock: impl Clock) -> SqliteStoreBuilder {
        SqliteStoreBuilder { clock: Arc::new(clock), ..self }
    }

    /// Keeps no names: [`peek`](crate::AbstractBucket::peek) then shows the bucket's key.
    ///
    /// Without it, a row is written each time the name changes from one grant to the next.
    pub fn without_names(self) -> SqliteStoreBuilder {
        SqliteStoreBuilder { keeps_names: false, ..self }
    }

    /// Opens the store.
    ///
    /// # Errors
    ///
    /// As [`SqliteStore::open`], and [`SqliteError::TableName`].
    pub fn build(self) -> Result<SqliteStore, SqliteError> {
        let table = Table::named(&self.table)?;
        let mut connection = match self.origin {
            Origin::Path(path) => open(&path, self.busy_timeout)?,
            Origin::Connection(connection) => adopted(connection)?,
        };
        patiently(self.busy_timeout, || {
            if let Some(synchronous) = self.synchronous {
                connection.pragma_update(None, "synchronous", synchronous.word())?;
            }
            schema::prepare(&mut connection, &table)
        })?;
        connection.set_prepared_statement_cache_capacity(64);
        let desk = Desk::new(Engine {
            connection,
            sql: Statements::of(&table),
            clock: Arc::clone(&self.clock),
            busy_timeout: self.busy_timeout,
            keeps_names: self.keeps_names,
        });
        Ok(SqliteStore::new(desk, self.clock))
    }
}

/// Opens a file of the store's own, in write-ahead mode where its file system has that.
fn open(path: &Path, busy_timeout: Duration) -> Result<Connection, SqliteError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(plain(path)?, flags);
    let connection = opened.map_err(|error| Trouble::from(error).told(Duration::ZERO))?;
    let connection = writable(connection)?;
    patiently(busy_timeout, || {
        // Only a file that is new takes it. Rows are small, and each changed page is written and summed up as a whole.
        connection.pragma_update(None, "page_size", 1024)?;
        Ok(connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?)
    })?;
    Ok(connection)
}

/// A path is a path, whatever it looks like: the bundled SQLite reads what begins with `file:` as a URI, and takes an
/// empty one for a file that vanishes with its connection.
fn plain(path: &Path) -> Result<Cow<'_, Path>, SqliteError> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.is_empty() {
        return Err(SqliteError::CannotOpen("the path is empty".into()));
    }
    let is_uri = bytes.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"file:"));
    Ok(if is_uri { Path::new(".").join(path).into() } else { path.into() })
}

fn adopted(connection: Connection) -> Result<Connection, SqliteError> {
    if !connection.is_autocommit() {
        return Err(SqliteError::InTransaction);
    }
    writable(connection)
}

/// Sees to it that the connection can write, and leaves all waiting to the store.
fn writable(connection: Connection) -> Result<Connection, SqliteError> {
    let told = |error| Trouble::from(error).told(Duration::ZERO);
    if connection.is_readonly("main").map_err(told)? {
        return Err(SqliteError::ReadOnly("the connection can only read".into()));
    }
    connection.busy_timeout(Duration::ZERO).map_err(told)?;
    Ok(connection)
}

impl fmt::Debug for SqliteStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStoreBuilder").field("table", &self.table).finish_non_exhaustive()
    }
}
