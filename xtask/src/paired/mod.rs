//! Benchmarks whose verdict is a ratio: both sides in one process, interleaved round by round.
//!
//! A machine that slows down for a while slows down both sides of a round, so the ratio of one
//! round is steadier than either of its times. Quoted is the median of those ratios, with its
//! quartiles. What has no peer is held against a [`Bound`]. Curves over a parameter are not drawn
//! here.
//!
//! A side is a closure that is told how often to repeat its work and answers how long that took. It
//! leaves its setup out of the answer, and may use as many threads as it likes.
//!
//! ```no_run
//! use std::hint::black_box;
//! use std::time::Instant;
//! use xtask::paired::{Pair, save};
//!
//! let pair = Pair::new("sum of 100", "sum of 80").target(1.3);
//! let side = |length: u64| {
//!     move |iterations: u64| {
//!         let start = Instant::now();
//!         for _ in 0..iterations {
//!             black_box((0..black_box(length)).sum::<u64>());
//!         }
//!         start.elapsed()
//!     }
//! };
//! save("sums", &[pair.run(side(100), side(80))])?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod json;
mod quartiles;
mod report;
mod side;

use std::time::Duration;

pub use json::save;
pub use quartiles::Quartiles;
pub use report::{Against, Report};

use side::{Plan, Side};

/// A comparison of our work with a peer's, or with the floor under both.
#[derive(Debug, Clone)]
#[must_use]
pub struct Pair<'a> {
    work: &'a str,
    peer: &'a str,
    target: Option<f64>,
    plan: Plan,
}

impl<'a> Pair<'a> {
    /// Names both sides: `work` is ours, `peer` is what it is measured against.
    ///
    /// The environment variable `PYRATE_BENCH_QUICK=1` makes rounds fewer and shorter: to see that
    /// a bench runs, not to quote it.
    pub fn new(work: &'a str, peer: &'a str) -> Self {
        Pair { work, peer, target: None, plan: Plan::from_environment() }
    }

    /// Sets the greatest ratio of our time to the peer's that still meets the target.
    ///
    /// For a rate it is the inverse: 1.2 times the peer's decisions a second is `target(1.0 /
    /// 1.2)`.
    pub fn target(self, ratio: f64) -> Self {
        Pair { target: Some(ratio), ..self }
    }

    /// Measures both sides, prints the report's line and returns the report.
    ///
    /// The side that goes first changes from round to round, so that neither always finds the
    /// other's caches.
    pub fn run(
        &self,
        ours: impl FnMut(u64) -> Duration,
        theirs: impl FnMut(u64) -> Duration,
    ) -> Report {
        let mut ours = Side::calibrated(ours, &self.plan);
        let mut theirs = Side::calibrated(theirs, &self.plan);
        let rounds: Vec<(f64, f64)> =
            self.plan.rounds().map(|round| one_round(round, &mut ours, &mut theirs)).collect();
        printed(self.report(&rounds))
    }

    fn report(&self, rounds: &[(f64, f64)]) -> Report {
        Report {
            work: self.work.to_owned(),
            ours: Quartiles::of(rounds.iter().map(|(ours, _)| *ours)),
            against: Against::Peer {
                name: self.peer.to_owned(),
                time: Quartiles::of(rounds.iter().map(|(_, theirs)| *theirs)),
                ratio: Quartiles::of(rounds.iter().map(|(ours, theirs)| ours / theirs)),
                target: self.target,
            },
        }
    }
}

/// A measurement of our work alone, held against a time that it must not pass.
#[derive(Debug, Clone)]
#[must_use]
pub struct Bound<'a> {
    work: &'a str,
    most: Duration,
    plan: Plan,
}

impl<'a> Bound<'a> {
    /// Names the work and the greatest median time an iteration that still meets the target.
    pub fn new(work: &'a str, most: Duration) -> Self {
        Bound { work, most, plan: Plan::from_environment() }
    }

    /// Measures the work, prints the report's line and returns the report.
    pub fn run(&self, ours: impl FnMut(u64) -> Duration) -> Report {
        let mut ours = Side::calibrated(ours, &self.plan);
        let times = self.plan.rounds().map(|_| ours.round());
        printed(Report {
            work: self.work.to_owned(),
            ours: Quartiles::of(times),
            against: Against::Bound(self.most),
        })
    }

