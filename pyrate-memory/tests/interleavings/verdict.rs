//! What must hold in every interleaving, judged when all threads have ended.
//!
//! Answers are held to the sliding log, which has an oracle of its own; windows are counted by brute force.

use std::cell::Cell;

use pyrate_core::{Decision, Grant, RateItem, Rates, SlidingLog, Timestamp};

use crate::history::{Call, Deed, History};

thread_local! {
    static TALLY: Cell<Tally> = const { Cell::new(Tally { interleavings: 0, grants: 0, glances: 0 }) };
}

/// How much was seen: a model in which nothing happens proves nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    pub(crate) interleavings: u64,
    pub(crate) grants: u64,
    /// Denials without the lock.
    pub(crate) glances: u64,
}

pub(crate) fn begin() {
    TALLY.set(Tally { interleavings: 0, grants: 0, glances: 0 });
}

pub(crate) fn tally() -> Tally {
    TALLY.get()
}

pub(crate) fn unit() -> RateItem<'static> {
    RateItem::new("unit", 1)
}

/// Panics, and tells what happened, unless every answer was right and no window holds too much.
pub(crate) fn judge(history: &History, rates: &Rates) {
    let wrong = history.calls.iter().find(|call| !is_right(call, history));
    assert!(wrong.is_none(), "wrong: {wrong:#?}\n{}", history.told());
    let eras = eras(history);
    let over = eras.iter().find(|grants| !fit(grants, rates));
    assert!(over.is_none(), "too much in a window: {over:#?}\n{}", history.told());
    count(history, eras.iter().map(Vec::len).sum());
}

fn count(history: &History, grants: usize) {
    let glances = history.calls.iter().filter(|call| call.lock.is_none()).count();
    let tally = tally();
    TALLY.set(Tally {
        interleavings: tally.interleavings + 1,
        grants: tally.grants + u64::try_from(grants).unwrap(),
        glances: tally.glances + u64::try_from(glances).unwrap(),
    });
}

/// Whether an answer is the log's own at a moment of the call.
fn is_right(call: &Call, history: &History) -> bool {
    let mut moments = moments(call, history);
    match call.deed {
        Deed::Reserve { max_delay, decision } => {
            let decide = |log: &SlidingLog, now| {
                let mut log = log.clone();
                log.set_next_id(id_of(decision));
                log.reserve(&unit(), now, max_delay)
            };
            let is_allowed = call.lock.is_some() || decision.is_denied();
            is_allowed && moments.any(|(log, now)| decide(log, now).unwrap() == decision)
        }
        Deed::Cancel { grant, is_cancelled } => {
            moments.any(|(log, now)| log.clone().cancel(&grant, now).unwrap() == is_cancelled)
        }
        Deed::Count(units) => moments.any(|(log, now)| log.count(now).unwrap() == units),
        Deed::Flush | Deed::Leak => true,
    }
}

/// The number that the bucket chose, which is no business of the log.
fn id_of(decision: Decision) -> u64 {
    match decision {
        Decision::Granted(grant) => grant.id(),
        Decision::Denied(_) => 0,
    }
}

/// The logs and times that a call may have answered about.
///
/// With the lock: the log as it was found, and a time no earlier than was known to any who held the lock before.
/// Without it: a log and a time of the call, neither of them outdated by what happened before the call. Unless the
/// clock is set back meanwhile, it had not come to a denial's instant when the log was so: the unit didn't fit.
fn moments<'a>(
    call: &Call,
    history: &'a History,
) -> impl Iterator<Item = (&'a SlidingLog, Timestamp)> {
    let (logs, since) = match call.lock {
        Some(lock) => (lock.locks..=lock.locks, lock.time),
        None => (call.since.locks..=call.until.locks, call.since.time),
    };
    let times = &history.times[since..=call.until.time];
    let at_each_time = move |log| times.iter().map(move |now| (log, *now));
    history.found[logs].iter().flat_map(at_each_time)
}

/// The grants that were kept, from one flush to the next.
fn eras(history: &History) -> Vec<Vec<Grant>> {
    let flushes = history.calls.iter().filter(|call| matches!(call.deed, Deed::Flush));
    let mut ends: Vec<usize> = flushes.map(lock_of).collect();
    ends.push(usize::MAX);
    ends.sort_unstable();
    let mut eras = vec![Vec::new(); ends.len()];
    for call in &history.calls {
        if let Deed::Reserve { decision: Decision::Granted(grant), .. } = call.deed
            && !is_cancelled(grant, history)
        {
            eras[ends.partition_point(|end| *end < lock_of(call))].push(grant);
        }
    }
    eras
}

fn lock_of(call: &Call) -> usize {
    call.lock.expect("changes are made under the lock").locks
}

fn is_cancelled(granted: Grant, history: &History) -> bool {
    history.calls.iter().any(
        |call| matches!(call.deed, Deed::Cancel { grant, is_cancelled: true } if grant == granted),
    )
}

/// No window that ends with a grant, so no window at all, holds more than a limit.
fn fit(grants: &[Grant], rates: &Rates) -> bool {
    grants.iter().all(|last| {
        rates.iter().all(|rate| {
            let in_window = |grant: &&Grant| {
                let age = last.at.as_micros().checked_sub(grant.at.as_micros());
                age.is_some_and(|age| age < rate.interval_micros())
            };
            grants.iter().filter(in_window).map(|grant| grant.weight).sum::<u64>() <= rate.limit()
        })
    })
}
