//! What leaves a log: cursors move on, marks that no window holds any more are dropped.

use pyrate_core::{Rates, Timestamp};

use super::Log;
use super::cursors::Cursor;
use crate::trouble::Trouble;

/// How much a leak removed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaked {
    pub(crate) units: u64,
    /// Whether there is more to remove.
    pub(crate) is_partial: bool,
}

impl Log<'_> {
    /// Drops up to `most` marks that have left the window of the longest interval that any handle uses.
    pub(crate) fn leak(&mut self, now: Timestamp, most: u64) -> Result<Leaked, Trouble> {
        let now = self.effective(now);
        if self.expired_total(self.keep(), now)? == self.state.dropped {
            return Ok(Leaked { units: 0, is_partial: false });
        }
        self.begin_change(now)?;
        let marks = self.marks();
        let units = self.drop_expired(now, most)?;
        // Whoever leaks until nothing is left must come nearer to it.
        if self.marks() == marks {
            return Err(Trouble::Contradiction("a cursor stands behind marks that count"));
        }
        let is_partial = self.expired_total(self.keep(), now)? != self.state.dropped;
        Ok(Leaked { units, is_partial })
    }

    /// Whether nothing that the bucket granted or reserved is charged at `now`, and it didn't change later: it may be
    /// forgotten.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        let now = now.as_micros();
        self.state.seen <= now && (self.state.is_empty() || self.state.last_at + self.keep() <= now)
    }

    /// Whether the bucket has a row.
    pub(crate) fn is_stored(&self) -> bool {
        self.is_stored
    }

    /// How many marks are kept.
    pub(crate) fn marks(&self) -> u64 {
        self.state.next - self.state.first
    }

    /// Deletes the bucket with all that it holds.
    pub(crate) fn delete(self) -> Result<(), Trouble> {
        if self.state.id > 0 {
            self.rows.delete_contents(self.state.id)?;
            self.rows.run(&self.rows.sql.delete_bucket, [self.key.bytes()])?;
        }
        Ok(())
    }

    /// Leaves behind what holds for the buckets that come anew: no number is given again, and if nothing was charged,
    /// time doesn't run back behind this one's.
    pub(crate) fn leave_traces(&self, is_over: bool) -> Result<(), Trouble> {
        let seen = if is_over { self.state.seen.max(self.state.last_at) } else { 0 };
        self.rows.leave_traces(seen, self.state.last_id)
    }

    /// Moves the cursor of every rate to the start of its window.
    ///
    /// Only within a change: cursors that moved at `now` are wrong for any instant before it.
    pub(super) fn advance(&mut self, rates: &Rates, now: u64) -> Result<(), Trouble> {
        for rate in rates.iter() {
            let interval = rate.interval_micros();
            let cursor = self.window_start(self.cursor(interval), interval, now)?;
            self.state.cursors.set(interval, cursor);
        }
        Ok(())
    }

    /// Drops up to `most` marks that no window holds any more, within a change; returns the units they held.
    pub(super) fn drop_expired(&mut self, now: u64, most: u64) -> Result<u64, Trouble> {
        let start = self.state.start();
        let end = self.window_start(start, self.keep(), now)?;
        let end = self.cursor_at(end.number.min(start.number.saturating_add(most)))?;
        if end.number == start.number {
            return Ok(0);
        }
        self.drop_before(end)?;
        Ok(end.before - start.before)
    }

    fn drop_before(&mut self, end: Cursor) -> Result<(), Trouble> {
        self.save_tail()?;
        let until = self.instant_before(end)?;
        let free = self.forget_places(until)?;
        let gone = (end.before - self.state.dropped).saturating_sub(free);
        self.rows.delete_marks_before(self.state.id, end.number)?;
        (self.state.first, self.state.dropped) = (end.number, end.before);
        if self.state.is_empty() {
            self.state.last_at = 0;
        }
        self.state.cursors.not_before(end);
        self.forget_names(gone)?;
        self.rebase()
    }

    /// The instant of the last mark before `end`.
    fn instant_before(&self, end: Cursor) -> Result<u64, Trouble> {
        Ok(self.rows.mark(self.state.id, end.number - 1)?.at)
    }
}
