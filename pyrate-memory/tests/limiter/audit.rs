//! An audit on real time: eight threads ask one limiter as fast as they can, and every answer is checked afterwards.
//!
//! A slow machine asks less often; no check depends on how often.

use std::thread;
use std::time::{Duration, Instant};

use pyrate_memory::{Clock, InMemoryBucket, Limiter, MonotonicClock, Rate, Rates, Timestamp};

use crate::desk::{fullest, ms};

const RUN: Duration = Duration::from_secs(1);

/// A refusal, decided at an instant between the two.
type Refusal = (Timestamp, Timestamp);

#[derive(Default)]
struct Answers {
    granted: Vec<Timestamp>,
    refused: Vec<Refusal>,
}

/// Asks for a second, and then on until the longest rate has refused once.
fn ask(limiter: &Limiter, longest: Rate) -> Answers {
    let (clock, start, mut answers) = (MonotonicClock::new(), Instant::now(), Answers::default());
    let mut was_full = false;
    while start.elapsed() < RUN || !was_full {
        let before = clock.now().unwrap();
        match limiter.try_acquire("caller") {
            Ok(grant) => answers.granted.push(grant.at),
            Err(refusal) => {
                was_full |= refusal.rate() == Some(longest);
                answers.refused.push((before, clock.now().unwrap()));
                thread::yield_now();
            }
        }
    }
    answers
}

fn ask_from_threads(rates: &Rates) -> Answers {
    let limiter = Limiter::new(InMemoryBucket::new(rates.clone()));
    let longest = rates[rates.len() - 1];
    let mut all = Answers::default();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| ask(&limiter, longest))).collect();
        for answers in threads.into_iter().map(|thread| thread.join().unwrap()) {
            all.granted.extend(answers.granted);
            all.refused.extend(answers.refused);
        }
    });
    all.granted.sort_unstable();
    all
}

/// Whether some window of `rate` that ends between the two instants is full.
fn may_be_full(granted: &[Timestamp], rate: Rate, (before, after): Refusal) -> bool {
    let limit = usize::try_from(rate.limit()).unwrap();
    let known = granted.partition_point(|at| *at <= after);
    // The newest `limit` grants known by then: the first of them must not have left before the call began.
    known >= limit && granted[known - limit].checked_add(rate.interval()).unwrap() > before
}

#[test]
fn eight_threads_get_exactly_what_the_rates_allow() {
    let rates: Rates = "50/100ms;200/s".parse().unwrap();
    let answers = ask_from_threads(&rates);
    for rate in rates.iter() {
        let limit = usize::try_from(rate.limit()).unwrap();
        assert!(fullest(&answers.granted, rate.interval()) <= limit, "{rate} is broken");
    }
    assert_eq!(fullest(&answers.granted, ms(1_000)), 200, "the longest rate was never used up");
    for refusal in &answers.refused {
        let is_due = rates.iter().any(|rate| may_be_full(&answers.granted, *rate, *refusal));
        assert!(is_due, "refused with room to spare: {refusal:?}");
    }
}
