//! Pairs: our work and a peer's, interleaved.

use std::time::Duration;

use super::side::{Plan, Side};
use super::timing::{pace_of, timed};
use super::{Against, Peer, Quartiles, Report, Unit, printed};

/// A comparison of our work with a peer's, or with the floor under both.
#[derive(Debug, Clone)]
#[must_use]
pub struct Pair<'a> {
    work: &'a str,
    peer: Peer<'a>,
    target: Option<f64>,
    plan: Plan,
}

impl<'a> Pair<'a> {
    /// Names both sides: `work` is ours, `peer` is what it is measured against.
    ///
    /// The environment variable `PYRATE_BENCH_QUICK=1` makes rounds fewer and shorter: to see that
    /// a bench runs and to compare with another such run, not to quote it.
    pub fn new(work: &'a str, peer: impl Into<Peer<'a>>) -> Self {
        Pair { work, peer: peer.into(), target: None, plan: Plan::from_environment() }
    }

    /// Sets the greatest ratio of our time to the peer's that still meets the target.
    ///
    /// For a rate it is the inverse: 1.2 times the peer's decisions a second is `target(1.0 /
    /// 1.2)`.
    pub fn target(self, ratio: f64) -> Self {
        Pair { target: Some(ratio), ..self }
    }

    /// Makes rounds fewer and longer, for sides whose every round has a cost of its own that is not
    /// the work's: to wake a thousand threads.
    pub fn with_long_rounds(self) -> Self {
        Pair { plan: self.plan.with_long_rounds(), ..self }
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
        self.run_rounds(&self.plan, || ours.round(), || theirs.round())
    }

    /// Measures both sides while so many threads call without a pause: the time from one call to the
    /// next, whoever makes it. A closure makes what the thread of a number calls.
    pub fn run_on<T, U, C: FnMut() -> T, D: FnMut() -> U>(
        &self,
        threads: u64,
        ours: impl Fn(u64) -> C + Sync,
        theirs: impl Fn(u64) -> D + Sync,
    ) -> Report {
        if threads == 1 {
            return self.run(|n| timed(n, ours(0)), |n| timed(n, theirs(0)));
        }
        let plan = self.plan.clone().with_long_rounds();
        let window = plan.together;
        self.run_rounds(
            &plan,
            || pace_of(threads, window, &ours),
            || pace_of(threads, window, &theirs),
        )
    }

    /// Measures ours while so many threads call without a pause, and the peer's as one caller's.
    pub fn run_on_beside_one<T, C: FnMut() -> T>(
        &self,
        threads: u64,
        ours: impl Fn(u64) -> C + Sync,
        theirs: impl FnMut(u64) -> Duration,
    ) -> Report {
        let plan = self.plan.clone().with_long_rounds();
        let mut theirs = Side::calibrated(theirs, &plan);
        let report =
            self.run_rounds(&plan, || pace_of(threads, plan.together, &ours), || theirs.round());
        if threads == 1 { report } else { report.uneven() }
    }

    fn run_rounds(
        &self,
        plan: &Plan,
        mut ours: impl FnMut() -> f64,
        mut theirs: impl FnMut() -> f64,
    ) -> Report {
        let rounds: Vec<(f64, f64)> =
            plan.rounds().map(|round| one_round(round, &mut ours, &mut theirs)).collect();
        printed(self.report(Unit::Nanoseconds, &rounds))
    }

    /// Reports what needs no rounds: the bytes that each side takes.
    pub fn bytes(&self, ours: f64, theirs: f64) -> Report {
        printed(self.report(Unit::Bytes, &[(ours, theirs)]))
    }

    fn report(&self, unit: Unit, rounds: &[(f64, f64)]) -> Report {
        let against = Against::Peer {
            name: self.peer.name.to_owned(),
            cannot: self.peer.cannot.to_vec(),
            theirs: Quartiles::of(rounds.iter().map(|(_, theirs)| *theirs)),
            ratio: Quartiles::of(rounds.iter().map(|(ours, theirs)| ours / theirs)),
            target: self.target,
        };
        let ours = Quartiles::of(rounds.iter().map(|(ours, _)| *ours));
        Report::new(self.work, unit, ours, against)
    }
}

fn one_round(
    round: u32,
    ours: &mut impl FnMut() -> f64,
    theirs: &mut impl FnMut() -> f64,
) -> (f64, f64) {
    if round.is_multiple_of(2) {
        let first = ours();
        (first, theirs())
    } else {
        let first = theirs();
        (ours(), first)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::thread;

    use super::super::Skill;
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
        let rounds: Vec<_> = (0..40)
            .map(|round| one_round(round, &mut || ours.round(), &mut || theirs.round()))
            .collect();
        let report = pair.report(Unit::Nanoseconds, &rounds);
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
    fn threads_together_are_held_against_as_many_others() {
        let nap = |millis| move |_| move || thread::sleep(Duration::from_millis(millis));
        let plan = Plan { rounds: 8, together: Duration::from_millis(30), ..Plan::quick() };
        let report = pair(plan).run_on(3, nap(4), nap(1));
        assert!(ratio(&report).median > 1.5, "{report}");
    }

    #[test]
    fn only_several_threads_beside_one_are_uneven() {
        let plan = Plan { rounds: 4, together: Duration::from_millis(1), ..Plan::quick() };
        let pair = pair(plan);
        let is_uneven =
            |threads| pair.run_on_beside_one(threads, |_| || (), Duration::from_millis).is_uneven;
        assert_eq!([1, 2].map(is_uneven), [false, true]);
    }

    #[test]
    fn bytes_have_a_ratio_too() {
        let report = pair(Plan::quick()).target(2.0).bytes(300.0, 200.0);
        assert_eq!((report.unit, report.is_met()), (Unit::Bytes, Some(true)));
        assert_eq!(ratio(&report), Quartiles::of([1.5]));
    }

    #[test]
    fn what_a_peer_lacks_stands_in_the_report() {
        const PEER: Peer<'_> = Peer::new("peer").cannot(&[Skill::Weights, Skill::ExactWindows]);
        let report = Pair::new("work", PEER).bytes(1.0, 1.0);
        let Against::Peer { cannot, .. } = report.against else { panic!("a pair has a peer") };
        assert_eq!(cannot, [Skill::Weights, Skill::ExactWindows]);
    }
}
