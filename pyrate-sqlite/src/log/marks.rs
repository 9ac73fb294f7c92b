//! The marks of a log: how many units had been granted by which instant, one row an instant.
//!
//! The last mark is among the counters; a change to it is written once, when the transaction ends.

use super::Log;
use super::cursors::Cursor;
use crate::rows::Mark;
use crate::trouble::Trouble;

/// Each time so many marks came, what has expired makes room.
const DROP_EVERY: u64 = 256;

/// How many may be dropped then: four times as many as came, so that what expired at once is gone soon, and no call
/// takes long.
const DROP_MOST: u64 = 1024;

/// Above this total before the first kept mark they are counted anew, long before a total passes what a row may hold.
const REBASE_ABOVE: u64 = 1 << 60;

impl Log<'_> {
    /// The cursor of `interval`: it may lag behind, and then counts units that have left the window.
    pub(super) fn cursor(&self, interval: u64) -> Cursor {
        self.state.cursors.of(interval).unwrap_or(self.state.start())
    }

    /// Units of all kept marks.
    pub(super) fn live_units(&self) -> u64 {
        self.state.total - self.state.dropped
    }

    /// Records `units` at `at`, which is not before the last mark.
    pub(super) fn append(&mut self, at: u64, units: u64, now: u64) -> Result<(), Trouble> {
        if self.state.is_empty() || self.state.last_at != at {
            self.save_tail()?;
            self.state.next += 1;
            self.state.last_at = at;
        }
        self.state.total += units;
        self.is_tail_changed = true;
        // Also where few but heavy marks came: totals must stay below what a row may hold.
        let is_heavy = self.state.total - self.state.dropped > REBASE_ABOVE;
        if self.state.next.is_multiple_of(DROP_EVERY) || is_heavy {
            self.drop_expired(now, DROP_MOST)?;
        }
        Ok(())
    }

    /// Writes the last mark, if it was changed.
    pub(super) fn save_tail(&mut self) -> Result<(), Trouble> {
        if self.is_tail_changed {
            self.rows.write_mark(self.state.id, self.state.next - 1, self.tail())?;
            self.is_tail_changed = false;
        }
        Ok(())
    }

    /// The instant of the first mark at or behind `from` that brings the total to `need`.
    pub(super) fn instant_of_total(&self, from: Cursor, need: u64) -> Result<Option<u64>, Trouble> {
        let found = self.gallop(from.number, |mark| mark.total < need)?;
        Ok(self.mark(found)?.map(|mark| mark.at))
    }

    /// Where a window of length `interval` begins at `now`: the first mark at or behind `from` that is inside it.
    pub(super) fn window_start(
        &self,
        from: Cursor,
        interval: u64,
        now: u64,
    ) -> Result<Cursor, Trouble> {
        let is_over = |mark: &Mark| mark.at + interval <= now;
        // Most cursors stand still: look once before searching.
        if !self.mark(from.number)?.is_some_and(|mark| is_over(&mark)) {
            return Ok(from);
        }
        self.cursor_at(self.gallop(from.number + 1, is_over)?)
    }

    /// The total of all grants up to and including `instant`.
    pub(super) fn total_at(&self, instant: u64) -> Result<u64, Trouble> {
        let behind = self.gallop(self.state.first, |mark| mark.at <= instant)?;
        Ok(self.cursor_at(behind)?.before)
    }

    /// The total before the first mark inside a window of length `interval`.
    pub(super) fn expired_total(&self, interval: u64, now: u64) -> Result<u64, Trouble> {
        Ok(self.window_start(self.cursor(interval), interval, now)?.before)
    }

    /// Takes `units` off the last mark, and the mark away if none are left; answers whether it is gone.
    pub(super) fn shorten(&mut self, units: u64) -> Result<bool, Trouble> {
        let before = self.cursor_at(self.state.next - 1)?.before;
        let left = self.state.total.checked_sub(units).filter(|left| *left >= before);
        self.state.total =
            left.ok_or(Trouble::Contradiction("more units are free than granted"))?;
        let is_gone = self.state.total == before;
        if is_gone {
            self.state.next -= 1;
            self.rows.delete_mark(self.state.id, self.state.next)?;
            self.state.last_at = 0;
            if !self.state.is_empty() {
                self.state.last_at = self.rows.mark(self.state.id, self.state.next - 1)?.at;
            }
        }
        self.is_tail_changed = !is_gone;
        Ok(is_gone)
    }

    /// Counts from the first kept mark again.
    pub(super) fn rebase(&mut self) -> Result<(), Trouble> {
        let by = self.state.dropped;
        if by > REBASE_ABOVE {
            self.rows.shift_marks(self.state.id, by)?;
            self.state.cursors.shift(by);
            self.state.total -= by;
            self.state.dropped = 0;
        }
        Ok(())
    }

    pub(super) fn cursor_at(&self, number: u64) -> Result<Cursor, Trouble> {
        if number <= self.state.first {
            return Ok(self.state.start());
        }
        let before = self.mark(number - 1)?.map_or(self.state.total, |mark| mark.total);
        Ok(Cursor { number, before })
    }

    /// The mark with this number; `None` behind the last one.
    fn mark(&self, number: u64) -> Result<Option<Mark>, Trouble> {
        if number >= self.state.next {
            return Ok(None);
        }
        if number + 1 == self.state.next {
            return Ok(Some(self.tail()));
        }
        let mark = self.rows.mark(self.state.id, number)?;
        let is_within = (self.state.dropped..=self.state.total).contains(&mark.total)
            && mark.at <= self.state.last_at;
        if is_within { Ok(Some(mark)) } else { Err(Trouble::Contradiction("a mark")) }
    }

    fn tail(&self) -> Mark {
        Mark { at: self.state.last_at, total: self.state.total }
    }

    /// The first number from `from` on whose mark is not `passed`; marks that are passed all stand before the others.
    ///
    /// Steps of doubling length, then halving: what is near is found in a few reads, however long the log.
    fn gallop(&self, from: u64, passed: impl Fn(&Mark) -> bool) -> Result<u64, Trouble> {
        let is_passed = |number| {
            let mark = self.mark(number)?;
            Ok::<bool, Trouble>(mark.is_some_and(|mark| passed(&mark)))
        };
        let (mut low, mut step) = (from, 1);
        while is_passed(low + step - 1)? {
            low += step;
            step *= 2;
        }
        // All before `low` are passed, and the one at `low + step - 1` is not.
        let mut high = (low + step - 1).min(self.state.next.max(low));
        while low < high {
            let middle = low.midpoint(high);
            if is_passed(middle)? {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}
