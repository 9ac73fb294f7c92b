//! A part of the names, under one lock. Instants are in microseconds.

use std::time::Duration;

use hashbrown::HashTable;
use pyrate_core::{Decision, RateItem, Timestamp, TimestampError};

use super::expiry::{Expiry, Kept};
use super::slot::Slot;

/// Some names with their logs.
#[derive(Debug)]
pub(super) struct Shard {
    table: HashTable<Slot>,
    /// The latest instant at which a name that was forgotten held something: time doesn't run back behind it for those
    /// that come anew.
    floor: u64,
    expiry: Expiry,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Swept {
    pub(super) names: usize,
    pub(super) units: u64,
}

impl Shard {
    pub(super) fn new() -> Shard {
        Shard { table: HashTable::new(), floor: 0, expiry: Expiry::of_nothing() }
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
        self.expiry.note(0);
    }

    /// Decides on an item of a name; `None` if the name isn't held.
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
        self.expiry.outlive(expires_at);
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

    /// Takes more memory if little is free: else every other name would find it full again.
    pub(super) fn grow(&mut self, hasher: impl Fn(&str) -> u64) {
        let len = self.table.len();
        if len > self.table.capacity() / 4 * 3 {
            self.table.reserve(len, |slot| hasher(slot.name()));
        }
    }

    /// Adds a name that isn't there.
    pub(super) fn insert(&mut self, hash: u64, slot: Slot, hasher: impl Fn(&str) -> u64) {
        self.expiry.note(slot.expires_at());
        self.table.insert_unique(hash, slot, |slot| hasher(slot.name()));
    }

    pub(super) fn expiry(&mut self) -> &mut Expiry {
        &mut self.expiry
    }

    /// Forgets a name; `false` if it isn't there.
    pub(super) fn remove(&mut self, hash: u64, name: &str) -> bool {
        let found = self.table.find_entry(hash, |slot| slot.name() == name);
        found.map(|entry| drop(entry.remove())).is_ok()
    }

    /// When a sweep is due; `None` if there are no names.
    pub(super) fn next_sweep(&self) -> Option<u64> {
        (!self.table.is_empty()).then(|| self.expiry.due())
    }

    /// When a sweep may make room for a name that finds no place; `None` if there are no names.
    pub(super) fn next_crowded_sweep(&self) -> Option<u64> {
        (!self.table.is_empty()).then(|| self.expiry.due_if_crowded())
    }

    /// Forgets the names that hold nothing at `now`, and gives back memory.
    pub(super) fn sweep(&mut self, now: Timestamp, hasher: impl Fn(&str) -> u64) -> Swept {
        let (before, mut units, mut kept) = (self.table.len(), 0_u64, Kept::nothing());
        self.table.retain(|slot| {
            let leaked = slot.leak(now);
            units = units.saturating_add(leaked.unwrap_or(0));
            let expires_at = slot.expires_at();
            let is_kept = leaked.is_err() || expires_at > now.as_micros();
            if is_kept {
                kept.add(expires_at, slot.plan().longest);
            } else {
                self.floor = self.floor.max(expires_at);
            }
            is_kept
        });
        self.expiry.swept(now.as_micros(), kept);
        self.shrink(hasher);
        Swept { names: before - self.table.len(), units }
    }

    fn shrink(&mut self, hasher: impl Fn(&str) -> u64) {
        if self.table.len() < self.table.capacity() / 4 {
            self.table.shrink_to(self.table.len() * 2, |slot| hasher(slot.name()));
        }
    }
}
