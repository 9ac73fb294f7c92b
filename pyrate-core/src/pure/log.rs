//! The sliding log: one bucket's state, and all that changes it.
//!
//! Pure: the caller brings the time and the lock. What only looks at the log stands in `log_view`.

use std::time::Duration;

use super::decision::{Decision, Denial, Grant};
use super::log_view::Spot;
use super::marks::{Cursor, Marks};
use super::names::Names;
use super::queue::{Queue, Waiting};
use super::rate::Rate;
use super::rates::Rates;
use super::request::RateItem;
use super::timestamp::{MAX_NUMBER, REBASE_ABOVE, Timestamp, TimestampError, whole_micros};

/// A rate and where its window begins.
///
/// The cursor may lag behind: it then counts units that have left the window, never too few.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gauge {
    pub(super) limit: u64,
    pub(super) interval: u64,
    pub(super) cursor: Cursor,
}

/// The exact state of one bucket: which units were granted for which instants, for any number of rates.
///
/// It holds no clock and no lock. Each method takes `now`, the clock's reading or the stamp that stands in for it, and
/// works at the later of `now` and [`SlidingLog::seen`]: a clock that runs backwards admits nothing twice.
///
/// Time per call doesn't depend on weights, and grows with the logarithm of the number of stored instants. Free places of
/// cancelled reservations are passed one by one, and so are reservations by `peek`.
///
/// ```
/// use std::time::Duration;
/// use pyrate_core::{Decision, Rate, RateItem, SlidingLog, Timestamp};
///
/// let mut log = SlidingLog::new(Rate::per_second(2));
/// let (item, start) = (RateItem::new("user", 2), Timestamp::from_micros(100));
/// assert!(log.reserve(&item, start, Duration::ZERO)?.is_granted());
///
/// // Two more units fit one second later: not now, but a caller who may wait gets that place.
/// assert!(log.reserve(&item, start, Duration::ZERO)?.is_denied());
/// let Decision::Granted(grant) = log.reserve(&item, start, Duration::MAX)? else { unreachable!() };
/// assert_eq!(grant.delay, Duration::from_secs(1));
/// assert_eq!(log.count(start)?, 4);
/// # Ok::<(), pyrate_core::TimestampError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SlidingLog {
    pub(super) rates: Rates,
    /// One gauge a rate. The last one, of the longest interval, stands on the first kept mark.
    pub(super) gauges: Box<[Gauge]>,
    pub(super) marks: Marks,
    pub(super) queue: Queue,
    pub(super) names: Option<Names>,
    pub(super) seen: u64,
}

impl SlidingLog {
    /// An empty log.
    #[must_use]
    pub fn new(rates: impl Into<Rates>) -> SlidingLog {
        let rates = rates.into();
        let gauge = |rate: &Rate| Gauge {
            limit: rate.limit(),
            interval: rate.interval_micros(),
            cursor: Cursor::default(),
        };
        SlidingLog {
            gauges: rates.iter().map(gauge).collect(),
            rates,
            marks: Marks::default(),
            queue: Queue::default(),
            names: Some(Names::default()),
            seen: 0,
        }
    }

    /// Keeps no names from here on: [`SlidingLog::peek`] then shows empty ones.
    #[must_use]
    pub fn without_names(self) -> SlidingLog {
        SlidingLog { names: None, ..self }
    }

    /// Has the next reservation bear the number `id` (1 to 2^63), unless as high a one was given already.
    ///
    /// Numbers rise from 1 on by themselves. Whoever takes care that no two logs use the same ones can't mistake a grant of
    /// one for that of another.
    pub fn set_next_id(&mut self, id: u64) {
        self.queue.number_after(id.clamp(1, 1 << 63) - 1);
    }

    /// Lets time not run back behind `seen`: for a log that takes the place of one whose time had come there.
    #[must_use]
    pub fn with_seen(self, seen: Timestamp) -> SlidingLog {
        let seen = self.seen.max(seen.min(Timestamp::MAX).as_micros());
        SlidingLog { seen, ..self }
    }

    /// The rates it holds.
    #[must_use]
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// The latest instant at which the log changed; time doesn't run back behind it.
    #[must_use]
    pub fn seen(&self) -> Timestamp {
        Timestamp::from_micros(self.seen)
    }

