//! One bucket's log within a transaction: decides as `SlidingLog` does, and keeps its parts in rows.
//!
//! The counters are read once and written once; of the rest only the rows that a decision needs. Nothing here begins or
//! ends a transaction, or reads a clock. What only looks at the log stands in `look`.

mod cursors;
mod expiry;
mod look;
mod marks;
mod names;
mod queue;
mod state;

use std::sync::Arc;
use std::time::Duration;

use pyrate_core::{Decision, Denial, Grant, RateItem, Rates, Timestamp};

use crate::key::BucketKey;
use crate::rows::Rows;
use crate::trouble::Trouble;
pub(crate) use expiry::Leaked;
use look::Spot;
use state::{MAX_NUMBER, MAX_STORED, State};

/// The log of one bucket.
#[derive(Debug)]
pub(crate) struct Log<'c> {
    rows: Rows<'c>,
    key: Arc<BucketKey>,
    state: State,
    /// Whether the bucket has a row.
    is_stored: bool,
    /// Whether the counters must be written.
    is_changed: bool,
    /// Whether the last mark must be: it may grow until the transaction ends.
    is_tail_changed: bool,
}

impl<'c> Log<'c> {
    /// Reads what is stored of the bucket; nothing is stored of a new one.
    pub(crate) fn load(rows: Rows<'c>, key: Arc<BucketKey>) -> Result<Log<'c>, Trouble> {
        let stored = State::load(&rows, key.bytes())?;
        let is_stored = stored.is_some();
        let state = match stored {
            Some(state) => state,
            None => Log::anew(&rows)?,
        };
        // Whoever calls wants history for as long as its own windows from now on: once, that is written.
        let is_changed = is_stored && state.keep < key.longest_interval();
        let mut log = Log { rows, key, state, is_stored, is_changed, is_tail_changed: false };
        log.state.keep = log.keep();
        Ok(log)
    }

    /// A bucket that has no row, or none any more: time doesn't run back, and no number is given twice.
    fn anew(rows: &Rows<'_>) -> Result<State, Trouble> {
        let (seen, last_id) = rows.traces()?;
        if seen > MAX_NUMBER || last_id > MAX_STORED {
            return Err(Trouble::Contradiction("the store's own row"));
        }
        Ok(State { seen, last_id, ..State::default() })
    }

    /// Writes what was changed.
    pub(crate) fn save(&mut self) -> Result<(), Trouble> {
        if self.is_changed {
            self.save_tail()?;
            self.state.save(&self.rows, self.key.bytes(), !self.is_stored)?;
            (self.is_stored, self.is_changed) = (true, false);
        }
        Ok(())
    }

    /// See `SlidingLog::reserve`.
    pub(crate) fn reserve(
        &mut self,
        rates: &Rates,
        item: &RateItem<'_>,
        now: Timestamp,
        max_delay: Duration,
    ) -> Result<Decision, Trouble> {
        let now = self.effective(now);
        if item.weight == 0 {
            let at = Timestamp::from_micros(now);
            return Ok(Decision::Granted(Grant::new(at, Duration::ZERO, 0)));
        }
        if self.fits_by_cursors(rates, item.weight, now) {
            self.begin_change(now)?;
            return self
                .write(item, Spot::behind(now, rates.shortest()), now)
                .map(Decision::Granted);
        }
        self.reserve_exactly(rates, item, now, max_delay)
    }

    fn reserve_exactly(
        &mut self,
        rates: &Rates,
        item: &RateItem<'_>,
        now: u64,
        max_delay: Duration,
    ) -> Result<Decision, Trouble> {
        let Some(spot) = self.earliest(rates, item.weight, now)? else {
            let rate = rates.shortest();
            return Ok(Decision::Denied(Denial { rate, retry_after: None }));
        };
        let latest = Timestamp::from_micros(now).checked_add(max_delay).unwrap_or(Timestamp::MAX);
        if spot.at > latest.as_micros() || !self.can_hold(item.weight, spot, now)? {
            let retry_after = Some(Duration::from_micros(spot.at - now));
            return Ok(Decision::Denied(Denial { rate: spot.rate, retry_after }));
        }
        self.begin_change(now)?;
        self.advance(rates, now)?;
        self.write(item, spot, now).map(Decision::Granted)
    }

    /// See `SlidingLog::cancel`.
    pub(crate) fn cancel(&mut self, grant: &Grant, now: Timestamp) -> Result<bool, Trouble> {
        let (now, at) = (self.effective(now), grant.at.as_micros());
        let is_known = at <= MAX_NUMBER && grant.id() <= MAX_STORED;
        if at <= now || !is_known || !self.free(at, grant.id())? {
            return Ok(false);
        }
        self.begin_change(now)?;
        self.trim_tail()?;
        Ok(true)
    }

    /// Forgets every grant and reservation. Time still doesn't run back, and no reservation's number is used again.
    pub(crate) fn flush(&mut self) -> Result<(), Trouble> {
        if !self.is_stored && !self.is_changed {
            return Ok(());
        }
        self.rows.delete_contents(self.state.id)?;
        let State { id, keep, seen, last_id, .. } = self.state;
        self.state = State { id, keep, seen, last_id, ..State::default() };
        (self.is_changed, self.is_tail_changed) = (true, false);
        Ok(())
    }

    /// The instant of a call: the clock's reading, but never before the last change.
    fn effective(&self, now: Timestamp) -> u64 {
        now.as_micros().max(self.state.seen)
    }

    /// Whether `weight` fits at `now` by what the cursors show. They may lag, so `false` proves nothing.
    fn fits_by_cursors(&self, rates: &Rates, weight: u64, now: u64) -> bool {
        self.state.last_at <= now
            && rates.iter().all(|rate| {
                let used = self.state.total - self.cursor(rate.interval_micros()).before;
                weight <= rate.limit().saturating_sub(used)
            })
    }

    /// Whether the live total stays within its range.
    ///
    /// A grant at `now` always does, since the longest rate's limit does; only a long queue can fill the log, or what
    /// another handle keeps for a longer interval.
    fn can_hold(&self, weight: u64, spot: Spot, now: u64) -> Result<bool, Trouble> {
        if spot.is_free_place {
            return Ok(true);
        }
        let live = self.state.total - self.expired_total(self.keep(), now)?;
        Ok(weight <= MAX_NUMBER.saturating_sub(live))
    }

    /// Writes down a grant at `spot`, within a change.
    fn write(&mut self, item: &RateItem<'_>, spot: Spot, now: u64) -> Result<Grant, Trouble> {
        if spot.is_free_place {
            self.take_place(spot.at, item.weight)?;
        } else {
            self.append(spot.at, item.weight, now)?;
        }
        let delay = Duration::from_micros(spot.at - now);
        let grant = Grant::new(Timestamp::from_micros(spot.at), delay, item.weight);
        if spot.at > now {
            return Ok(grant.with_id(self.line_up(item, spot.at)?));
        }
        let name = self.stored_name(&item.name);
        self.name_units(name.as_deref(), item.weight)?;
        Ok(grant)
    }

    /// Moves `seen` to `now`; reservations that are due by then can't be cancelled any more.
    fn begin_change(&mut self, now: u64) -> Result<(), Trouble> {
        if self.state.id == 0 {
            self.state.id = self.rows.next_bucket()?;
        }
        self.state.seen = now;
        self.is_changed = true;
        self.settle(now)
    }

    /// How long history is kept: for the longest interval of all handles, those of this process included that have not
    /// called yet.
    fn keep(&self) -> u64 {
        self.state.keep.max(self.key.longest_interval())
    }

    /// `name` as it is stored: `None` where it is the bucket's key, or names are not kept.
    fn stored_name(&self, name: &str) -> Option<Vec<u8>> {
        let is_kept = self.rows.keeps_names && name.as_bytes() != self.key.bytes();
        is_kept.then(|| name.as_bytes().to_vec())
    }
}
