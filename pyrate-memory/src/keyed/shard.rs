//! A part of the names, under one lock.

use std::time::Duration;

use hashbrown::HashTable;
use pyrate_core::{Decision, RateItem, Timestamp, TimestampError};

use super::slot::Slot;

/// How many parts of the shortest-lived names' window pass between two sweeps: names outlive their window by one such
/// part at most.
const SWEEPS_PER_WINDOW: u64 = 4;

/// Some names with their logs.
#[derive(Debug)]
pub(super) struct Shard {
    table: HashTable<Slot>,
    /// Names were forgotten at this instant: for those that come anew, time doesn't run back behind it.
    floor: u64,
    /// No name that is held now can be forgotten before.
    next_sweep: u64,
    /// Every name that is held now can be forgotten then.
    quiet_at: u64,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Swept {
    pub(super) names: usize,
    pub(super) units: u64,
}

impl Shard {
    pub(super) fn new() -> Shard {
        Shard { table: HashTable::new(), floor: 0, next_sweep: u64::MAX, quiet_at: 0 }
    }

    pub(super) fn get(&self, hash: u64, name: &str) -> Option<&Slot> {
        self.table.find(hash, |slot| slot.name() == name)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, hash: u64, name: &str) -> Option<&mut Slot> {
        self.table.find_mut(hash, |slot| slot.name() == name)
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.table.iter()
    }

    pub(super) fn flush(&mut self) {
        self.table.iter_mut().for_each(Slot::flush);
        self.next_sweep = 0;
    }

    /// Decides on an item of a name that is held.
    pub(super) fn reserve_exactly(
        &mut self,
        hash: u64,
        item: &RateItem<'_>,
        now: Timestamp,
        max_delay: Duration,
    ) -> Result<Option<Decision>, TimestampError> {
        let Some(slot) = self.get_mut(hash, &item.name) else {
            return Ok(None);
        };
        let decision = slot.reserve(item.weight, now, max_delay)?;
        let expires_at = slot.expires_at();
        self.outlives(expires_at);
        Ok(Some(decision))
    }

    /// The instant behind which the time of a new name doesn't run back.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    /// Whether one more name would need more memory.
    pub(super) fn is_full(&self) -> bool {
        self.table.len() == self.table.capacity()
    }

    /// Adds a name that isn't there.
    pub(super) fn insert(&mut self, hash: u64, slot: Slot, hasher: impl Fn(&str) -> u64) {
        self.expires_at(slot.expires_at());
        self.table.insert_unique(hash, slot, |slot| hasher(slot.name()));
    }

    /// Takes note that a name can't be forgotten before `expires_at`.
    #[inline]
    pub(super) fn outlives(&mut self, expires_at: u64) {
        self.quiet_at = self.quiet_at.max(expires_at);
    }

    /// Takes note that a name can be forgotten at `expires_at`, which may be earlier than before.
    pub(super) fn expires_at(&mut self, expires_at: u64) {
        self.next_sweep = self.next_sweep.min(expires_at);
        self.outlives(expires_at);
    }

    /// Forgets a name; `false` if it isn't there.
    pub(super) fn remove(&mut self, hash: u64, name: &str) -> bool {
        let found = self.table.find_entry(hash, |slot| slot.name() == name);
        found.map(|entry| drop(entry.remove())).is_ok()
    }

    /// When a sweep is next worth its while; `None` if there are no names.
    pub(super) fn sweep_due(&self) -> Option<u64> {
        (!self.table.is_empty()).then_some(self.next_sweep.min(self.quiet_at))
    }

    /// Forgets the names that hold nothing at `now`, and gives back memory.
    pub(super) fn sweep(&mut self, now: Timestamp, hasher: impl Fn(&str) -> u64) -> Swept {
        let (before, mut units) = (self.table.len(), 0_u64);
        let (mut first, mut last, mut shortest) = (u64::MAX, 0, u64::MAX);
        self.table.retain(|slot| {
            // Can't fail: the instant was accepted before.
            units = units.saturating_add(slot.leak(now).unwrap_or(0));
            let expires_at = slot.expires_at();
            let is_kept = expires_at > now.as_micros();
            if is_kept {
                (first, last) = (expires_at.min(first), expires_at.max(last));
                shortest = shortest.min(slot.plan().longest);
            }
            is_kept
        });
        let names = before - self.table.len();
        if names > 0 {
            self.floor = self.floor.max(now.as_micros());
        }
        // Sweeping for a single name again and again would cost more than it gives back.
        let pause = last.saturating_sub(now.as_micros()).min(shortest) / SWEEPS_PER_WINDOW;
        (self.next_sweep, self.quiet_at) = (first.max(now.as_micros() + pause), last);
        self.shrink(hasher);
        Swept { names, units }
    }

    fn shrink(&mut self, hasher: impl Fn(&str) -> u64) {
        if self.table.len() < self.table.capacity() / 4 {
            self.table.shrink_to(self.table.len() * 2, |slot| hasher(slot.name()));
        }
    }
}
