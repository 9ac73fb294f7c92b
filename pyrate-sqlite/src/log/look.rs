//! Looking at a log: where a weight would fit, how much is counted, who holds it.
//!
//! Nothing here changes the log.

use std::time::Duration;

use pyrate_core::{Rate, RateItem, Rates, Timestamp};

use super::Log;
use crate::rows::Waiting;
use crate::trouble::Trouble;

/// How many places that other handles left are tried before an item goes behind all others.
const PLACES_TRIED: usize = 8;

/// Where an item would be recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) at: u64,
    /// The rate that sets the instant; the shortest one if none does.
    pub(super) rate: Rate,
    /// A place that a cancelled reservation left, else behind all others.
    pub(super) is_free_place: bool,
}

impl Spot {
    pub(super) fn behind(at: u64, rate: Rate) -> Spot {
        Spot { at, rate, is_free_place: false }
    }
}

impl Log<'_> {
    /// See `SlidingLog::waiting`.
    pub(crate) fn waiting(
        &self,
        rates: &Rates,
        weight: u64,
        now: Timestamp,
    ) -> Result<Option<Duration>, Trouble> {
        let now = self.effective(now);
        if weight == 0 {
            return Ok(Some(Duration::ZERO));
        }
        let spot = self.earliest(rates, weight, now)?;
        Ok(spot.map(|spot| Duration::from_micros(spot.at - now)))
    }

    /// See `SlidingLog::count`.
    pub(crate) fn count(&self, rates: &Rates, now: Timestamp) -> Result<u64, Trouble> {
        let (now, interval) = (self.effective(now), rates.longest().interval_micros());
        let charged = self.state.total - self.expired_total(interval, now)?;
        Ok(charged.saturating_sub(self.free_from((now + 1).saturating_sub(interval))?))
    }

    /// See `SlidingLog::available`.
    pub(crate) fn available(&self, rates: &Rates, now: Timestamp) -> Result<u64, Trouble> {
        let now = self.effective(now);
        if self.state.last_at > now {
            let free = self.free_at(now)?;
            return Ok(if free > 0 && self.has_room_at(rates, now)? { free } else { 0 });
        }
        let mut available = u64::MAX;
        for rate in rates.iter() {
            let used = self.state.total - self.expired_total(rate.interval_micros(), now)?;
            available = available.min(rate.limit().saturating_sub(used));
        }
        Ok(available)
    }

    /// See `SlidingLog::peek`.
    pub(crate) fn peek(
        &self,
        rates: &Rates,
        index: u64,
        now: Timestamp,
    ) -> Result<Option<RateItem<'static>>, Trouble> {
        let now = self.effective(now);
        let unit = match self.waiting_unit(index)? {
            Ok(unit) => Some(unit),
            Err(newer) => self.due_unit(newer)?,
        };
        let interval = rates.longest().interval_micros();
        let counted = unit.filter(|(at, _)| at + interval > now);
        Ok(counted.map(|(at, name)| RateItem {
            timestamp: Some(Timestamp::from_micros(at)),
            ..RateItem::new(name, 1)
        }))
    }

    /// The earliest instant at which `weight` fits: an earlier caller's free place, else behind all others. `None`: never.
    ///
    /// Behind all others it is the maximum of `now`, the last grant, and each rate's own term. A free place always
    /// comes first, since it is never the last in line; handles of the same rates have room in all of them.
    pub(super) fn earliest(
        &self,
        rates: &Rates,
        weight: u64,
        now: u64,
    ) -> Result<Option<Spot>, Trouble> {
        if rates.iter().any(|rate| weight > rate.limit()) {
            return Ok(None);
        }
        if let Some(at) = self.free_place(rates, weight, now)? {
            return Ok(Some(Spot { at, rate: rates.shortest(), is_free_place: true }));
        }
        let mut at = now.max(self.state.last_at);
        let mut binding = None;
        for rate in rates.iter() {
            let term = self.term(rate, weight)?;
            if term > at || (term == at && binding.is_none()) {
                (at, binding) = (term, Some(*rate));
            }
        }
        Ok(Some(Spot::behind(at, binding.unwrap_or(rates.shortest()))))
    }

    /// The earliest free place from `now` on that `rates` have room for.
    ///
    /// Whoever left it may have come through a handle with other rates. Where it doesn't fit these, a few more are tried.
    fn free_place(&self, rates: &Rates, weight: u64, now: u64) -> Result<Option<u64>, Trouble> {
        let mut from = now;
        for _ in 0..PLACES_TRIED {
            let Some(at) = self.place(weight, from)? else { break };
            if self.has_room_at(rates, at)? {
                return Ok(Some(at));
            }
            from = at + 1;
        }
        Ok(None)
    }

    /// Whether what is charged up to `at`, free units included, is within each of `rates`.
    fn has_room_at(&self, rates: &Rates, at: u64) -> Result<bool, Trouble> {
        let total = self.total_at(at)?;
        for rate in rates.iter() {
            let before = self.expired_total(rate.interval_micros(), at)?;
            if total.saturating_sub(before) > rate.limit() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// When enough of the units that `rate` counts have left its window for `weight` more; 0 if they have already.
    fn term(&self, rate: &Rate, weight: u64) -> Result<u64, Trouble> {
        let (interval, need) =
            (rate.interval_micros(), (self.state.total + weight).saturating_sub(rate.limit()));
        let cursor = self.cursor(interval);
        if need <= cursor.before {
            return Ok(0);
        }
        Ok(self.instant_of_total(cursor, need)?.map_or(0, |at| at + interval))
    }

    /// The unit among the reservations, or else how many newer units are left to skip.
    fn waiting_unit(&self, newer: u64) -> Result<Result<(u64, String), u64>, Trouble> {
        if self.state.waiting == 0 {
            return Ok(Err(newer));
        }
        let mut left = newer;
        let found = self.rows.up_the_line(self.state.id, |waiting: Waiting| {
            let rest = left.checked_sub(waiting.weight);
            left = rest.unwrap_or(left);
            if rest.is_none() { Some(waiting) } else { None }
        })?;
        Ok(match found {
            Some(waiting) => Ok((waiting.at, self.shown_name(waiting.name)?)),
            None => Err(left),
        })
    }

    /// The unit with `newer` units behind it among those that are due.
    ///
    /// Within an instant, the free units of a place count as the last ones: they are passed over.
    fn due_unit(&self, newer: u64) -> Result<Option<(u64, String)>, Trouble> {
        let Some(name) = self.nth_newest_name(newer)? else { return Ok(None) };
        let Some(number) = self.number_among_all(newer)? else { return Ok(None) };
        if number <= self.state.dropped {
            return Ok(None);
        }
        let at = self.instant_of_total(self.state.start(), number)?;
        Ok(at.map(|at| (at, name)))
    }

    /// The running total up to and including the unit with `newer` due units behind it.
    fn number_among_all(&self, newer: u64) -> Result<Option<u64>, Trouble> {
        let mut number = self.total_at(self.state.seen)?.checked_sub(newer);
        for (at, free) in self.places_until(self.state.seen)? {
            let Some(reached) = number else { break };
            if reached > self.total_at(at)? {
                break;
            }
            number = reached.checked_sub(free);
        }
        Ok(number)
    }
}
