//! The names of a log's units that are due, as runs: a row where the name changes, none while it is the bucket's key.

use super::Log;
use super::state::RunName;
use crate::trouble::Trouble;

/// Above so many forgotten units they are numbered anew.
const REBASE_ABOVE: u64 = 1 << 60;

impl Log<'_> {
    /// Gives the next `units` the name; `None` is the bucket's key.
    pub(super) fn name_units(&mut self, name: Option<&[u8]>, units: u64) -> Result<(), Trouble> {
        if !self.is_current(name)? {
            let start = self.state.named;
            self.rows.begin_run(self.state.id, start, name)?;
            self.state.runs += 1;
            self.state.name = RunName::of(name, start);
        }
        let named = self.state.named.checked_add(units);
        let is_granted = |named: &u64| named - self.state.forgotten <= self.live_units();
        let more = Trouble::Contradiction("more units are due than were granted");
        self.state.named = named.filter(is_granted).ok_or(more)?;
        Ok(())
    }

    fn is_current(&self, name: Option<&[u8]>) -> Result<bool, Trouble> {
        Ok(match (&self.state.name, name) {
            (RunName::Key, None) => true,
            (RunName::Short(current), Some(name)) => current == name,
            // Only a name that is long itself can be that one.
            (RunName::At(start), Some(name))
                if RunName::of(Some(name), *start) == self.state.name =>
            {
                self.rows.run_from(self.state.id, *start)?.as_deref() == Some(name)
            }
            _ => false,
        })
    }

    /// Drops the `units` oldest units.
    pub(super) fn forget_names(&mut self, units: u64) -> Result<(), Trouble> {
        self.state.forgotten = self.state.named.min(self.state.forgotten.saturating_add(units));
        if self.state.runs == 0 {
            return self.rebase_names();
        }
        if self.state.forgotten == self.state.named {
            self.rows.delete_runs(self.state.id)?;
            (self.state.runs, self.state.name) = (0, RunName::Key);
        } else {
            let gone = self.rows.forget_runs(self.state.id, self.state.forgotten)?;
            self.state.runs = self.state.runs.saturating_sub(gone);
        }
        self.rebase_names()
    }

    /// Numbers the units anew from the first kept one.
    fn rebase_names(&mut self) -> Result<(), Trouble> {
        let by = self.state.forgotten;
        if by > REBASE_ABOVE {
            if self.state.runs > 0 {
                self.rows.shift_runs(self.state.id, by)?;
            }
            if let RunName::At(start) = &mut self.state.name {
                *start = start.saturating_sub(by);
            }
            (self.state.named, self.state.forgotten) = (self.state.named - by, 0);
        }
        Ok(())
    }

    /// The name of the unit with `newer` units behind it.
    pub(super) fn nth_newest_name(&self, newer: u64) -> Result<Option<String>, Trouble> {
        let number = self.state.named.checked_sub(newer).and_then(|rest| rest.checked_sub(1));
        let Some(number) = number.filter(|number| *number >= self.state.forgotten) else {
            return Ok(None);
        };
        let has_runs = self.state.runs > 0;
        let name = if has_runs { self.rows.name_of(self.state.id, number)? } else { None };
        self.shown_name(name).map(Some)
    }

    /// A stored name as it was given.
    pub(super) fn shown_name(&self, name: Option<Vec<u8>>) -> Result<String, Trouble> {
        let bytes = name.unwrap_or_else(|| self.key.bytes().to_vec());
        String::from_utf8(bytes).map_err(|_| Trouble::Contradiction("a name that is no text"))
    }
}
