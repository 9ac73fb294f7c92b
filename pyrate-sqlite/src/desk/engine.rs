//! The engine: makes a batch of calls in one transaction, and waits for other processes where it must.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use pyrate_core::{BucketError, Clock};
use rusqlite::Connection;

use super::call::{Call, Effect};
use crate::error::SqliteError;
use crate::rows::Rows;
use crate::statements::Statements;
use crate::transaction::Transaction;
use crate::trouble::Trouble;
use crate::waiting;

/// The connection, with all that a transaction needs.
pub(crate) struct Engine {
    pub(crate) connection: Connection,
    pub(crate) sql: Statements,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) busy_timeout: Duration,
    pub(crate) keeps_names: bool,
}

impl Engine {
    /// Makes the calls of `batch` in one transaction. Answers those that could not be made within it, because somebody
    /// else held the store's lock: they have waited for less than the busy timeout, and are to be made next.
    pub(super) fn make(&self, batch: Vec<Call>) -> Vec<Call> {
        let mut calls: Vec<Call> = batch.into_iter().filter(Call::is_wanted).collect();
        let Some(oldest) = calls.iter().map(|call| call.arrived).min() else { return Vec::new() };
        // A timeout that no clock can reach never ends.
        let patience = oldest.checked_add(self.busy_timeout);
        let attempt = || {
            // Some may have left while the others waited for the lock.
            calls.retain(Call::is_wanted);
            self.attempt_without_panic(&mut calls)
        };
        match waiting::until(patience, attempt) {
            Ok(()) => calls.into_iter().for_each(|call| call.finish(Ok(()))),
            Err(trouble) if trouble.is_busy() => return self.tell_busy(calls, trouble),
            Err(trouble) if calls.len() == 1 || trouble.is_final() => finish_all(calls, trouble),
            // One of them may be at fault: each for itself, so that it harms no other.
            Err(_) => return calls.into_iter().flat_map(|call| self.make(vec![call])).collect(),
        }
        Vec::new()
    }

    fn attempt_without_panic(&self, calls: &mut [Call]) -> Result<(), Trouble> {
        let attempt = catch_unwind(AssertUnwindSafe(|| self.attempt(calls)));
        attempt.unwrap_or_else(|_| {
            self.roll_back();
            Err(SqliteError::Panicked.into())
        })
    }

    fn attempt(&self, calls: &mut [Call]) -> Result<(), Trouble> {
        // Left open only where even rolling back failed.
        self.roll_back();
        let writes = calls.iter().any(|call| call.effect == Effect::Change);
        self.run(if writes { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
        let commit = || self.run("COMMIT").map_err(Trouble::at_commit);
        let ended = self.run_calls(calls, writes).and_then(|()| commit());
        if ended.is_err() {
            self.roll_back();
        }
        ended
    }

    fn run_calls(&self, calls: &mut [Call], writes: bool) -> Result<(), Trouble> {
        let rows =
            Rows { connection: &self.connection, sql: &self.sql, keeps_names: self.keeps_names };
        let mut transaction = Transaction::new(rows, &*self.clock);
        calls.iter_mut().try_for_each(|call| call.run(&mut transaction))?;
        // Looks leave nothing to write but how long history is wanted, for which they shall not wait.
        if writes { transaction.save() } else { Ok(()) }
    }

    fn run(&self, sql: &str) -> Result<(), Trouble> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            let _ = self.run("ROLLBACK");
        }
    }

    /// Tells the calls whose patience is over that the store was busy; answers the others.
    fn tell_busy(&self, calls: Vec<Call>, trouble: Trouble) -> Vec<Call> {
        let is_over = |call: &mut Call| call.arrived.elapsed() >= self.busy_timeout;
        let mut calls = calls;
        let over: Vec<Call> = calls.extract_if(.., is_over).collect();
        finish_all(over, trouble);
        calls
    }
}

fn finish_all(calls: Vec<Call>, trouble: Trouble) {
    let waited = calls.iter().map(|call| call.arrived.elapsed()).max().unwrap_or_default();
    let error = BucketError::from(trouble.told(waited));
    for call in calls {
        call.finish(Err(error.clone()));
    }
}
