//! The ledger: a plain list of grants, and how a bucket decides by it.
//!
//! Rates come with each call, so that handles of different rates can decide by one history, which a
//! [`SlidingLog`](pyrate_core::SlidingLog) of one list of rates can't tell. No lock and no clock in here; instants and
//! windows are in microseconds.

mod habits;

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use habits::{Habits, Right};
use pyrate_core::{Decision, Denial, Grant, Rate, RateItem, Rates, Timestamp, TimestampError};

/// Numbers of reservations: no two ledgers give out the same one.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// Units that were granted at once, or that nobody holds any more.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) at: u64,
    pub(crate) units: u64,
    /// Whose they are; `None`: a free place, which still counts.
    pub(crate) holder: Option<Arc<str>>,
    /// The number under which it may be cancelled; 0 if it was due when it was granted.
    pub(crate) id: u64,
}

/// Where an item goes.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    pub(crate) at: u64,
    /// The rate that sets the instant; the shortest one if none does.
    pub(crate) rate: Rate,
    /// Whether a cancelled reservation left it.
    pub(crate) is_place: bool,
}

/// A list of grants, oldest first.
pub struct Ledger<H = Right> {
    entries: VecDeque<Entry>,
    /// The instant of the last change.
    seen: u64,
    /// The longest window that any handle used.
    kept: u64,
    habits: PhantomData<fn() -> H>,
}

// ---- What changes it ----------------------------------------------------------------------------------------------

impl<H: Habits> Ledger<H> {
    /// Keeps history for these rates from here on.
    pub(crate) fn keep_for(&mut self, rates: &Rates) {
        self.kept = self.kept.max(H::window(rates.longest()));
    }

    pub(crate) fn reserve(
        &mut self,
        rates: &Rates,
        item: &RateItem<'_>,
        reading: Timestamp,
        max_delay: Duration,
    ) -> Result<Decision, TimestampError> {
        let now = self.present(reading)?;
        if item.weight == 0 {
            return Ok(Decision::Granted(grant(now, now, 0)));
        }
        match self.decide(rates, item.weight, now, max_delay) {
            Ok(spot) => Ok(Decision::Granted(self.record(rates, item, spot, now))),
            Err(denial) => Ok(Decision::Denied(denial)),
        }
    }

    /// Writes down a grant at `spot`, whatever is there.
    pub(crate) fn record(
        &mut self,
        rates: &Rates,
        item: &RateItem<'_>,
        spot: Spot,
        now: u64,
    ) -> Grant {
        self.begin_change(now);
        while self
            .entries
            .pop_front_if(|oldest| H::is_gone(oldest.at, rates, self.kept, now))
            .is_some()
        {}
        if spot.is_place {
            self.take_free(spot.at, item.weight);
        }
        let id = if spot.at > now { NEXT_ID.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let holder = Some(Arc::from(&*item.name));
        H::add(&mut self.entries, Entry { at: spot.at, units: item.weight, holder, id });
        grant(spot.at, now, item.weight).with_id(id)
    }

    pub(crate) fn cancel(
        &mut self,
        given: &Grant,
        reading: Timestamp,
    ) -> Result<bool, TimestampError> {
        let (now, at) = (self.present(reading)?, given.at.as_micros());
        let is_it = |entry: &&mut Entry| (entry.at, entry.id) == (at, given.id());
        let held = self.entries.iter_mut().find(is_it).filter(|entry| entry.holder.is_some());
        let Some(entry) = held.filter(|_| at > now) else { return Ok(false) };
        entry.holder = None;
        self.begin_change(now);
        self.trim_tail();
        Ok(true)
    }

    /// Adds units of the instant `at` that nobody holds.
    pub(crate) fn add_place(&mut self, at: u64, units: u64) {
        H::add(&mut self.entries, Entry { at, units, holder: None, id: 0 });
    }

    pub(crate) fn leak(
        &mut self,
        rates: &Rates,
        reading: Timestamp,
    ) -> Result<u64, TimestampError> {
        let (now, kept, before) = (self.present(reading)?, self.kept, self.units());
        self.entries.retain(|entry| !H::is_leaked(entry.at, rates, kept, now));
        let removed = before - self.units();
        if removed > 0 {
            self.begin_change(now);
        }
        Ok(removed)
    }

    pub(crate) fn flush(&mut self) {
        self.entries.clear();
    }

    fn begin_change(&mut self, now: u64) {
        self.seen = self.seen.max(now);
    }

    fn take_free(&mut self, at: u64, mut units: u64) {
        for entry in self.entries.iter_mut().filter(|entry| entry.at == at && entry.is_free()) {
            let taken = units.min(entry.units);
            entry.units -= taken;
            units -= taken;
        }
        self.entries.retain(|entry| entry.units > 0);
    }

    /// Removes free units behind which nobody stands.
    fn trim_tail(&mut self) {
        let mut before = None;
        while self.last_at() != before {
            before = self.last_at();
            self.entries.retain(|entry| Some(entry.at) != before || !entry.is_free());
        }
    }
}

// ---- What looks at it ---------------------------------------------------------------------------------------------

impl<H: Habits> Ledger<H> {
    /// The instant of a call whose clock or stamp shows `reading`.
    pub(crate) fn present(&self, reading: Timestamp) -> Result<u64, TimestampError> {
        if reading > Timestamp::MAX {
            return Err(TimestampError(reading));
        }
        Ok(H::present(reading.as_micros(), self.seen))
    }

