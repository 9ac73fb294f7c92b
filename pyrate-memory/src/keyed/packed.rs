//! A small sliding log in a few words: what most names need.
//!
//! It holds due grants only, up to a few dozen instants of them; whatever else is asked of it is done by the
//! `SlidingLog` that it unpacks to. No clock, no lock. Instants, ages and windows are in microseconds.

use std::time::Duration;

use pyrate_core::{Rate, RateItem, Rates, SlidingLog, Timestamp};

use super::plan::Plan;

const UNIT_BITS: u32 = 21;
const MOST_UNITS: u64 = (1 << UNIT_BITS) - 1;

/// The longest window that the age of an entry reaches over: 101 days.
pub(super) const LONGEST_WINDOW: u64 = (1 << (u64::BITS - UNIT_BITS)) - 1;

/// How many entries need no allocation, how many the first one has room for, and how many are held at most: they are
/// searched one by one.
const FEW: usize = 4;
const FIRST_ROOM: usize = 12;
const MOST: usize = 48;

/// Units granted at one instant: how long before the log's last change, and how many. Without units: an empty place.
#[derive(Clone, Copy, Debug, Default)]
struct Entry(u64);

impl Entry {
    fn units(self) -> u64 {
        self.0 & MOST_UNITS
    }

    fn age(self) -> u64 {
        self.0 >> UNIT_BITS
    }

    /// The same entry when `passed` has gone by too; an empty place if it has left the `longest` window by then.
    fn aged(self, passed: u64, longest: u64) -> Entry {
        let age = self.age() + passed;
        Entry(if age < longest { age << UNIT_BITS | self.units() } else { 0 })
    }
}

/// Which units were granted at which instants.
#[derive(Clone, Debug)]
pub(super) struct PackedLog {
    /// The instant of the last change, from which the ages count.
    seen: u64,
    entries: Entries,
}

/// The newest last. What has left the longest window may still stand in front.
#[derive(Clone, Debug)]
enum Entries {
    /// As many places, of which the first ones may be empty.
    Few([Entry; FEW]),
    Many(Vec<Entry>),
}

impl PackedLog {
    /// An empty log whose time doesn't run back behind `seen`.
    pub(super) fn new(seen: u64) -> PackedLog {
        PackedLog { seen, entries: Entries::Few([Entry::default(); FEW]) }
    }

    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Records `units` at `now` if it is obvious that they fit and where; `false` proves nothing.
    ///
    /// That is so if they fit the lowest limit along with all that is held.
    #[inline]
    pub(super) fn add_if_obvious(&mut self, now: u64, units: u64, plan: &Plan) -> bool {
        let passed = now - self.seen;
        let is_added = units <= MOST_UNITS
            && match &mut self.entries {
                Entries::Few(entries) => add_to_few(entries, passed, units, plan),
                Entries::Many(entries) => add_to_many(entries, passed, units, plan),
            };
        if is_added {
            self.seen = now;
        }
        is_added
    }

