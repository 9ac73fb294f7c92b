//! Reservations that are not due yet, and the places that cancelled ones left.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A grant in the future.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) at: u64,
    pub(crate) weight: u64,
    pub(crate) name: Option<Arc<str>>,
}

/// Who waits for which instant, and how many units are free at which.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    /// By instant, then by arrival.
    waiting: BTreeMap<(u64, u64), Waiting>,
    /// Free units by instant: their holders cancelled, and somebody stands in line behind them.
    places: BTreeMap<u64, u64>,
    /// The number of the reservation made last; numbers are never used again.
    last_id: u64,
}

impl Queue {
    /// Numbers the next reservation one above `last_id`.
    pub(crate) fn number_after(&mut self, last_id: u64) {
        self.last_id = self.last_id.max(last_id);
    }

    /// Whether nobody waits.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds a reservation and returns its number.
    pub(crate) fn push(&mut self, waiting: Waiting) -> u64 {
        self.last_id = self.last_id.wrapping_add(1);
        self.waiting.insert((waiting.at, self.last_id), waiting);
        self.last_id
    }

    /// Turns a reservation into a free place; `false` if it isn't there.
    pub(crate) fn free(&mut self, at: u64, id: u64) -> bool {
        let Some(waiting) = self.waiting.remove(&(at, id)) else {
            return false;
        };
        *self.places.entry(at).or_default() += waiting.weight;
        true
    }

    /// The earliest place from `now` on that has `weight` free units. Takes time in proportion to the places it passes.
    pub(crate) fn place(&self, weight: u64, now: u64) -> Option<u64> {
        self.places.range(now..).find(|(_, free)| **free >= weight).map(|(at, _)| *at)
    }

    /// Takes `weight` units of the place at `at`.
    pub(crate) fn take(&mut self, at: u64, weight: u64) {
        if let Some(free) = self.places.get_mut(&at) {
            *free -= weight;
            if *free == 0 {
                self.places.remove(&at);
            }
        }
    }

    /// Removes the place at `at` and returns its free units.
    pub(crate) fn remove_place(&mut self, at: u64) -> Option<u64> {
        self.places.remove(&at)
    }

    /// Free units at exactly `at`.
    pub(crate) fn free_at(&self, at: u64) -> u64 {
        self.places.get(&at).copied().unwrap_or(0)
    }

    /// Free units at `from` and later.
    pub(crate) fn free_from(&self, from: u64) -> u64 {
        self.places.range(from..).map(|(_, free)| free).sum()
    }

    /// The places up to `until`, newest first, each with its instant and its free units.
    pub(crate) fn places_until(&self, until: u64) -> impl Iterator<Item = (u64, u64)> {
        self.places.range(..=until).rev().map(|(at, free)| (*at, *free))
    }

    /// Removes the places up to `until` and returns their free units.
    pub(crate) fn forget_places(&mut self, until: u64) -> u64 {
        let mut free = 0;
        while let Some(first) = self.places.first_entry().filter(|place| *place.key() <= until) {
            free += first.remove();
        }
        free
    }

    /// Removes the earliest reservation that is due at `now`.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<Waiting> {
        let first = self.waiting.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// All reservations, the last in line first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.values().rev()
    }

    /// Forgets reservations and places, but no number that was given out.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.places.clear();
    }
}
