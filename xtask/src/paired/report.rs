//! Reports: what a benchmark found, and the line that says it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Chart, Point, Quartiles, Skill, Unit, Whose};

/// What one benchmark found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use]
pub struct Report {
    /// What was measured: the backend, a comma, and what it did.
    pub work: String,
    /// What its numbers count.
    pub unit: Unit,
    /// Our measurement.
    pub ours: Quartiles,
    /// What it was held against.
    pub against: Against,
    /// Why the target is missed, where that is known.
    pub because: Option<String>,
    /// Where it stands on charts.
    pub points: Vec<Point>,
    /// Whether the two sides occupy different numbers of cores, so that the ratio depends on what else
    /// the machine does.
    pub is_uneven: bool,
}

/// What our measurement is held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Against {
    /// Somebody else's work, or the floor under both.
    Peer {
        /// Who it is.
        name: String,
        /// What it can't do though ours does.
        cannot: Vec<Skill>,
        /// The peer's measurement.
        theirs: Quartiles,
        /// Ours over the peer's, round by round.
        ratio: Quartiles,
        /// The greatest median ratio that meets the target, if there is one.
        target: Option<f64>,
    },
    /// The greatest median that meets the target, in the report's unit.
    Bound(f64),
}

impl Report {
    pub(super) fn new(work: &str, unit: Unit, ours: Quartiles, against: Against) -> Report {
        let (work, points) = (work.to_owned(), Vec::new());
        let (because, is_uneven) = (None, false);
        Report { work, unit, ours, against, because, points, is_uneven }
    }

    /// Draws our measurement on a chart, at `x` of a curve.
    pub fn on(self, chart: Chart, series: &str, x: u32) -> Report {
        self.drawn(chart, series, x, Whose::Ours)
    }

    /// Draws the peer's measurement on a chart, at `x` of a curve.
    pub fn peer_on(self, chart: Chart, series: &str, x: u32) -> Report {
        self.drawn(chart, series, x, Whose::Theirs)
    }

    /// Says why the target is missed; shown where it is.
    pub fn because(self, reason: &str) -> Report {
        Report { because: Some(reason.to_owned()), ..self }
    }

    /// Says that the sides occupy different numbers of cores.
    pub fn uneven(self) -> Report {
        Report { is_uneven: true, ..self }
    }

    /// The backend that was measured: with its name the work begins.
    #[must_use]
    pub fn backend(&self) -> &str {
        self.work.split(',').next().unwrap_or_default()
    }

    /// Answers whether the target is met; `None` where there is no target.
    ///
    /// A measurement that is not a number meets none.
    #[must_use]
    pub fn is_met(&self) -> Option<bool> {
        self.judged().map(|(measured, target)| measured.median <= target)
    }

    /// Answers whether the target is missed by the median, though a quarter of the rounds or more meet it.
    #[must_use]
    pub fn is_missed_narrowly(&self) -> bool {
        self.judged()
            .is_some_and(|(measured, target)| measured.first <= target && target < measured.median)
    }

    /// The measurement of one side; a bound has none for the other.
    #[must_use]
    pub fn of(&self, whose: Whose) -> Option<Quartiles> {
        match (whose, &self.against) {
            (Whose::Ours, _) => Some(self.ours),
            (Whose::Theirs, Against::Peer { theirs, .. }) => Some(*theirs),
            (Whose::Theirs, Against::Bound(_)) => None,
        }
    }

    /// What is held against a target, and the target.
    fn judged(&self) -> Option<(Quartiles, f64)> {
        match &self.against {
            Against::Peer { ratio, target, .. } => target.map(|target| (*ratio, target)),
            Against::Bound(bound) => Some((self.ours, *bound)),
        }
    }

    fn drawn(mut self, chart: Chart, series: &str, x: u32, whose: Whose) -> Report {
        self.points.push(Point { chart, series: series.to_owned(), x: f64::from(x), whose });
        self
    }
}