    /// The earliest instant from `now` on at which `weight` fits, and the rate that sets it; `None`: it never fits.
    ///
    /// For each rate it is an interval after the newest entry that has to leave the window to make room.
    pub(super) fn earliest(&self, rates: &Rates, weight: u64, now: u64) -> Option<(u64, Rate)> {
        if weight > rates.shortest().limit() {
            return None;
        }
        let (mut at, mut binding) = (now, None);
        for rate in rates.iter() {
            let mut room = rate.limit() - weight;
            let in_the_way = self.entries().iter().rev().find(|entry| {
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

    /// Records `units` at `now`; `false`, and no unit recorded, if they can't be packed. The log's time is `now` all the
    /// same: whoever is told so has to grant them in full.
    pub(super) fn add(&mut self, now: u64, units: u64, longest: u64) -> bool {
        if units > MOST_UNITS {
            return false;
        }
        self.change(now, longest);
        match self.entries_mut().last_mut() {
            Some(last) if last.age() == 0 && last.units() > 0 => {
                let fits = units <= MOST_UNITS - last.units();
                last.0 += if fits { units } else { 0 };
                fits
            }
            _ => self.push(Entry(units)),
        }
    }

    /// Drops what has left the longest window, gives back memory, and returns the units dropped.
    pub(super) fn leak(&mut self, now: u64, longest: u64) -> u64 {
        let (now, held) = (now.max(self.seen), self.held());
        let dropped = held - self.used(longest, now);
        if dropped > 0 {
            self.change(now, longest);
        }
        self.shrink();
        dropped
    }

    /// The instant from which nothing is charged any more; zero if nothing is.
    pub(super) fn expires_at(&self, longest: u64) -> u64 {
        self.newest_first().next().map_or(0, |(at, _)| at + longest)
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

    /// The same log in full.
    pub(super) fn unpacked(&self, rates: &Rates) -> SlidingLog {
        let mut log = SlidingLog::new(rates.clone()).without_names();
        for entry in self.entries().iter().filter(|entry| entry.units() > 0) {
            let (item, at) = (RateItem::new("", entry.units()), self.instant(*entry));
            // Every entry was granted at its instant behind the ones before it, so it is again.
            let _ = log.reserve(&item, Timestamp::from_micros(at), Duration::ZERO);
        }
        log.with_seen(Timestamp::from_micros(self.seen))
    }

    fn held(&self) -> u64 {
        self.newest_first().map(|(_, units)| units).sum()
    }

    /// All entries, with their instants and units.
    fn newest_first(&self) -> impl Iterator<Item = (u64, u64)> {
        let entries = self.entries().iter().rev().filter(|entry| entry.units() > 0);
        entries.map(|entry| (self.instant(*entry), entry.units()))
    }

    fn instant(&self, entry: Entry) -> u64 {
        self.seen - entry.age()
    }

    fn entries(&self) -> &[Entry] {
        match &self.entries {
            Entries::Few(entries) => entries,
            Entries::Many(entries) => entries,
        }
    }

    fn entries_mut(&mut self) -> &mut [Entry] {
        match &mut self.entries {
            Entries::Few(entries) => entries,
            Entries::Many(entries) => entries,
        }
    }

    /// Moves the last change to `now`, from which ages count then, and drops what has left the longest window.
    fn change(&mut self, now: u64, longest: u64) {
        let passed = now - self.seen;
        self.entries_mut().iter_mut().for_each(|entry| *entry = entry.aged(passed, longest));
        self.seen = now;
        if let Entries::Many(entries) = &mut self.entries {
            entries.retain(|entry| entry.units() > 0);
            if entries.len() < FEW {
                self.shrink();
            }
        }
    }

    /// Appends an entry; `false` if there are too many.
    fn push(&mut self, entry: Entry) -> bool {
        match &mut self.entries {
            Entries::Few([first, second, third, last]) if first.units() == 0 => {
                self.entries = Entries::Few([*second, *third, *last, entry]);
            }
            Entries::Few(entries) => {
                let mut more = Vec::with_capacity(FIRST_ROOM);
                more.extend(entries.iter().chain([&entry]));
                self.entries = Entries::Many(more);
            }
            Entries::Many(entries) if entries.len() < MOST => entries.push(entry),
            Entries::Many(_) => return false,
        }
        true
    }

    /// Gives back memory that the entries don't need.
    fn shrink(&mut self) {
        let Entries::Many(many) = &mut self.entries else { return };
        let mut few = [Entry::default(); FEW];
        let empty = FEW.checked_sub(many.len());
        match empty.and_then(|empty| few.get_mut(empty..)) {
            Some(places) => {
                places.copy_from_slice(many);
                self.entries = Entries::Few(few);
            }
            None => many.shrink_to(FIRST_ROOM),
        }
    }
}

/// No branch in here depends on how much has expired: it would often be foreseen wrongly, and cost more than all the
/// rest.
#[inline]
fn add_to_few(entries: &mut [Entry; FEW], passed: u64, units: u64, plan: &Plan) -> bool {
    let [first, second, third, last] = entries.map(|entry| entry.aged(passed, plan.longest));
    let held = first.units() + second.units() + third.units() + last.units();
    let has_place = first.units() == 0 && (passed > 0 || last.units() == 0);
    let fits = has_place && held + units <= plan.lowest_limit;
    if fits {
        *entries = [second, third, last, Entry(units)];
    }
    fits
}

/// What has expired is passed over until there is no place any more.
fn add_to_many(entries: &mut Vec<Entry>, passed: u64, units: u64, plan: &Plan) -> bool {
    let held: u64 = entries.iter().map(|entry| entry.units()).sum();
    let oldest = entries.first().map_or(0, |entry| entry.age());
    let has_place = passed > 0 && entries.len() < entries.capacity();
    let fits = has_place
        && oldest.saturating_add(passed) <= LONGEST_WINDOW
        && held + units <= plan.lowest_limit;
    if fits {
        for entry in entries.iter_mut() {
            entry.0 += passed << UNIT_BITS;
        }
        entries.push(Entry(units));
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_longest_window_is_leaked_at_that_instant_and_only_once() {
        let mut log = PackedLog::new(0);
        assert!(log.add(0, 2, 10));
        assert_eq!([9, 10, 10].map(|now| log.leak(now, 10)), [0, 2, 0]);
    }
}
