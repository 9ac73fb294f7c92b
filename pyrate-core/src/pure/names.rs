//! The names of granted units, kept as runs beside the log.
//!
//! One entry where the name changes, so that a name that repeats costs a comparison and no memory.

use std::collections::VecDeque;
use std::sync::Arc;

use super::timestamp::REBASE_ABOVE;

/// Units from number `start` on, up to the next run, carry `name`.
#[derive(Clone, Debug)]
struct Run {
    name: Arc<str>,
    start: u64,
}

/// The names of all units that were granted and are due, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    runs: VecDeque<Run>,
    /// Units appended.
    appended: u64,
    /// Units forgotten at the front.
    gone: u64,
    /// The name met last, so that one that repeats is shared.
    latest: Option<Arc<str>>,
}

impl Names {
    /// Appends `units` of `name`.
    #[inline]
    pub(crate) fn push(&mut self, name: &str, units: u64) {
        if self.runs.back().is_none_or(|run| *run.name != *name) {
            self.begin_run(name);
        }
        self.appended += units;
    }

    #[cold]
    fn begin_run(&mut self, name: &str) {
        let name = self.shared(name);
        self.runs.push_back(Run { name, start: self.appended });
    }

    /// `name` as a value that can be kept: the same allocation as long as it repeats.
    pub(crate) fn shared(&mut self, name: &str) -> Arc<str> {
        match &self.latest {
            Some(latest) if **latest == *name => Arc::clone(latest),
            _ => Arc::clone(self.latest.insert(Arc::from(name))),
        }
    }

    /// Drops the `units` oldest units.
    pub(crate) fn forget(&mut self, units: u64) {
        self.gone += units;
        while self.runs.get(1).is_some_and(|next| next.start <= self.gone) {
            self.runs.pop_front();
        }
        if self.gone > REBASE_ABOVE {
            self.rebase();
        }
    }

    /// Numbers the units anew from the first kept one.
    fn rebase(&mut self) {
        self.runs.iter_mut().for_each(|run| run.start = run.start.saturating_sub(self.gone));
        self.appended -= self.gone;
        self.gone = 0;
    }

    /// Drops every unit and every name.
    pub(crate) fn clear(&mut self) {
        *self = Names::default();
    }

    /// The name of the unit with `newer` units behind it.
    pub(crate) fn nth_newest(&self, newer: u64) -> Option<&str> {
        let number = self.appended.checked_sub(newer)?.checked_sub(1)?;
        if number < self.gone {
            return None;
        }
        let run = self.runs.partition_point(|run| run.start <= number).checked_sub(1)?;
        self.runs.get(run).map(|run| &*run.name)
    }

    /// Gives back memory that the kept runs don't need.
    pub(crate) fn shrink(&mut self) {
        if self.gone == self.appended {
            self.clear();
        } else if self.runs.len() < self.runs.capacity() / 4 {
            self.runs.shrink_to(self.runs.len() * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(names: &Names) -> Vec<&str> {
        // Bounded, lest a fault that never ends holds up the run.
        (0..100).map_while(|newer| names.nth_newest(newer)).collect()
    }

    #[test]
    fn units_are_named_newest_first_across_runs() {
        let mut names = Names::default();
        names.push("a", 2);
        names.push("a", 1);
        names.push("b", 1);
        names.push("a", 1);
        assert_eq!(shown(&names), ["a", "b", "a", "a", "a"]);
        assert_eq!(names.runs.len(), 3);
    }

    #[test]
    fn forgotten_units_show_no_name_and_keep_no_run() {
        let mut names = Names::default();
        names.push("a", 2);
        names.push("b", 2);
        names.forget(3);
        assert_eq!(shown(&names), ["b"]);
        assert_eq!(names.runs.len(), 1);
        names.forget(1);
        names.shrink();
        assert!(shown(&names).is_empty() && names.runs.capacity() == 0);
        names.push("b", 1);
        assert_eq!(shown(&names), ["b"]);
    }

    #[test]
    fn a_name_that_repeats_is_allocated_once() {
        let mut names = Names::default();
        let first = names.shared("a");
        assert!(Arc::ptr_eq(&first, &names.shared("a")));
        names.push("a", 1);
        assert!(Arc::ptr_eq(&first, &names.runs[0].name));
        assert!(!Arc::ptr_eq(&names.shared("b"), &names.shared("a")));
    }

    #[test]
    fn units_keep_their_names_when_they_are_numbered_anew() {
        let mut names = Names::default();
        names.push("a", 5);
        names.push("b", 3);
        names.forget(4);
        assert_eq!((names.gone, names.appended), (4, 8));
        names.rebase();
        assert_eq!((names.gone, names.appended), (0, 4));
        assert_eq!(shown(&names), ["b", "b", "b", "a"]);
    }

    #[test]
    fn memory_is_given_back_where_less_than_a_quarter_is_kept_and_twice_that_is_left() {
        let mut names = Names::default();
        (0..100).for_each(|unit| names.push(["a", "b"][unit % 2], 1));
        let capacity = names.runs.capacity();
        let quarter = capacity / 4;
        names.forget(100 - u64::try_from(quarter).unwrap());
        names.shrink();
        assert_eq!((names.runs.len(), names.runs.capacity()), (quarter, capacity));
        names.forget(1);
        names.shrink();
        assert!((2 * (quarter - 1)..capacity).contains(&names.runs.capacity()));
    }
}
