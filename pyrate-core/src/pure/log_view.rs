//! Looking at a sliding log: where a weight would fit, how much is counted, who holds it.
//!
//! Nothing here changes the log.

use std::borrow::Cow;
use std::time::Duration;

use super::log::{Gauge, SlidingLog};
use super::rate::Rate;
use super::request::RateItem;
use super::timestamp::{Timestamp, TimestampError};

/// Where an item would be recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) at: u64,
    /// The rate that sets the instant; the shortest one if none does.
    pub(super) rate: Rate,
    /// A place that a cancelled reservation left, else behind all others.
    pub(super) is_free_place: bool,
}

impl SlidingLog {
    /// How long `item` would have to wait if it were reserved now; `None`: its weight is above a limit, it never fits.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    pub fn waiting(
        &self,
        item: &RateItem<'_>,
        now: Timestamp,
    ) -> Result<Option<Duration>, TimestampError> {
        let now = self.effective(now)?;
        if item.weight == 0 {
            return Ok(Some(Duration::ZERO));
        }
        Ok(self.earliest(item.weight, now).map(|spot| Duration::from_micros(spot.at - now)))
    }

    /// Units inside the longest window: reservations are counted, what was cancelled is not.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    pub fn count(&self, now: Timestamp) -> Result<u64, TimestampError> {
        let now = self.effective(now)?;
        let charged = self.marks.total() - self.expired_total(now);
        Ok(charged - self.queue.free_from((now + 1).saturating_sub(self.longest_interval())))
    }

    /// The instant from which nothing is charged any more, neither granted, reserved nor free, unless more is granted.
    ///
    /// From then on it is as new, but for [`SlidingLog::seen`]. Zero if nothing is charged; it may lie beyond
    /// [`Timestamp::MAX`].
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        if self.marks.is_empty() {
            return Timestamp::ZERO;
        }
        Timestamp::from_micros(self.marks.last_at() + self.longest_interval())
    }

    /// The largest weight that would be granted without waiting: 0 while others wait in line, but for a cancelled place
    /// that is due at this very instant.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    pub fn available(&self, now: Timestamp) -> Result<u64, TimestampError> {
        let now = self.effective(now)?;
        if self.marks.last_at() > now {
            return Ok(self.queue.free_at(now));
        }
        let room = |gauge: &Gauge| gauge.limit.saturating_sub(self.used(gauge, now));
        Ok(self.gauges.iter().map(room).min().unwrap_or(0))
    }

    /// The unit with `index` newer units behind it, as an item of weight 1 stamped with its granted instant.
    ///
    /// `None` beyond the oldest unit of the longest window. The last in line is the newest.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    pub fn peek(
        &self,
        index: u64,
        now: Timestamp,
    ) -> Result<Option<RateItem<'static>>, TimestampError> {
        let now = self.effective(now)?;
        let unit = match self.waiting_unit(index) {
            Ok(unit) => Some(unit),
            Err(newer) => self.due_unit(newer),
        };
        let counted = unit.filter(|(at, _)| at + self.longest_interval() > now);
        Ok(counted.map(|(at, name)| RateItem {
            name: Cow::Owned(name.to_owned()),
            weight: 1,
            timestamp: Some(Timestamp::from_micros(at)),
        }))
    }

    /// The earliest instant at which `weight` fits: an earlier caller's free place, else behind all others.
    ///
    /// Behind all others it is the maximum of `now`, the last grant, and each rate's own term. A free place always
    /// comes first, since it is never the last in line.
    pub(super) fn earliest(&self, weight: u64, now: u64) -> Option<Spot> {
        if self.gauges.iter().any(|gauge| weight > gauge.limit) {
            return None;
        }
        if let Some(at) = self.queue.place(weight, now) {
            return Some(Spot { at, rate: self.rates.shortest(), is_free_place: true });
        }
        let mut at = now.max(self.marks.last_at());
        let mut binding = None;
        for (rate, gauge) in self.rates.iter().zip(&self.gauges) {
            let term = self.term(gauge, weight);
            if term > at || (term == at && binding.is_none()) {
                (at, binding) = (term, Some(*rate));
            }
        }
        let rate = binding.unwrap_or(self.rates.shortest());
        Some(Spot { at, rate, is_free_place: false })
    }

    /// When enough of the units that `gauge` counts have left its window for `weight` more; 0 if they have already.
    fn term(&self, gauge: &Gauge, weight: u64) -> u64 {
        let need = (self.marks.total() + weight).saturating_sub(gauge.limit);
        if need <= gauge.cursor.before {
            return 0;
        }
        self.marks.instant_of_total(gauge.cursor, need).map_or(0, |at| at + gauge.interval)
    }

    /// Units that `gauge` counts at `now`.
    fn used(&self, gauge: &Gauge, now: u64) -> u64 {
        let start = self.marks.window_start(gauge.cursor, gauge.interval, now);
        self.marks.total() - start.before
    }

    /// The total before the first mark inside the longest window.
    pub(super) fn expired_total(&self, now: u64) -> u64 {
        self.marks.window_start(self.marks.start(), self.longest_interval(), now).before
    }

    fn longest_interval(&self) -> u64 {
        self.rates.longest().interval_micros()
    }

    /// The unit among the reservations, or else how many newer units are left to skip.
    fn waiting_unit(&self, newer: u64) -> Result<(u64, &str), u64> {
        let mut left = newer;
        for waiting in self.queue.newest_first() {
            match left.checked_sub(waiting.weight) {
                Some(rest) => left = rest,
                None => return Ok((waiting.at, waiting.name.as_deref().unwrap_or_default())),
            }
        }
        Err(left)
    }

    /// The unit with `newer` units behind it among those that are due.
    ///
    /// Within an instant, the free units of a place count as the last ones: they are passed over.
    fn due_unit(&self, newer: u64) -> Option<(u64, &str)> {
        let name = self.names.as_ref().map_or(Some(""), |names| names.nth_newest(newer))?;
        let mut number = self.marks.total_at(self.seen).checked_sub(newer)?;
        for (at, free) in self.queue.places_until(self.seen) {
            if number > self.marks.total_at(at) {
                break;
            }
            number = number.checked_sub(free)?;
        }
        let at = self.marks.instant_of_total(self.marks.start(), number)?;
        (number > self.marks.dropped()).then_some((at, name))
    }
}
