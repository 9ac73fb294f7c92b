//! What a call works on: the logs of a transaction, and the one instant at which it happens.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pyrate_core::{BucketError, Clock, Timestamp, TimestampError};

use crate::error::SqliteError;
use crate::key::BucketKey;
use crate::log::Log;
use crate::rows::Rows;
use crate::trouble::Trouble;

/// The calls that share a transaction see each other's changes, in order of arrival.
pub(crate) struct Transaction<'c> {
    pub(crate) rows: Rows<'c>,
    clock: &'c dyn Clock,
    /// Read once: all calls of a transaction happen at one instant.
    reading: Option<Result<Timestamp, BucketError>>,
    logs: HashMap<Arc<str>, Log<'c>>,
}

/// Why a call has no answer.
pub(crate) enum Failed {
    /// This call's own fault, of no harm to those beside it; it changed nothing.
    Refused(BucketError),
    /// The transaction can't go on.
    Broken(Trouble),
}

impl<'c> Transaction<'c> {
    pub(crate) fn new(rows: Rows<'c>, clock: &'c dyn Clock) -> Transaction<'c> {
        Transaction { rows, clock, reading: None, logs: HashMap::new() }
    }

    /// The instant of a call: its stamp, else the transaction's.
    pub(crate) fn now(&mut self, stamp: Option<Timestamp>) -> Result<Timestamp, Failed> {
        let now = match stamp {
            Some(stamp) => stamp,
            None => self.reading.get_or_insert_with(|| read(self.clock)).clone()?,
        };
        if now > Timestamp::MAX {
            Err(Failed::Refused(TimestampError(now).into()))
        } else {
            Ok(now)
        }
    }

    /// The log of a bucket.
    pub(crate) fn log(&mut self, key: &Arc<BucketKey>) -> Result<&mut Log<'c>, Trouble> {
        match self.logs.entry(key.text()) {
            Entry::Occupied(log) => Ok(log.into_mut()),
            Entry::Vacant(none) => Ok(none.insert(Log::load(self.rows, Arc::clone(key))?)),
        }
    }

    /// Takes the log of a bucket out, to be deleted.
    pub(crate) fn take_log(&mut self, key: &Arc<BucketKey>) -> Result<Log<'c>, Trouble> {
        match self.logs.remove(key.as_str()) {
            Some(mut log) => log.save().map(|()| log),
            None => Log::load(self.rows, Arc::clone(key)),
        }
    }

    /// Writes what was changed.
    pub(crate) fn save(&mut self) -> Result<(), Trouble> {
        self.logs.values_mut().try_for_each(Log::save)
    }
}

/// A clock is its author's code: its panic must not reach those who only share the transaction.
fn read(clock: &dyn Clock) -> Result<Timestamp, BucketError> {
    catch_unwind(AssertUnwindSafe(|| clock.now()))
        .unwrap_or_else(|_| Err(SqliteError::Panicked.into()))
}

impl From<BucketError> for Failed {
    fn from(error: BucketError) -> Failed {
        Failed::Refused(error)
    }
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Failed {
        Failed::Broken(trouble)
    }
}
