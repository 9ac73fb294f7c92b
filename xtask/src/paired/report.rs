//! Reports: what a benchmark found, and the line that says it.

use std::fmt;
use std::time::Duration;

use super::Quartiles;

/// What one benchmark found.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was measured.
    pub work: String,
    /// Our time, in nanoseconds an iteration.
    pub ours: Quartiles,
    /// What it was held against.
    pub against: Against,
}

/// What our time is held against.
#[derive(Debug, Clone, PartialEq)]
pub enum Against {
    /// Somebody else's work, or the floor under both.
    Peer {
        /// Who it is.
        name: String,
        /// The peer's time, in nanoseconds an iteration.
        time: Quartiles,
        /// Our time over the peer's, round by round.
        ratio: Quartiles,
        /// The greatest median ratio that meets the target, if there is one.
        target: Option<f64>,
    },
    /// The greatest median time of an iteration that meets the target.
    Bound(Duration),
}

impl Report {
    /// Answers whether the target is met; `None` where there is no target.
    ///
    /// A measurement that is not a number meets none.
    #[must_use]
    pub fn is_met(&self) -> Option<bool> {
        match &self.against {
            Against::Peer { ratio, target, .. } => target.map(|target| ratio.median <= target),
            Against::Bound(bound) => Some(self.ours.median <= nanoseconds(*bound)),
        }
    }
}

/// One line of a table whose columns stand under each other from report to report.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quartiles { first, median, third } = self.ours;
        let spread = format!("[{} .. {}]", time(first), time(third));
        write!(f, "{:<48} {:>9} {spread:<24} ", self.work, time(median))?;
        match &self.against {
            Against::Peer { name, time, ratio, target } => {
                write_peer(f, name, time)?;
                write_ratio(f, ratio, *target)?;
            }
            Against::Bound(bound) => write_bound(f, *bound)?,
        }
        f.write_str(match self.is_met() {
            Some(true) => "  met",
            Some(false) => "  missed",
            None => "",
        })
    }
}

/// A duration as a fraction of nanoseconds, the unit of every time in a report.
pub(super) fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

fn write_peer(f: &mut fmt::Formatter<'_>, name: &str, peer: &Quartiles) -> fmt::Result {
    write!(f, "{name:<28} {:>9}", time(peer.median))
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

fn write_bound(f: &mut fmt::Formatter<'_>, bound: Duration) -> fmt::Result {
    write!(f, "bound <= {}", time(nanoseconds(bound)))
}

fn time(nanoseconds: f64) -> String {
    let (scale, unit) = match nanoseconds {
        n if n < 1e3 => (1.0, "ns"),
        n if n < 1e6 => (1e3, "us"),
        n if n < 1e9 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    format!("{:.1} {unit}", nanoseconds / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(value: f64) -> Quartiles {
        Quartiles { first: value, median: value, third: value }
    }

    fn against_peer(ratio: f64, target: Option<f64>) -> Report {
        let (name, time) = ("governor".to_owned(), flat(20.0));
        let against = Against::Peer { name, time, ratio: flat(ratio), target };
        Report { work: "admit".to_owned(), ours: flat(23.4), against }
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
        let against = Against::Bound(Duration::from_micros(50));
        let report = Report { work: "expiry".to_owned(), ours: flat(51_000.0), against };
        assert!(report.to_string().ends_with("bound <= 50.0 us  missed"), "{report}");
    }

    #[test]
    fn a_time_is_written_in_the_unit_that_keeps_it_short() {
        let written = [5.5, 23_400.0, 1_200_000.0, 2e9].map(time);
        assert_eq!(written, ["5.5 ns", "23.4 us", "1.2 ms", "2.0 s"]);
    }
}