    /// Admits `item` at the earliest instant at which every rate has room for its whole weight, and records it there.
    ///
    /// All or nothing: an item that would have to wait longer than `max_delay` (whole microseconds of it) is denied
    /// and leaves no trace. So is, whatever `max_delay`, one whose instant would lie beyond [`Timestamp::MAX`] or with
    /// which the live units would pass 2^53 - 1. `now` is the clock's reading or the item's stamp; the stamp is not looked at here.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    #[inline]
    pub fn reserve(
        &mut self,
        item: &RateItem<'_>,
        now: Timestamp,
        max_delay: Duration,
    ) -> Result<Decision, TimestampError> {
        let now = self.effective(now)?;
        if item.weight == 0 {
            return Ok(Decision::Granted(Grant::new(
                Timestamp::from_micros(now),
                Duration::ZERO,
                0,
            )));
        }
        if self.fits_by_cursors(item.weight, now) {
            return Ok(Decision::Granted(self.grant_at_once(item, now)));
        }
        Ok(self.reserve_exactly(item, now, max_delay))
    }

    #[inline]
    fn grant_at_once(&mut self, item: &RateItem<'_>, now: u64) -> Grant {
        self.begin_change(now);
        // Before the ring grows, what has expired makes room: memory follows the window even if nobody leaks.
        if self.marks.is_full() {
            self.advance(now);
        }
        let spot = Spot { at: now, rate: self.rates.shortest(), is_free_place: false };
        self.write(item, spot, now)
    }

    #[inline(never)]
    fn reserve_exactly(&mut self, item: &RateItem<'_>, now: u64, max_delay: Duration) -> Decision {
        let Some(spot) = self.earliest(item.weight, now) else {
            return Decision::Denied(Denial { rate: self.rates.shortest(), retry_after: None });
        };
        let delay = spot.at - now;
        if delay > whole_micros(max_delay) || !self.can_hold(item.weight, spot, now) {
            let retry_after = Some(Duration::from_micros(delay));
            return Decision::Denied(Denial { rate: spot.rate, retry_after });
        }
        self.begin_change(now);
        self.advance(now);
        Decision::Granted(self.write(item, spot, now))
    }