    /// Where `weight` would be recorded at `now`, or why not.
    pub(crate) fn decide(
        &self,
        rates: &Rates,
        weight: u64,
        now: u64,
        max_delay: Duration,
    ) -> Result<Spot, Denial> {
        let Some(spot) = H::spot(self, rates, weight, now) else {
            return Err(Denial { rate: rates.shortest(), retry_after: None });
        };
        let delay = Duration::from_micros(spot.at - now);
        if delay > max_delay || !self.can_hold(rates, weight, spot, now) {
            return Err(Denial { rate: spot.rate, retry_after: Some(delay) });
        }
        Ok(spot)
    }

    pub(crate) fn waiting(
        &self,
        rates: &Rates,
        weight: u64,
        reading: Timestamp,
    ) -> Result<Option<Duration>, TimestampError> {
        let now = self.present(reading)?;
        if weight == 0 {
            return Ok(Some(Duration::ZERO));
        }
        Ok(H::spot(self, rates, weight, now).map(|spot| Duration::from_micros(spot.at - now)))
    }

    pub(crate) fn count(&self, rates: &Rates, reading: Timestamp) -> Result<u64, TimestampError> {
        let now = self.present(reading)?;
        let units = self.shown(rates, now).map(|(entry, _)| entry.units);
        Ok(units.fold(0, u64::saturating_add))
    }

    pub(crate) fn peek(
        &self,
        rates: &Rates,
        index: u64,
        reading: Timestamp,
    ) -> Result<Option<RateItem<'static>>, TimestampError> {
        let (now, mut newer) = (self.present(reading)?, index);
        for (entry, name) in self.shown(rates, now) {
            match newer.checked_sub(entry.units) {
                Some(rest) => newer = rest,
                None => return Ok(Some(unit(entry.at, name))),
            }
        }
        Ok(None)
    }

    /// All entries, the oldest first.
    pub(crate) fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// A cancelled place, else the first instant behind all others at which every rate has room.
    pub(crate) fn spot(&self, rates: &Rates, weight: u64, now: u64) -> Option<Spot> {
        let start = H::start(self.last_at().unwrap_or(0), now);
        let (mut at, mut binding) = (start, None);
        for rate in rates.iter() {
            let term = self.term(*rate, H::room(rate.limit(), weight)?, now);
            if term > at || (term == at && binding.is_none()) {
                (at, binding) = (term, Some(*rate));
            }
        }
        let shortest = rates.shortest();
        let place = self.place(weight, now);
        let place = place.map(|at| Spot { at, rate: shortest, is_place: true });
        place.or(Some(Spot { at, rate: binding.unwrap_or(shortest), is_place: false }))
    }

    /// Held units inside the longest window, the newest first.
    fn shown<'a>(&'a self, rates: &Rates, now: u64) -> impl Iterator<Item = (&'a Entry, &'a str)> {
        let inside = self.inside(H::window(rates.longest()), now);
        inside.filter_map(|entry| Some((entry, entry.holder.as_deref()?)))
    }

    /// What is inside the window that ends with `now`, or will be: the newest first, up to the first that has left it.
    fn inside(&self, window: u64, now: u64) -> impl Iterator<Item = &Entry> {
        let counted = self.entries.iter().rev().skip_while(move |e| H::is_ignored(e.at, now));
        counted.take_while(move |entry| H::is_inside(entry.at, window, now))
    }

    /// When no more than `room` of the units are left in the window of `rate`; 0 if that is so already.
    fn term(&self, rate: Rate, room: u64, now: u64) -> u64 {
        let (window, mut units) = (H::window(rate), 0_u64);
        for entry in self.inside(window, now) {
            units = units.saturating_add(entry.units);
            if units > room {
                return entry.at + window;
            }
        }
        0
    }

    /// The earliest instant from `now` on that has `weight` free units.
    fn place(&self, weight: u64, now: u64) -> Option<u64> {
        let first = self.entries.partition_point(|entry| entry.at < now);
        let (mut at, mut free) = (now, 0);
        for entry in self.entries.iter().skip(first).filter(|entry| entry.is_free()) {
            free = if entry.at == at { free + entry.units } else { entry.units };
            at = entry.at;
            if free >= weight {
                return Some(at);
            }
        }
        None
    }

    /// Whether instants and live units stay below 2^53. What is granted at once always does: its limits do.
    fn can_hold(&self, rates: &Rates, weight: u64, spot: Spot, now: u64) -> bool {
        const MOST: u64 = Timestamp::MAX.as_micros();
        let longest = H::window(rates.longest());
        let live =
            || self.entries.iter().filter(|e| e.at + longest > now).map(|e| e.units).sum::<u64>();
        spot.is_place || spot.at == now || (spot.at <= MOST && live() + weight <= MOST)
    }

    fn last_at(&self) -> Option<u64> {
        self.entries.back().map(|entry| entry.at)
    }

    fn units(&self) -> u64 {
        self.entries.iter().map(|entry| entry.units).fold(0, u64::saturating_add)
    }
}

impl Entry {
    fn is_free(&self) -> bool {
        self.holder.is_none()
    }
}

fn grant(at: u64, now: u64, weight: u64) -> Grant {
    Grant::new(Timestamp::from_micros(at), Duration::from_micros(at - now), weight)
}

fn unit(at: u64, name: &str) -> RateItem<'static> {
    let timestamp = Some(Timestamp::from_micros(at));
    RateItem { timestamp, ..RateItem::new(name.to_owned(), 1) }
}

impl<H> Default for Ledger<H> {
    fn default() -> Ledger<H> {
        Ledger { entries: VecDeque::new(), seen: 0, kept: 0, habits: PhantomData }
    }
}

// Derived, it would ask that the habits can be cloned.
impl<H> Clone for Ledger<H> {
    fn clone(&self) -> Ledger<H> {
        Ledger { entries: self.entries.clone(), ..*self }
    }
}

impl<H> fmt::Debug for Ledger<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.entries).finish()
    }
}