/// One line of a table whose columns stand under each other from report to report.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quartiles { first, median, third } = self.ours;
        let show = |value| self.unit.show(value);
        let spread = format!("[{} .. {}]", show(first), show(third));
        write!(f, "{:<48} {:>9} {spread:<24} ", self.work, show(median))?;
        match &self.against {
            Against::Peer { name, theirs, ratio, target, .. } => {
                write!(f, "{name:<28} {:>9}", show(theirs.median))?;
                write_ratio(f, ratio, *target)?;
            }
            Against::Bound(bound) => write!(f, "bound <= {}", show(*bound))?,
        }
        f.write_str(match self.is_met() {
            Some(true) => "  met",
            Some(false) => "  missed",
            None => "",
        })
    }
}

fn write_ratio(f: &mut fmt::Formatter<'_>, ratio: &Quartiles, target: Option<f64>) -> fmt::Result {
    let Quartiles { first, median, third } = ratio;
    let spread = format!("[{first:.2} .. {third:.2}]");
    write!(f, "  ratio {median:>6.2} ")?;
    match target {
        Some(target) => write!(f, "{spread:<16}  target <= {target:.2}"),
        None => f.write_str(&spread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(value: f64) -> Quartiles {
        Quartiles::of([value])
    }

    fn against_peer(ratio: f64, target: Option<f64>) -> Report {
        let (name, ratio) = ("governor".to_owned(), flat(ratio));
        let against = Against::Peer { name, cannot: vec![], theirs: flat(20.0), ratio, target };
        Report::new("admit", Unit::Nanoseconds, flat(23.4), against)
    }

    #[test]
    fn a_ratio_at_its_target_meets_it_and_one_above_misses_it() {
        assert_eq!(against_peer(1.25, Some(1.25)).is_met(), Some(true));
        assert_eq!(against_peer(1.26, Some(1.25)).is_met(), Some(false));
    }

    #[test]
    fn a_report_without_a_target_is_neither_met_nor_missed() {
        let report = against_peer(9.0, None);
        assert_eq!(report.is_met(), None);
        assert!(report.to_string().ends_with(']'), "{report}");
    }

    #[test]
    fn a_ratio_that_is_not_a_number_misses_its_target() {
        assert_eq!(against_peer(f64::NAN, Some(1.25)).is_met(), Some(false));
    }

    #[test]
    fn a_target_between_the_first_quartile_and_the_median_is_missed_narrowly() {
        let with_first = |first| {
            let ours = Quartiles { first, ..flat(5.0) };
            Report::new("size", Unit::Bytes, ours, Against::Bound(4.0)).is_missed_narrowly()
        };
        assert_eq!([3.0, 4.0, 4.5].map(with_first), [true, true, false]);
        assert!(!against_peer(1.0, Some(1.25)).is_missed_narrowly());
        assert!(!against_peer(9.0, None).is_missed_narrowly());
    }

    #[test]
    fn the_line_names_both_sides_the_ratio_and_the_verdict() {
        let line = against_peer(1.17, Some(1.25)).to_string();
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(
            words.join(" "),
            "admit 23.4 ns [23.4 ns .. 23.4 ns] governor 20.0 ns ratio 1.17 [1.17 .. 1.17] \
             target <= 1.25 met"
        );
    }

    #[test]
    fn the_line_of_a_bound_names_the_bound_and_the_verdict() {
        let against = Against::Bound(50_000.0);
        let report = Report::new("expiry", Unit::Nanoseconds, flat(51_000.0), against);
        assert!(report.to_string().ends_with("bound <= 50.0 us  missed"), "{report}");
    }

    #[test]
    fn a_report_stands_on_charts_for_both_sides() {
        let report =
            against_peer(1.0, None).on(Chart::Rates, "memory", 2).peer_on(Chart::Rates, "peer", 2);
        let medians: Vec<f64> =
            report.points.iter().map(|point| report.of(point.whose).unwrap().median).collect();
        assert_eq!(medians, [23.4, 20.0]);
    }
}