    /// Gives back a grant that is not due yet, whose units the next who fits may take.
    ///
    /// `false`, and nothing changed, if the grant is due, was cancelled before, or is not of this log.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    pub fn cancel(&mut self, grant: &Grant, now: Timestamp) -> Result<bool, TimestampError> {
        let now = self.effective(now)?;
        let at = grant.at.as_micros();
        if at <= now || !self.queue.free(at, grant.id()) {
            return Ok(false);
        }
        self.begin_change(now);
        self.trim_tail();
        Ok(true)
    }

    /// Drops what has left the longest window and gives back memory; returns the units it removed.
    ///
    /// No decision depends on it: expired units are passed over, and dropped as others arrive.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    pub fn leak(&mut self, now: Timestamp) -> Result<u64, TimestampError> {
        let now = self.effective(now)?;
        let mut removed = 0;
        if self.expired_total(now) != self.marks.dropped() {
            self.begin_change(now);
            removed = self.advance(now);
        }
        self.marks.shrink();
        self.names.iter_mut().for_each(Names::shrink);
        Ok(removed)
    }

    /// Forgets every grant and reservation. Time still doesn't run back, and no reservation's number is used again.
    pub fn flush(&mut self) {
        self.marks.clear();
        self.queue.clear();
        self.names.iter_mut().for_each(Names::clear);
        self.gauges.iter_mut().for_each(|gauge| gauge.cursor = Cursor::default());
    }

    /// The instant of a call: the clock's reading, but never before the last change.
    #[inline]
    pub(super) fn effective(&self, now: Timestamp) -> Result<u64, TimestampError> {
        if now > Timestamp::MAX {
            return Err(TimestampError(now));
        }
        Ok(now.as_micros().max(self.seen))
    }

    /// Whether `weight` fits at `now` by what the cursors show. They may lag, so `false` proves nothing.
    #[inline]
    fn fits_by_cursors(&self, weight: u64, now: u64) -> bool {
        let total = self.marks.total();
        let has_room =
            |gauge: &Gauge| weight <= gauge.limit.saturating_sub(total - gauge.cursor.before);
        self.marks.last_at() <= now && self.gauges.iter().all(has_room)
    }

    /// Whether the live total stays within its range.
    ///
    /// A grant at `now` always does, since the longest rate's limit does; only a long queue can fill the log.
    fn can_hold(&self, weight: u64, spot: Spot, now: u64) -> bool {
        let live = self.marks.total() - self.expired_total(now);
        spot.at <= MAX_NUMBER && (spot.is_free_place || weight <= MAX_NUMBER.saturating_sub(live))
    }

    /// Writes down a grant at `spot`, within a change.
    #[inline]
    fn write(&mut self, item: &RateItem<'_>, spot: Spot, now: u64) -> Grant {
        if spot.is_free_place {
            self.queue.take(spot.at, item.weight);
        } else {
            self.marks.add(spot.at, item.weight);
        }
        let delay = Duration::from_micros(spot.at - now);
        let grant = Grant::new(Timestamp::from_micros(spot.at), delay, item.weight);
        if spot.at > now {
            return grant.with_id(self.line_up(item, spot.at));
        }
        self.name_units(&item.name, item.weight);
        grant
    }

    fn line_up(&mut self, item: &RateItem<'_>, at: u64) -> u64 {
        let name = self.names.as_mut().map(|names| names.shared(&item.name));
        self.queue.push(Waiting { at, weight: item.weight, name })
    }

    #[inline]
    fn name_units(&mut self, name: &str, units: u64) {
        if let Some(names) = &mut self.names {
            names.push(name, units);
        }
    }

    /// Moves `seen` to `now`; reservations that are due by then can't be cancelled any more.
    #[inline]
    fn begin_change(&mut self, now: u64) {
        self.seen = now;
        if !self.queue.is_idle() {
            self.settle(now);
        }
    }

    #[cold]
    fn settle(&mut self, now: u64) {
        while let Some(due) = self.queue.pop_due(now) {
            self.name_units(due.name.as_deref().unwrap_or_default(), due.weight);
        }
    }

    /// Moves every cursor to the start of its window, drops what all windows have passed, returns the dropped units.
    ///
    /// Only within a change: cursors that moved at `now` are wrong for any instant before it.
    #[inline(never)]
    fn advance(&mut self, now: u64) -> u64 {
        for gauge in &mut self.gauges {
            gauge.cursor = self.marks.window_start(gauge.cursor, gauge.interval, now);
        }
        self.drop_front(self.gauges.last().map_or(0, |gauge| gauge.cursor.skip))
    }

    fn drop_front(&mut self, count: usize) -> u64 {
        let Some((units, until)) = self.marks.drain(count) else {
            return 0;
        };
        let free = self.queue.forget_places(until);
        self.names.iter_mut().for_each(|names| names.forget(units - free));
        for gauge in &mut self.gauges {
            gauge.cursor.skip = gauge.cursor.skip.saturating_sub(count);
        }
        self.rebase();
        units
    }

    fn rebase(&mut self) {
        if self.marks.dropped() > REBASE_ABOVE {
            let shift = self.marks.rebase();
            self.gauges.iter_mut().for_each(|gauge| gauge.cursor.before -= shift);
        }
    }

    /// Removes free units behind which nobody stands.
    fn trim_tail(&mut self) {
        while !self.marks.is_empty()
            && let Some(free) = self.queue.remove_place(self.marks.last_at())
            && self.marks.shorten(free)
        {}
        let end = self.marks.end();
        for gauge in &mut self.gauges {
            gauge.cursor.skip = gauge.cursor.skip.min(end.skip);
            gauge.cursor.before = gauge.cursor.before.min(end.before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(log: &mut SlidingLog, at: u64) {
        let (item, now) = (RateItem::new("", 1), Timestamp::from_micros(at));
        assert!(log.reserve(&item, now, Duration::ZERO).unwrap().is_granted());
    }

    // Decisions would be the same without these shortcuts, only slower.
    #[test]
    fn cursors_move_only_when_an_item_does_not_fit_by_them_and_totals_are_not_counted_anew() {
        let mut log = SlidingLog::new(Rate::new(3, Duration::from_micros(10)).unwrap());
        for at in [0, 1, 20] {
            grant(&mut log, at);
        }
        assert_eq!(log.marks.dropped(), 0);
        assert!(!log.fits_by_cursors(1, 20));
        grant(&mut log, 20);
        assert_eq!(log.marks.dropped(), 2);
        assert!(log.fits_by_cursors(1, 20) && !log.fits_by_cursors(2, 20));
    }
}
