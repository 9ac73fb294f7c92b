//! A small sliding log in a few words: what most names need.
//!
//! It holds due grants only, up to a few dozen instants of them; whatever else is asked of it is done by the
//! `SlidingLog` that it unpacks to. No clock, no lock.

use std::num::NonZeroU32;
use std::time::Duration;

use pyrate_core::{Rate, RateItem, Rates, SlidingLog, Timestamp};
use smallvec::SmallVec;

use crate::ids;

const UNIT_BITS: u32 = 21;
const MOST_UNITS: u64 = (1 << UNIT_BITS) - 1;

/// The oldest that an entry can be told to be, in microseconds: 101 days.
pub(super) const MOST_AGE: u64 = (1 << (u64::BITS - UNIT_BITS)) - 1;

/// Entries that need no allocation, that the first allocation holds, and that are too many for searching one by one.
const FEW: usize = 4;
const FIRST_ROOM: usize = 12;
const MOST: usize = 48;

/// Units granted at one instant: so many microseconds before the log's last change, and how many.
#[derive(Clone, Copy, Debug, Default)]
struct Entry(u64);

impl Entry {
    fn units(self) -> u64 {
        self.0 & MOST_UNITS
    }

    fn age(self) -> u64 {
        self.0 >> UNIT_BITS
    }

    /// The same entry when `passed` more microseconds have gone by.
    fn aged(self, passed: u64) -> Entry {
        Entry(self.0.wrapping_add(passed << UNIT_BITS))
    }

    /// What becomes the same entry by ageing; until then its age means nothing.
    fn rejuvenated(self, passed: u64) -> Entry {
        Entry(self.0.wrapping_sub(passed << UNIT_BITS))
    }
}

/// Which units were granted at which instants.
#[derive(Clone, Debug)]
pub(super) struct PackedLog {
    /// The instant of the last change, from which the ages count.
    seen: u64,
    /// One more than the units of all entries: the spare value leaves room for telling a packed log from a full one.
    held: NonZeroU32,
    /// Oldest first.
    entries: SmallVec<[Entry; FEW]>,
}

impl PackedLog {
    /// An empty log whose time doesn't run back behind `seen`.
    pub(super) fn new(seen: u64) -> PackedLog {
        PackedLog { seen, held: NonZeroU32::MIN, entries: SmallVec::new() }
    }

    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Units of all entries, those that have left their windows and still stand here included.
    fn held(&self) -> u64 {
        u64::from(self.held.get()) - 1
    }

    /// Whether `weight` fits at a glance: along with all that is held it is within the `lowest_limit` of all rates.
    #[inline]
    pub(super) fn fits_at_a_glance(&self, weight: u64, lowest_limit: u64) -> bool {
        weight <= lowest_limit.saturating_sub(self.held())
    }

    /// The earliest instant from `now` on at which `weight` fits, and the rate that sets it; `None`: it never fits.
    ///
    /// For each rate it is an interval after the newest entry that has to leave the window to make room.
    #[inline]
    pub(super) fn earliest(&self, rates: &Rates, weight: u64, now: u64) -> Option<(u64, Rate)> {
        if rates.iter().any(|rate| weight > rate.limit()) {
            return None;
        }
        let (mut at, mut binding) = (now, None);
        for rate in rates.iter() {
            let mut room = rate.limit() - weight;
            let in_the_way = self.entries.iter().rev().find(|entry| {
                let fits = entry.units() <= room;
                room = room.saturating_sub(entry.units());
                !fits
            });
            let term = in_the_way.map_or(0, |entry| self.instant(*entry) + rate.interval_micros());
            if term > at || (term == at && binding.is_none()) {
                (at, binding) = (term, Some(*rate));
            }
        }
        Some((at, binding.unwrap_or(rates.shortest())))
    }

    /// Records `units` at `now`; `false`, and nothing recorded, if they can't be packed.
    #[inline]
    pub(super) fn add(&mut self, now: u64, units: u64, longest: u64) -> bool {
        let passed = now - self.seen;
        if self.needs_room(passed) {
            self.expire(now, longest);
        }
        if units > MOST_UNITS || !self.write(passed, units) {
            return false;
        }
        self.change(now);
        self.held = self.held.saturating_add(u32::try_from(units).unwrap_or(u32::MAX));
        true
    }

