//! Counting windows: no half-open window of any rate holds more than its limit, over grants that were not cancelled.
//!
//! It believes neither the log nor the oracle, only the list of grants that callers were told of.

use pyrate_core::{Grant, Rate, Rates};

/// The grants of one bucket since it was last empty.
pub(crate) struct Audit {
    rates: Rates,
    held: Vec<(u64, u64)>,
}

impl Audit {
    pub(crate) fn new(rates: Rates) -> Audit {
        Audit { rates, held: Vec::new() }
    }

    pub(crate) fn flush(&mut self) {
        self.held.clear();
    }

    pub(crate) fn cancel(&mut self, grant: &Grant) {
        let same = |held: &(u64, u64)| *held == (grant.at.as_micros(), grant.weight);
        let position = self.held.iter().position(same).expect("only a grant is cancelled");
        self.held.remove(position);
    }

    /// Adds `grant`, and names the rate of which a window that holds it is now too full.
    pub(crate) fn grant(&mut self, grant: &Grant) -> Result<(), Rate> {
        self.held.push((grant.at.as_micros(), grant.weight));
        let too_full =
            |rate: &&Rate| self.fullest(**rate, grant.at.as_micros()) > rate.limit().into();
        self.rates.iter().find(too_full).map_or(Ok(()), |rate| Err(*rate))
    }

    /// The most units in a window of `rate` that holds the instant `at`. The fullest window ends with a grant.
    fn fullest(&self, rate: Rate, at: u64) -> u128 {
        let ends = self.held.iter().map(|(end, _)| *end);
        let holding = ends.filter(|end| (at..at + micros(rate)).contains(end));
        holding.map(|end| self.window(rate, end)).max().unwrap_or(0)
    }

    fn window(&self, rate: Rate, end: u64) -> u128 {
        let inside = self.held.iter().filter(|(at, _)| *at <= end && *at + micros(rate) > end);
        inside.map(|(_, weight)| u128::from(*weight)).sum()
    }
}

fn micros(rate: Rate) -> u64 {
    u64::try_from(rate.interval().as_micros()).expect("an interval is below 2^53")
}
