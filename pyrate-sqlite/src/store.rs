//! The store: one database, any number of buckets.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use pyrate_core::{Clock, Rates};
use rusqlite::Connection;

use crate::bucket::SqliteBucket;
use crate::builder::SqliteStoreBuilder;
use crate::desk::Desk;
use crate::error::SqliteError;
use crate::key::Keys;
use crate::keyed::KeyedSqlite;

/// A SQLite database that holds buckets, shared by threads, tasks and processes. Clones are the same store.
///
/// A bucket is opened by its key as often as one likes, here and in other processes, also with other rates: each handle
/// decides by its own rates over all that was granted, for as long as the longest interval that any handle used.
///
/// ```
/// use pyrate_sqlite::{Limiter, Rates, SqliteStore};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("limits.db");
/// let store = SqliteStore::open(&path)?;
/// let rates: Rates = "500/hour;1000/day".parse()?;
/// let limiter = Limiter::new(store.bucket("api.example.com", rates));
/// limiter.try_acquire("user-7")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    desk: Arc<Desk>,
    clock: Arc<dyn Clock>,
    keys: Arc<Keys>,
}

impl SqliteStore {
    /// Opens the database at `path`, and makes it and its tables where they are missing.
    ///
    /// `":memory:"` is a database in this process's memory, of this store alone.
    ///
    /// This reads and may write the file on the calling thread, and waits up to the busy timeout for whoever writes it: a
    /// task leaves it to a blocking thread, as it does dropping the last handle, which closes the file.
    ///
    /// # Errors
    ///
    /// [`SqliteError`] if the file can't be opened or written, is no database, or holds tables that this release can't
    /// read.
    pub fn open(path: impl AsRef<Path>) -> Result<SqliteStore, SqliteError> {
        SqliteStore::builder(path).build()
    }

    /// A store at `path`, with settings.
    pub fn builder(path: impl AsRef<Path>) -> SqliteStoreBuilder {
        SqliteStoreBuilder::at(path.as_ref())
    }

    /// A store in this process's memory, with settings: its buckets are gone when its last handle is.
    pub fn builder_in_memory() -> SqliteStoreBuilder {
        SqliteStoreBuilder::at(Path::new(":memory:"))
    }

    /// A store on a connection of [`rusqlite`], beside whatever else that database holds.
    ///
    /// The connection's journal mode and synchronous mode stay as they are; its busy handler is removed, since waiting is
    /// the store's own business.
    ///
    /// # Errors
    ///
    /// As [`SqliteStore::open`], and [`SqliteError::InTransaction`].
    pub fn from_connection(connection: Connection) -> Result<SqliteStore, SqliteError> {
        SqliteStore::builder_from_connection(connection).build()
    }

    /// A store on a connection of [`rusqlite`], with settings.
    pub fn builder_from_connection(connection: Connection) -> SqliteStoreBuilder {
        SqliteStoreBuilder::on(connection)
    }

    /// A handle on the bucket of `key`, new or used before. No input or output happens here.
    #[must_use]
    pub fn bucket(&self, key: impl AsRef<str>, rates: impl Into<Rates>) -> SqliteBucket {
        SqliteBucket::new(self.clone(), key.as_ref(), rates.into())
    }

    /// A factory that gives each name a bucket of its own, whose key is the name.
    #[must_use]
    pub fn keyed(&self, rates: impl Into<Rates>) -> KeyedSqlite {
        KeyedSqlite::new(self.clone(), rates.into())
    }

    pub(crate) fn new(desk: Arc<Desk>, clock: Arc<dyn Clock>) -> SqliteStore {
        SqliteStore { inner: Arc::new(Inner { desk, clock, keys: Arc::default() }) }
    }

    pub(crate) fn desk(&self) -> &Arc<Desk> {
        &self.inner.desk
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }

    pub(crate) fn keys(&self) -> &Arc<Keys> {
        &self.inner.keys
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.desk.close();
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