    /// Measures what takes long, and is repeated within itself: once, and answers the report.
    pub fn once(&self, ours: impl FnOnce() -> Duration) -> Report {
        let time = ours().as_secs_f64() * 1e9;
        printed(Report {
            work: self.work.to_owned(),
            ours: Quartiles::of([time]),
            against: Against::Bound(self.most),
        })
    }
}

fn one_round(
    round: u32,
    ours: &mut Side<impl FnMut(u64) -> Duration>,
    theirs: &mut Side<impl FnMut(u64) -> Duration>,
) -> (f64, f64) {
    if round.is_multiple_of(2) {
        let first = ours.round();
        (first, theirs.round())
    } else {
        let first = theirs.round();
        (ours.round(), first)
    }
}

// Each line appears as soon as it is measured: a bench of many reports takes minutes.
fn printed(report: Report) -> Report {
    println!("{report}");
    report
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    fn pair(plan: Plan) -> Pair<'static> {
        Pair { plan, ..Pair::new("work", "peer") }
    }

    fn ratio(report: &Report) -> Quartiles {
        match &report.against {
            Against::Peer { ratio, .. } => *ratio,
            Against::Bound(_) => panic!("a pair reports a peer"),
        }
    }

    #[test]
    fn a_side_that_takes_twice_as_long_has_the_ratio_two() {
        let report = pair(Plan::quick())
            .run(|n| Duration::from_micros(20 * n), |n| Duration::from_micros(10 * n));
        assert_eq!(ratio(&report), Quartiles { first: 2.0, median: 2.0, third: 2.0 });
        assert!((report.ours.median - 20_000.0).abs() < 1e-6, "{report}");
    }

    #[test]
    fn a_machine_that_slows_down_moves_the_times_but_not_the_ratio() {
        let calls = Cell::new(0);
        let micros = |times: u64| {
            // Two calls make a round, and each round is slower than the one before it.
            calls.set(calls.get() + 1);
            Duration::from_micros(times * (1 + calls.get() / 2))
        };
        let pair = pair(Plan { warm_up: 0, ..Plan::quick() });
        let mut ours = Side { work: |n| micros(3 * n), iterations: 1 };
        let mut theirs = Side { work: |n| micros(n), iterations: 1 };
        calls.set(1);
        let rounds: Vec<_> =
            (0..40).map(|round| one_round(round, &mut ours, &mut theirs)).collect();
        let report = pair.report(&rounds);
        assert!(report.ours.third > 2.0 * report.ours.first, "{report}");
        assert!((ratio(&report).third - ratio(&report).first).abs() < 1e-9, "{report}");
    }

    #[test]
    fn the_side_that_goes_first_changes_from_round_to_round() {
        let order = RefCell::new(String::new());
        let side = |name: char| {
            let order = &order;
            move |n: u64| {
                order.borrow_mut().push(name);
                Duration::from_millis(n)
            }
        };
        let plan = Plan { rounds: 4, warm_up: 0, ..Plan::quick() };
        let _ = pair(plan).run(side('o'), side('t'));
        assert!(order.borrow().ends_with("ottootto"), "{}", order.borrow());
    }

    #[test]
    fn each_side_is_divided_by_its_own_iterations() {
        let report =
            pair(Plan::quick()).run(Duration::from_millis, |n| Duration::from_micros(10 * n));
        assert!((ratio(&report).median - 100.0).abs() < 1e-6, "{report}");
    }

    #[test]
    fn a_pair_carries_its_target_into_the_report() {
        let pair = pair(Plan::quick()).target(1.5);
        let met = pair.run(|n| Duration::from_micros(15 * n), |n| Duration::from_micros(10 * n));
        let missed = pair.run(|n| Duration::from_micros(16 * n), |n| Duration::from_micros(10 * n));
        assert_eq!((met.is_met(), missed.is_met()), (Some(true), Some(false)));
    }

    #[test]
    fn a_bound_is_met_by_the_median_of_our_times_alone() {
        let bound = Bound { plan: Plan::quick(), ..Bound::new("work", Duration::from_micros(50)) };
        assert_eq!(bound.run(|n| Duration::from_micros(50 * n)).is_met(), Some(true));
        assert_eq!(bound.run(|n| Duration::from_micros(51 * n)).is_met(), Some(false));
    }
}
