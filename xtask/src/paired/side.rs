//! One side of a benchmark: how often it repeats its work in a round, and how long that takes.

use std::time::{Duration, Instant};

/// The most that is asked of one round, even of work that claims to take no time.
const MOST_ITERATIONS: u32 = 1 << 30;

/// How many rounds are measured, and how long one lasts.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) rounds: u32,
    pub(super) warm_up: u32,
    pub(super) round: Duration,
    /// How long a round lasts in which threads call together: longer than the operating system lets
    /// one of them run.
    pub(super) together: Duration,
}

impl Plan {
    /// The quick plan if `PYRATE_BENCH_QUICK=1` is set, else the full one.
    pub(super) fn from_environment() -> Self {
        match std::env::var("PYRATE_BENCH_QUICK").as_deref() {
            Ok("1") => Plan::quick(),
            _ => Plan::full(),
        }
    }

    /// Enough rounds to quote; 41 have an exact median and exact quartiles.
    pub(super) fn full() -> Self {
        let [round, together] = [20, 50].map(Duration::from_millis);
        Plan { rounds: 41, warm_up: 5, round, together }
    }

    /// Rounds so short that on a busy machine many of them are not interrupted, and two runs agree.
    pub(super) fn quick() -> Self {
        let [round, together] = [1, 20].map(Duration::from_millis);
        Plan { rounds: 61, warm_up: 3, round, together }
    }

    /// A quarter of the rounds, each ten times as long.
    pub(super) fn with_long_rounds(self) -> Self {
        Plan { rounds: self.rounds / 4 + 1, warm_up: 1, round: self.round * 10, ..self }
    }

    pub(super) fn rounds(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.rounds
    }
}

/// A closure that repeats its work, with the number of repetitions that fills a round.
pub(super) struct Side<F> {
    pub(super) work: F,
    pub(super) iterations: u32,
}

impl<F: FnMut(u64) -> Duration> Side<F> {
    /// Finds the number of iterations that fills a round, then runs the plan's warm-up.
    pub(super) fn calibrated(mut work: F, plan: &Plan) -> Self {
        // The first call pays for cold caches and fresh pages; measured, it would make every round
        // too short.
        work(1);
        let iterations = calibrate(&mut work, plan.round, Instant::now);
        let mut side = Side { work, iterations };
        for _ in 0..plan.warm_up {
            side.round();
        }
        side
    }

    /// Runs one round and answers its nanoseconds an iteration.
    // Inlined where a side goes first and again where it goes second, the work would be compiled
    // twice, and the two copies were seen to differ by half in speed.
    #[inline(never)]
    pub(super) fn round(&mut self) -> f64 {
        let took = (self.work)(u64::from(self.iterations));
        took.as_secs_f64() * 1e9 / f64::from(self.iterations)
    }
}

// What a call claims leaves its setup out. Where the setup costs more than the work, it is the
// setup that a round has to pay for, so the greater of the two counts. But a setup of fixed cost, such
// as to start a thread, must not end the search early: all that it would leave of a round is itself.
fn calibrate(
    work: &mut impl FnMut(u64) -> Duration,
    round: Duration,
    now: impl Fn() -> Instant,
) -> u32 {
    let mut iterations = 1;
    loop {
        let start = now();
        let claimed = work(u64::from(iterations));
        let cost = claimed.max(now().saturating_duration_since(start));
        if claimed.saturating_mul(4) >= round || cost >= round || iterations >= MOST_ITERATIONS {
            return scaled(iterations, round, cost);
        }
        iterations = iterations.saturating_mul(4);
    }
}

fn scaled(iterations: u32, round: Duration, cost: Duration) -> u32 {
    let wanted = u128::from(iterations) * round.as_nanos() / cost.as_nanos().max(1);
    u32::try_from(wanted).unwrap_or(MOST_ITERATIONS).clamp(1, MOST_ITERATIONS)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const ROUND: Duration = Duration::from_millis(20);

    /// Calibrates work that says how long its setup takes, of which it tells nothing, and how long it claims to take.
    fn calibrated(setup: impl Fn(u64) -> Duration, claimed: impl Fn(u64) -> Duration) -> u32 {
        let now = Cell::new(Instant::now());
        let mut work = |iterations| {
            now.set(now.get() + setup(iterations) + claimed(iterations));
            claimed(iterations)
        };
        calibrate(&mut work, ROUND, || now.get())
    }

    fn no_setup(_: u64) -> Duration {
        Duration::ZERO
    }

    #[test]
    fn a_round_is_filled_with_as_many_iterations_as_fit() {
        assert_eq!(calibrated(no_setup, |n| Duration::from_micros(10 * n)), 2_000);
    }

    #[test]
    fn work_that_is_longer_than_a_round_runs_once() {
        assert_eq!(calibrated(no_setup, Duration::from_secs), 1);
    }

    #[test]
    fn work_that_takes_no_time_ends_the_calibration_too() {
        assert_eq!(calibrated(no_setup, no_setup), MOST_ITERATIONS);
    }

    #[test]
    fn setup_that_a_side_leaves_out_of_its_answer_still_bounds_the_round() {
        assert!(calibrated(|n| Duration::from_micros(500 * n), Duration::from_nanos) <= 40);
    }

    #[test]
    fn setup_of_a_fixed_cost_leaves_the_round_to_the_work() {
        assert!(calibrated(|_| Duration::from_millis(6), Duration::from_micros) > 4_000);
    }

    #[test]
    fn long_rounds_are_fewer() {
        let plan = Plan::full().with_long_rounds();
        assert_eq!((plan.rounds, plan.round), (11, Duration::from_millis(200)));
    }

    #[test]
    fn a_round_answers_the_nanoseconds_of_one_iteration() {
        let mut side = Side { work: |n| Duration::from_nanos(7 * n), iterations: 1_000 };
        assert!((side.round() - 7.0).abs() < 1e-9);
    }

    #[test]
    fn the_first_call_of_a_side_is_not_measured() {
        let mut calls = 0;
        let plan = Plan { rounds: 1, warm_up: 0, round: ROUND, ..Plan::quick() };
        let side = Side::calibrated(
            |n| {
                calls += 1;
                if calls == 1 { Duration::from_secs(1) } else { Duration::from_millis(n) }
            },
            &plan,
        );
        assert_eq!(side.iterations, 20);
    }
}
