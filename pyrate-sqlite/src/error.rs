//! What can go wrong with the file, and whether a retry can help.

use std::error::Error;
use std::io;
use std::time::Duration;

use pyrate_core::{BucketError, Outcome};

/// What SQLite said, kept as the source.
type Cause = Box<dyn Error + Send + Sync>;

/// A store can't be opened, or a call on it failed.
///
/// A bucket's call answers it inside a [`BucketError`], whose [`source`](Error::source) it is:
///
/// ```
/// use std::error::Error;
/// use pyrate_sqlite::{BucketError, SqliteError};
///
/// fn is_busy(error: &BucketError) -> bool {
///     let cause = error.source().and_then(|source| source.downcast_ref::<SqliteError>());
///     matches!(cause, Some(SqliteError::Busy { .. }))
/// }
/// # assert!(!is_busy(&BucketError::new(pyrate_sqlite::Outcome::NotRecorded, "another")));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// Another connection, of this process or another, held the write lock for longer than the busy timeout.
    #[error("the store was busy for {waited:?}: somebody else holds its write lock")]
    Busy {
        /// How long it had waited, or that call of its transaction which waited longest.
        waited: Duration,
        /// What SQLite said.
        source: Cause,
    },
    /// The path can't be opened: it is a directory, its folder is missing, or access is denied.
    #[error("the database can't be opened")]
    CannotOpen(#[source] Cause),
    /// The file, or the folder it stands in, can't be written.
    #[error("the database is read-only")]
    ReadOnly(#[source] Cause),
    /// The disk is full, or the database has the greatest size it may have.
    #[error("the disk or the database is full")]
    Full(#[source] Cause),
    /// The file is something else.
    #[error("the file is not a SQLite database")]
    NotADatabase(#[source] Cause),
    /// What the file holds can't be right.
    #[error("the database is corrupt")]
    Corrupt(#[source] Cause),
    /// The tables were written by a later release.
    #[error(
        "the tables have version {found}, and this release knows {known} at most: upgrade pyrate-sqlite"
    )]
    NewerVersion {
        /// The version found.
        found: i64,
        /// The latest version that this release knows.
        known: usize,
    },
    /// A table of that name exists, and isn't this crate's.
    #[error("the table {table:?} exists and is not pyrate's: choose another name")]
    ForeignTable {
        /// The name.
        table: String,
    },
    /// The name can't be that of a table.
    #[error(
        "{name:?} can't name a table: take up to 48 ASCII letters, digits and underscores, the first no digit"
    )]
    TableName {
        /// The name.
        name: String,
    },
    /// The connection handed over is in the middle of a transaction, which would be torn apart.
    #[error("the connection is inside a transaction: commit it first")]
    InTransaction,
    /// No thread could be started to work for async callers.
    #[error("no thread can be started to work for async callers")]
    NoThread(#[source] io::Error),
    /// The commit broke off: it may be found in the file, or not.
    #[error("the commit broke off, and may have been written or not")]
    CommitBroke(#[source] Cause),
    /// The clock, or the store's own code, panicked while it worked for this call.
    #[error("the store or its clock panicked")]
    Panicked,
    /// A clock or a waker made a blocking call to the store that was waiting for it.
    #[error("a clock or a waker can't make a blocking call to the store that calls it")]
    CalledFromWithin,
    /// The answer to a call was lost: the store's own code panicked. The call may be found in the file, or not.
    #[error("the answer was lost on its way")]
    AnswerLost,
    /// Anything else that SQLite refuses.
    #[error("SQLite failed")]
    Other(#[source] Cause),
}

impl SqliteError {
    /// Whether the same call would meet it again.
    fn is_permanent(&self) -> bool {
        matches!(
            self,
            SqliteError::NotADatabase(_)
                | SqliteError::Corrupt(_)
                | SqliteError::NewerVersion { .. }
                | SqliteError::ForeignTable { .. }
                | SqliteError::TableName { .. }
        )
    }

    fn outcome(&self) -> Outcome {
        match self {
            SqliteError::CommitBroke(_) | SqliteError::AnswerLost => Outcome::Unknown,
            _ => Outcome::NotRecorded,
        }
    }
}

impl From<SqliteError> for BucketError {
    fn from(error: SqliteError) -> BucketError {
        let (outcome, is_permanent) = (error.outcome(), error.is_permanent());
        let failure = BucketError::new(outcome, error);
        if is_permanent { failure.permanent() } else { failure }
    }
}
