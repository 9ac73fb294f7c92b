//! The reservations of a log that are not due yet, and the free places of those that were cancelled.

use pyrate_core::RateItem;

use super::Log;
use super::state::MAX_NUMBER;
use crate::rows::Waiting;
use crate::trouble::Trouble;

impl Log<'_> {
    /// Adds a reservation and returns its number.
    pub(super) fn line_up(&mut self, item: &RateItem<'_>, at: u64) -> Result<u64, Trouble> {
        let id = self.state.last_id + 1;
        let name = self.stored_name(&item.name);
        self.rows.push(self.state.id, id, &Waiting { at, weight: item.weight, name })?;
        let earliest = if self.state.waiting == 0 { at } else { self.state.next_due.min(at) };
        (self.state.last_id, self.state.next_due) = (id, earliest);
        self.state.waiting += 1;
        Ok(id)
    }

    /// Turns a reservation into a free place; `false` if it isn't there.
    pub(super) fn free(&mut self, at: u64, id: u64) -> Result<bool, Trouble> {
        if self.state.waiting == 0 {
            return Ok(false);
        }
        let Some(weight) = self.rows.pull(self.state.id, at, id)? else { return Ok(false) };
        self.state.waiting -= 1;
        self.is_changed = true;
        self.add_free(at, weight)?;
        Ok(true)
    }

    fn add_free(&mut self, at: u64, weight: u64) -> Result<(), Trouble> {
        let free = self.free_at(at)?;
        if free == 0 {
            self.state.places += 1;
        }
        self.rows.write_place(self.state.id, at, self.granted(free.saturating_add(weight))?)
    }

    /// Gives the reservations that are due their place among the names: they can't be cancelled any more.
    pub(super) fn settle(&mut self, now: u64) -> Result<(), Trouble> {
        if self.state.waiting == 0 || self.state.next_due > now {
            return Ok(());
        }
        for due in self.rows.pull_due(self.state.id, now)? {
            self.name_units(due.name.as_deref(), due.weight)?;
            self.state.waiting = self.state.waiting.saturating_sub(1);
        }
        self.state.next_due = self.rows.next_due(self.state.id)?.unwrap_or(0);
        Ok(())
    }

    /// The earliest place from `now` on that has `weight` free units.
    pub(super) fn place(&self, weight: u64, now: u64) -> Result<Option<u64>, Trouble> {
        if self.state.places == 0 {
            return Ok(None);
        }
        self.rows.place(self.state.id, weight, now)
    }

    /// Takes `weight` units of the place at `at`.
    pub(super) fn take_place(&mut self, at: u64, weight: u64) -> Result<(), Trouble> {
        match self.free_at(at)?.checked_sub(weight) {
            None => Err(Trouble::Contradiction("a free place")),
            Some(0) => self.remove_place(at),
            Some(left) => self.rows.write_place(self.state.id, at, left),
        }
    }

    /// Free units at exactly `at`.
    pub(super) fn free_at(&self, at: u64) -> Result<u64, Trouble> {
        if self.state.places == 0 {
            return Ok(0);
        }
        self.granted(self.rows.free_at(self.state.id, at)?.unwrap_or(0))
    }

    /// Free `units`, which must have been granted before, and no more than may ever be charged at once.
    fn granted(&self, units: u64) -> Result<u64, Trouble> {
        let is_granted = units <= self.live_units().min(MAX_NUMBER);
        is_granted
            .then_some(units)
            .ok_or(Trouble::Contradiction("more units are free than granted"))
    }

    /// Free units at `from` and later.
    pub(super) fn free_from(&self, from: u64) -> Result<u64, Trouble> {
        if self.state.places == 0 {
            return Ok(0);
        }
        self.rows.free_from(self.state.id, from)
    }

    /// The places up to `until`, newest first, each with its instant and its free units.
    pub(super) fn places_until(&self, until: u64) -> Result<Vec<(u64, u64)>, Trouble> {
        if self.state.places == 0 {
            return Ok(Vec::new());
        }
        self.rows.places_until(self.state.id, until)
    }

    /// Removes the places up to `until` and returns their free units.
    pub(super) fn forget_places(&mut self, until: u64) -> Result<u64, Trouble> {
        if self.state.places == 0 {
            return Ok(0);
        }
        let (places, units) = self.rows.forget_places(self.state.id, until)?;
        self.state.places = self.state.places.saturating_sub(places);
        Ok(units)
    }

    /// Removes free units behind which nobody stands.
    pub(super) fn trim_tail(&mut self) -> Result<(), Trouble> {
        while !self.state.is_empty() {
            let (at, free) = (self.state.last_at, self.free_at(self.state.last_at)?);
            if free == 0 {
                break;
            }
            self.remove_place(at)?;
            if !self.shorten(free)? {
                break;
            }
        }
        self.state.cursors.not_behind(self.state.end());
        Ok(())
    }

    fn remove_place(&mut self, at: u64) -> Result<(), Trouble> {
        self.state.places = self.state.places.saturating_sub(1);
        self.rows.delete_place(self.state.id, at)
    }
}
