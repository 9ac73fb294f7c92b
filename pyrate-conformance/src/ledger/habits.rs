//! Habits: what a ledger does at the points where buckets go wrong.
//!
//! Each is right unless a broken bucket overrides it, so that a broken bucket is its one fault and nothing else.

use std::collections::VecDeque;

use pyrate_core::{Rate, Rates};

use super::{Entry, Ledger, Spot};

/// How a list of grants is kept. Instants and windows are in microseconds.
pub trait Habits: Send + Sync + Sized + 'static {
    /// The length of the window of `rate`.
    fn window(rate: Rate) -> u64 {
        rate.interval_micros()
    }

    /// The instant of a call: the clock's reading or the stamp, but never before the last change.
    fn present(reading: u64, seen: u64) -> u64 {
        reading.max(seen)
    }

    /// From when on an item may be granted: not before `last`, the instant of the grant before it.
    fn start(last: u64, now: u64) -> u64 {
        now.max(last)
    }

    /// Whether a unit of the instant `at` isn't counted yet.
    fn is_ignored(_at: u64, _now: u64) -> bool {
        false
    }

    /// Whether a unit of the instant `at` is inside a window that ends with `now`, or will be.
    fn is_inside(at: u64, window: u64, now: u64) -> bool {
        at + window > now
    }

    /// How many units may be in a window before `weight` more; `None`: it never fits.
    fn room(limit: u64, weight: u64) -> Option<u64> {
        limit.checked_sub(weight)
    }

    /// Where `weight` goes; `None`: nowhere, ever.
    fn spot(ledger: &Ledger<Self>, rates: &Rates, weight: u64, now: u64) -> Option<Spot> {
        ledger.spot(rates, weight, now)
    }

    /// Adds an entry behind all others of its instant.
    fn add(entries: &mut VecDeque<Entry>, entry: Entry) {
        let index = entries.partition_point(|earlier| earlier.at <= entry.at);
        entries.insert(index, entry);
    }

    /// Whether an entry of the instant `at` is dropped as others arrive; `kept` is the longest window ever used.
    fn is_gone(at: u64, _rates: &Rates, kept: u64, now: u64) -> bool {
        at + kept <= now
    }

    /// Whether a leak removes an entry of the instant `at`.
    fn is_leaked(at: u64, rates: &Rates, kept: u64, now: u64) -> bool {
        Self::is_gone(at, rates, kept, now)
    }
}

/// No habit but the right ones.
#[derive(Clone, Copy, Debug)]
pub struct Right;

impl Habits for Right {}
