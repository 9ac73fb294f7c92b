//! Marks: how many units had been granted by which instant.
//!
//! One mark per instant, whoever was granted there: the arithmetic of windows needs no more. Who holds which units is
//! kept by `queue` and `names`.

use std::collections::VecDeque;

/// After all grants at `at`, `total` units were granted.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: u64,
    total: u64,
}

/// The kept marks, oldest first; instants and totals strictly rise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    ring: VecDeque<Mark>,
    /// The total before the first kept mark.
    dropped: u64,
    /// The total of the last mark, and its instant (0 if there is none): most calls need nothing else.
    total: u64,
    last_at: u64,
}

/// A place in the marks: `skip` marks lie before it, which add up to `before`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) skip: usize,
    pub(crate) before: u64,
}

impl Marks {
    /// Units of all grants ever, as far as they were not rebased.
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// The instant of the last grant; 0 if no mark is kept.
    pub(crate) const fn last_at(&self) -> u64 {
        self.last_at
    }

    /// The total before the first kept mark.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether the next new instant would need more memory.
    pub(crate) fn is_full(&self) -> bool {
        self.ring.len() == self.ring.capacity()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Records `units` at `at`, which is not before the last mark.
    pub(crate) fn add(&mut self, at: u64, units: u64) {
        self.total += units;
        match self.ring.back_mut() {
            Some(last) if last.at == at => last.total = self.total,
            _ => self.ring.push_back(Mark { at, total: self.total }),
        }
        self.last_at = at;
    }

    /// The instant of the first mark at or behind `from` that brings the total to `need`.
    pub(crate) fn instant_of_total(&self, from: Cursor, need: u64) -> Option<u64> {
        let found = self.gallop(from.skip, |mark| mark.total < need);
        self.ring.get(found).map(|mark| mark.at)
    }

    /// Where a window of length `interval` begins at `now`: the first mark at or behind `from` that is inside it.
    pub(crate) fn window_start(&self, from: Cursor, interval: u64, now: u64) -> Cursor {
        let is_over = |mark: &Mark| mark.at + interval <= now;
        // Most cursors stand still: look once before searching.
        if !self.ring.get(from.skip).is_some_and(is_over) {
            return from;
        }
        self.cursor_at(self.gallop(from.skip + 1, is_over))
    }

    /// The total of all grants up to and including `instant`.
    pub(crate) fn total_at(&self, instant: u64) -> u64 {
        self.cursor_at(self.gallop(0, |mark| mark.at <= instant)).before
    }

    /// Drops the first `count` marks and returns the units they held and the instant of the last of them.
    pub(crate) fn drain(&mut self, count: usize) -> Option<(u64, u64)> {
        let last = *self.ring.get(count.checked_sub(1)?)?;
        self.ring.drain(..count);
        let units = last.total - self.dropped;
        self.dropped = last.total;
        self.refresh_end();
        Some((units, last.at))
    }

    /// Takes `units` off the last mark, and the mark away if none are left; answers whether it is gone.
    pub(crate) fn shorten(&mut self, units: u64) -> bool {
        self.total -= units;
        let gone = self.total == self.cursor_at(self.ring.len().saturating_sub(1)).before;
        match self.ring.back_mut() {
            Some(last) if !gone => last.total = self.total,
            _ => drop(self.ring.pop_back()),
        }
        self.refresh_end();
        gone
    }

    /// Forgets all marks and their memory.
    pub(crate) fn clear(&mut self) {
        *self = Marks::default();
    }

    /// Counts from the first kept mark again, and returns by how much every total fell.
    pub(crate) fn rebase(&mut self) -> u64 {
        let shift = self.dropped;
        self.ring.iter_mut().for_each(|mark| mark.total -= shift);
        self.total -= shift;
        self.dropped = 0;
        shift
    }

    /// The first kept mark.
    pub(crate) fn start(&self) -> Cursor {
        Cursor { skip: 0, before: self.dropped }
    }

    /// The end of the marks: a cursor can't stand behind it.
    pub(crate) fn end(&self) -> Cursor {
        Cursor { skip: self.ring.len(), before: self.total }
    }

    /// Gives back memory that the kept marks don't need.
    pub(crate) fn shrink(&mut self) {
        if self.ring.len() < self.ring.capacity() / 4 {
            self.ring.shrink_to(self.ring.len() * 2);
        }
    }

    fn refresh_end(&mut self) {
        let last = self.ring.back().copied().unwrap_or(Mark { at: 0, total: self.dropped });
        (self.total, self.last_at) = (last.total, last.at);
    }

    fn cursor_at(&self, skip: usize) -> Cursor {
        let last_skipped = skip.checked_sub(1).and_then(|index| self.ring.get(index));
        Cursor { skip, before: last_skipped.map_or(self.dropped, |mark| mark.total) }
    }

    /// The first index from `from` on whose mark is not `passed`; marks that are passed all stand before the others.
    ///
    /// Steps of doubling length, then halving: what is near is found in a few reads, however long the log.
    fn gallop(&self, from: usize, passed: impl Fn(&Mark) -> bool) -> usize {
        let is_passed = |index: usize| self.ring.get(index).is_some_and(&passed);
        let (mut low, mut step) = (from, 1);
        while is_passed(low + step - 1) {
            low += step;
            step *= 2;
        }
        // All before `low` are passed, and the one at `low + step - 1` is not.
        let mut high = (low + step - 1).min(self.ring.len().max(low));
        while low < high {
            let middle = low.midpoint(high);
            if is_passed(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn marks(grants: &[(u64, u64)]) -> Marks {
        let mut marks = Marks::default();
        for (at, units) in grants {
            marks.add(*at, *units);
        }
        marks
    }

    #[test]
    fn one_instant_is_one_mark() {
        let marks = marks(&[(5, 1), (5, 2), (6, 1)]);
        assert_eq!((marks.ring.len(), marks.total(), marks.last_at()), (2, 4, 6));
        assert_eq!((marks.total_at(4), marks.total_at(5), marks.total_at(9)), (0, 3, 4));
    }

    #[test]
    fn galloping_finds_what_a_plain_search_finds() {
        let marks = marks(&(1..=40).map(|at| (at * 10, 1)).collect::<Vec<_>>());
        for from in 0..=41 {
            for bound in 0..=410 {
                let plain =
                    (from..40).find(|index| marks.ring[*index].at > bound).unwrap_or(40.max(from));
                assert_eq!(marks.gallop(from, |mark| mark.at <= bound), plain, "{from} {bound}");
            }
        }
    }

    #[test]
    fn galloping_reads_few_marks_however_far_it_goes() {
        let marks = marks(&(0..10_000).map(|at| (at, 1)).collect::<Vec<_>>());
        for bound in [0, 1, 100, 5_000, 9_999] {
            let reads = Cell::new(0);
            let found = marks.gallop(0, |mark| {
                reads.update(|reads| reads + 1);
                mark.at < bound
            });
            // One a step of doubling length, one where it is too long, one a halving; where nothing is passed, one.
            assert!(reads.get() <= 2 * (found + 1).ilog2() + 1, "{reads:?} reads to {found}");
        }
    }

    #[test]
    fn marks_are_full_where_one_more_needs_memory() {
        let mut marks = marks(&[(0, 1)]);
        let capacity = marks.ring.capacity();
        for at in 1..8 {
            assert_eq!(marks.is_full(), marks.ring.len() == capacity);
            marks.add(at, 1);
            if marks.ring.capacity() > capacity {
                return;
            }
        }
        panic!("eight marks fit where {capacity} do");
    }

    #[test]
    fn memory_is_given_back_where_less_than_a_quarter_is_kept_and_twice_that_is_left() {
        let mut marks = marks(&(0..100).map(|at| (at, 1)).collect::<Vec<_>>());
        let capacity = marks.ring.capacity();
        let quarter = capacity / 4;
        assert!(marks.drain(100 - quarter).is_some());
        marks.shrink();
        assert_eq!(marks.ring.capacity(), capacity);
        assert!(marks.drain(1).is_some());
        marks.shrink();
        assert!((2 * (quarter - 1)..capacity).contains(&marks.ring.capacity()));
    }

    #[test]
    fn a_mark_is_expired_exactly_one_interval_after_it() {
        let marks = marks(&[(5, 1), (7, 1)]);
        let start = Cursor::default();
        assert_eq!(marks.window_start(start, 10, 14), start);
        assert_eq!(marks.window_start(start, 10, 15), Cursor { skip: 1, before: 1 });
        assert_eq!(marks.window_start(start, 10, 17), marks.end());
    }

    #[test]
    fn shortening_the_tail_takes_the_mark_away_with_its_last_unit() {
        let mut marks = marks(&[(5, 1), (7, 3)]);
        assert!(!marks.shorten(1));
        assert_eq!((marks.total(), marks.last_at()), (3, 7));
        assert!(marks.shorten(2));
        assert_eq!((marks.total(), marks.last_at()), (1, 5));
        assert!(marks.shorten(1));
        assert_eq!((marks.total(), marks.last_at(), marks.is_empty()), (0, 0, true));
    }

    #[test]
    fn rebasing_changes_no_difference_of_totals() {
        let mut marks = marks(&[(5, 1), (7, 3), (9, 2)]);
        assert_eq!(marks.drain(1), Some((1, 5)));
        assert_eq!(marks.rebase(), 1);
        assert_eq!((marks.total(), marks.dropped(), marks.total_at(7)), (5, 0, 3));
        assert_eq!(marks.drain(2), Some((5, 9)));
        assert_eq!((marks.total(), marks.last_at()), (5, 0));
    }
}
