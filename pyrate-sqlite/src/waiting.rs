//! Waiting for whoever holds the database's lock: short naps, and many of them.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::SqliteError;
use crate::trouble::Trouble;

/// The first and the longest nap between two attempts. SQLite's own handler naps for up to 100 ms, through many turns of
/// whoever holds the lock.
const FIRST_NAP: Duration = Duration::from_micros(50);
const LONGEST_NAP: Duration = Duration::from_micros(250);

/// Attempts something until it doesn't find the lock held, or until `end`; `None` is never.
pub(crate) fn until(
    end: Option<Instant>,
    mut attempt: impl FnMut() -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut nap = FIRST_NAP;
    loop {
        let ended = attempt();
        let left = end.map_or(LONGEST_NAP, |it| it.saturating_duration_since(Instant::now()));
        let is_busy = ended.as_ref().err().is_some_and(Trouble::is_busy);
        if !is_busy || left.is_zero() {
            return ended;
        }
        thread::sleep(nap.min(left));
        nap = LONGEST_NAP.min(nap * 2);
    }
}

/// Attempts something until it doesn't find the lock held, for `timeout` at most.
pub(crate) fn patiently(
    timeout: Duration,
    attempt: impl FnMut() -> Result<(), Trouble>,
) -> Result<(), SqliteError> {
    let start = Instant::now();
    // A timeout that no clock can reach never ends.
    until(start.checked_add(timeout), attempt).map_err(|trouble| trouble.told(start.elapsed()))
}
