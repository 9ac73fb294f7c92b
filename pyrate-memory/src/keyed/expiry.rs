//! When the names of a shard can be forgotten, as far as it is known without looking at each of them.
//!
//! Instants and windows are in microseconds.

/// How many parts of the shortest-lived name's window pass between two sweeps: names outlive their window by one such
/// part at most.
const SWEEPS_PER_WINDOW: u64 = 4;

/// How many microseconds pass at least between two sweeps of a shard by callers who find all places for names taken.
const CROWDED_PAUSE: u64 = 100_000;

/// The instants at which sweeping some names is worth its while.
#[derive(Debug)]
pub(super) struct Expiry {
    /// No name can be forgotten before.
    earliest: u64,
    /// Every name can be forgotten then.
    latest: u64,
    /// The earliest, unless a sweep has just been made.
    due: u64,
    swept_at: u64,
}

/// What a sweep saw of the names that it kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    earliest: u64,
    latest: u64,
    shortest_window: u64,
}

impl Expiry {
    pub(super) fn of_nothing() -> Expiry {
        Expiry { earliest: u64::MAX, latest: 0, due: u64::MAX, swept_at: 0 }
    }

    /// Takes note that a name can be forgotten at `expires_at`, which may be earlier than before.
    pub(super) fn note(&mut self, expires_at: u64) {
        self.earliest = self.earliest.min(expires_at);
        self.due = self.due.min(expires_at);
        self.outlive(expires_at);
    }

    /// Takes note that a name can't be forgotten before `expires_at`.
    #[inline]
    pub(super) fn outlive(&mut self, expires_at: u64) {
        self.latest = self.latest.max(expires_at);
    }

    /// When a sweep is due.
    pub(super) fn due(&self) -> u64 {
        self.due.min(self.latest)
    }

    /// When a sweep may make room, where there is no place for one name more.
    pub(super) fn due_if_crowded(&self) -> u64 {
        self.earliest.max(self.swept_at.saturating_add(CROWDED_PAUSE)).min(self.due())
    }

    /// After a sweep at `now`.
    pub(super) fn swept(&mut self, now: u64, kept: Kept) {
        // Sweeping for a single name again and again would cost more than it gives back.
        let pause = kept.shortest_window.min(kept.latest.saturating_sub(now)) / SWEEPS_PER_WINDOW;
        let due = kept.earliest.max(now.saturating_add(pause));
        *self = Expiry { earliest: kept.earliest, latest: kept.latest, due, swept_at: now };
    }
}

impl Kept {
    pub(super) fn nothing() -> Kept {
        Kept { earliest: u64::MAX, latest: 0, shortest_window: u64::MAX }
    }

    pub(super) fn add(&mut self, expires_at: u64, window: u64) {
        self.earliest = self.earliest.min(expires_at);
        self.latest = self.latest.max(expires_at);
        self.shortest_window = self.shortest_window.min(window);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(names: &[(u64, u64)]) -> Kept {
        let mut kept = Kept::nothing();
        for (expires_at, window) in names {
            kept.add(*expires_at, *window);
        }
        kept
    }

    #[test]
    fn a_sweep_is_due_with_the_first_name_but_not_right_after_another_one() {
        let mut expiry = Expiry::of_nothing();
        expiry.note(500);
        expiry.outlive(900);
        assert_eq!(expiry.due(), 500);
        expiry.swept(500, kept(&[(520, 400), (900, 400)]));
        assert_eq!(expiry.due(), 600);
        // A name of a shorter window has come.
        expiry.note(550);
        assert_eq!(expiry.due(), 550);
    }

    #[test]
    fn when_all_can_be_forgotten_a_sweep_is_due_at_once() {
        let mut expiry = Expiry::of_nothing();
        expiry.swept(500, kept(&[(501, 4_000), (510, 4_000)]));
        assert_eq!(expiry.due(), 502);
        expiry.swept(500, kept(&[(501, 40)]));
        assert_eq!(expiry.due(), 501);
        expiry.swept(600, Kept::nothing());
        assert_eq!(expiry.due(), 0);
    }

    #[test]
    fn where_it_is_crowded_the_first_name_counts_but_sweeps_keep_a_distance() {
        let mut expiry = Expiry::of_nothing();
        let day = 86_400_000_000;
        expiry.swept(1_000, kept(&[(300_000, day), (day, day)]));
        assert_eq!(expiry.due_if_crowded(), 300_000);
        expiry.swept(290_000, kept(&[(300_000, day), (day, day)]));
        assert_eq!(expiry.due_if_crowded(), 390_000);
    }
}