    /// Writes an entry that is new once all have aged by `passed`; `false` if it can't be.
    #[inline]
    fn write(&mut self, passed: u64, units: u64) -> bool {
        match self.entries.last_mut() {
            Some(last) if last.age() + passed == 0 => {
                let fits = units <= MOST_UNITS - last.units();
                last.0 += if fits { units } else { 0 };
                return fits;
            }
            _ => {}
        }
        if self.entries.len() == self.entries.capacity() && !self.grow() {
            return false;
        }
        self.entries.push(Entry(units).rejuvenated(passed));
        true
    }

    /// Drops what has left the longest window, gives back memory, and returns the units dropped.
    pub(super) fn leak(&mut self, now: u64, longest: u64) -> u64 {
        let now = now.max(self.seen);
        let dropped = self.expire(now, longest);
        if dropped > 0 {
            self.change(now);
        }
        self.entries.shrink_to_fit();
        dropped
    }

    /// The instant from which nothing is charged any more; zero if nothing is.
    pub(super) fn expires_at(&self, longest: u64) -> u64 {
        self.entries.last().map_or(0, |last| self.instant(*last) + longest)
    }

    /// Units inside a window of `interval` at `now`.
    pub(super) fn used(&self, interval: u64, now: u64) -> u64 {
        self.newest_first().take_while(|(at, _)| at + interval > now).map(|(_, units)| units).sum()
    }

    /// The instant of the unit with `newer` units behind it.
    pub(super) fn unit(&self, newer: u64) -> Option<u64> {
        let mut left = newer;
        let holds_it = |(_, units): &(u64, u64)| match left.checked_sub(*units) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        };
        self.newest_first().find(holds_it).map(|(at, _)| at)
    }

    /// All entries, with their instants and units.
    fn newest_first(&self) -> impl Iterator<Item = (u64, u64)> {
        self.entries.iter().rev().map(|entry| (self.instant(*entry), entry.units()))
    }

    /// The same log in full.
    pub(super) fn unpacked(&self, rates: &Rates) -> SlidingLog {
        let first_id = ids::first_of(ids::PER_NAME);
        let mut log = SlidingLog::new(rates.clone()).without_names().with_first_id(first_id);
        for entry in &self.entries {
            let (item, at) = (RateItem::new("", entry.units()), self.instant(*entry));
            // Every entry was granted at its instant behind the ones before it, so it is again.
            let _ = log.reserve(&item, Timestamp::from_micros(at), Duration::ZERO);
        }
        log.with_seen(Timestamp::from_micros(self.seen))
    }

    fn instant(&self, entry: Entry) -> u64 {
        self.seen - entry.age()
    }

    /// Whether a new entry would need more memory, or ages would no longer fit.
    #[inline]
    fn needs_room(&self, passed: u64) -> bool {
        self.entries.len() == self.entries.capacity()
            || self.entries.first().is_some_and(|oldest| oldest.age() + passed > MOST_AGE)
    }

    /// Drops what is `longest` old at `now`, and returns its units. Ages stay as they are.
    fn expire(&mut self, now: u64, longest: u64) -> u64 {
        let passed = now - self.seen;
        let count = self.entries.partition_point(|entry| entry.age() + passed >= longest);
        let units = self.entries.drain(..count).map(Entry::units).sum();
        let held = u32::try_from(self.held() - units).unwrap_or(u32::MAX);
        self.held = NonZeroU32::MIN.saturating_add(held);
        units
    }

    /// Moves the last change to `now`, from which ages count then.
    #[inline]
    fn change(&mut self, now: u64) {
        let passed = now - self.seen;
        self.entries.iter_mut().for_each(|entry| *entry = entry.aged(passed));
        self.seen = now;
    }

    /// Makes room for one more entry; `false` if there are too many.
    #[cold]
    fn grow(&mut self) -> bool {
        let (len, more) = (self.entries.len(), self.entries.len().max(FIRST_ROOM - FEW));
        if len < MOST {
            self.entries.reserve_exact(more);
        }
        len < MOST
    }
}
