//! Trouble within a transaction: SQLite's own errors, and what can't be right in the rows.
//!
//! It stays inside the crate; callers see a `SqliteError`.

use std::time::Duration;

use rusqlite::types::FromSqlError;
use rusqlite::{Error, ErrorCode};

use crate::error::SqliteError;

/// Why a transaction can't go on.
#[derive(Debug)]
pub(crate) enum Trouble {
    Sqlite(Error),
    /// The rows contradict each other.
    Contradiction(&'static str),
    Refused(SqliteError),
}

impl Trouble {
    /// Whether it may be over in a moment, when whoever holds the lock is done.
    pub(crate) fn is_busy(&self) -> bool {
        let Trouble::Sqlite(error) = self else { return false };
        matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        )
    }

    /// Whether the calls of a transaction must not be made again, each for itself.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Trouble::Refused(SqliteError::CommitBroke(_)))
    }

    /// The same for a caller, who had `waited` for the lock.
    pub(crate) fn told(self, waited: Duration) -> SqliteError {
        let is_busy = self.is_busy();
        match self {
            Trouble::Sqlite(error) if is_busy => SqliteError::Busy { waited, source: error.into() },
            Trouble::Sqlite(error) => classified(error),
            Trouble::Contradiction(what) => SqliteError::Corrupt(what.into()),
            Trouble::Refused(error) => error,
        }
    }

    /// The same where it came from a commit. Where writing or syncing failed, the frames may be complete on the disk all
    /// the same, and be found there after a crash.
    pub(crate) fn at_commit(self) -> Trouble {
        match self {
            Trouble::Sqlite(error)
                if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) =>
            {
                Trouble::Refused(SqliteError::CommitBroke(error.into()))
            }
            other => other,
        }
    }
}

fn classified(error: Error) -> SqliteError {
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            SqliteError::CannotOpen(error.into())
        }
        _ if matches!(error, Error::NulError(_) | Error::InvalidPath(_)) => {
            SqliteError::CannotOpen(error.into())
        }
        Some(ErrorCode::ReadOnly) => SqliteError::ReadOnly(error.into()),
        Some(ErrorCode::DiskFull) => SqliteError::Full(error.into()),
        Some(ErrorCode::NotADatabase) => SqliteError::NotADatabase(error.into()),
        // A row that is to be written anew stands there already: the counters know nothing of it.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation) => {
            SqliteError::Corrupt(error.into())
        }
        _ if is_wrong_value(&error) => SqliteError::Corrupt(error.into()),
        _ => SqliteError::Other(error.into()),
    }
}

/// Whether a row was read, and held what no row of ours holds.
fn is_wrong_value(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidColumnType(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::FromSqlConversionFailure(..)
            | Error::QueryReturnedNoRows
    )
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Sqlite(error)
    }
}

impl From<SqliteError> for Trouble {
    fn from(error: SqliteError) -> Trouble {
        Trouble::Refused(error)
    }
}

impl From<FromSqlError> for Trouble {
    fn from(error: FromSqlError) -> Trouble {
        Trouble::Sqlite(error.into())
    }
}
