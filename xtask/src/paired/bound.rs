//! Bounds: our work alone, held against what it must not pass.

use std::time::Duration;

use super::side::{Plan, Side};
use super::{Against, Quartiles, Report, Unit, printed};

/// A measurement of our work alone, held against what it must not pass.
#[derive(Debug, Clone)]
#[must_use]
pub struct Bound<'a> {
    work: &'a str,
    unit: Unit,
    most: f64,
    plan: Plan,
}

impl<'a> Bound<'a> {
    /// Names the work and the greatest median time an iteration that still meets the target.
    pub fn new(work: &'a str, most: Duration) -> Self {
        let (unit, most, plan) = (Unit::Nanoseconds, nanoseconds(most), Plan::from_environment());
        Bound { work, unit, most, plan }
    }

    /// Names what takes memory, and how many bytes of it still meet the target.
    pub fn bytes(work: &'a str, most: f64) -> Self {
        Bound { unit: Unit::Bytes, most, ..Bound::new(work, Duration::ZERO) }
    }

    /// Makes rounds fewer and longer, for work that takes longer to set up than to do.
    pub fn with_long_rounds(self) -> Self {
        Bound { plan: self.plan.with_long_rounds(), ..self }
    }

    /// Measures the work, prints the report's line and returns the report.
    pub fn run(&self, ours: impl FnMut(u64) -> Duration) -> Report {
        let mut ours = Side::calibrated(ours, &self.plan);
        self.report(self.plan.rounds().map(|_| ours.round()))
    }

    /// Measures what takes long, and is repeated within itself: once, and answers the report.
    pub fn once(&self, ours: impl FnOnce() -> Duration) -> Report {
        self.report([nanoseconds(ours())])
    }

    /// Reports what needs no rounds, in the unit of the target.
    pub fn measured(&self, ours: f64) -> Report {
        self.report([ours])
    }

    fn report(&self, measurements: impl IntoIterator<Item = f64>) -> Report {
        let ours = Quartiles::of(measurements);
        printed(Report::new(self.work, self.unit, ours, Against::Bound(self.most)))
    }
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_met_by_the_median_of_our_times_alone() {
        let bound = Bound { plan: Plan::quick(), ..Bound::new("work", Duration::from_micros(50)) };
        assert_eq!(bound.run(|n| Duration::from_micros(50 * n)).is_met(), Some(true));
        assert_eq!(bound.run(|n| Duration::from_micros(51 * n)).is_met(), Some(false));
    }

    #[test]
    fn bytes_are_held_against_bytes() {
        let bound = Bound::bytes("work", 200.0);
        assert_eq!(bound.measured(200.0).is_met(), Some(true));
        assert_eq!(bound.measured(200.5).is_met(), Some(false));
    }
}
