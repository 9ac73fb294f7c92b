//! The history check: what many threads were answered, judged by when they called and when they had the answer.
//!
//! It believes nothing that the bucket says of its grants but that they were granted: an instant within a call is all that
//! is sure. What it finds wrong is wrong, whichever instants those were.

use pyrate_core::{Rate, Timestamp};

use crate::crowd::{CALLERS, all, brisk_rates, keep_calling, put, together};
use crate::failure::{Failure, Step, Verdict};
use crate::rig::Rig;
use crate::subject::Subject;

pub(crate) fn history_check(subject: &Subject) -> Verdict {
    let scarce = subject.rig(brisk_rates(subject.keeps_own_time())?);
    judge(&scarce, &all(together(CALLERS, |_| keep_watch(&scarce)))?)?;

    for _ in 0..10 {
        let ample = subject.rig(Rate::per_hour(AMPLE));
        judge(&ample, &all(together(CALLERS, |_| (0..EACH).map(|_| call(&ample, 1)).collect()))?)?;
    }
    Ok(())
}

/// Units for each caller where there is enough for all.
const EACH: u64 = 8;
const AMPLE: u64 = EACH * CALLERS as u64;

/// A put by one of many threads, and what the bucket's clock showed before it and behind it.
#[derive(Clone, Copy, Debug)]
struct Call {
    from: Timestamp,
    until: Timestamp,
    weight: u64,
    is_granted: bool,
}

fn keep_watch(rig: &Rig) -> Result<Vec<Call>, Box<Failure>> {
    keep_calling(rig, |number| call(rig, 1 + u64::from(number % 3 == 2)))
}

fn call(rig: &Rig, weight: u64) -> Result<Call, Box<Failure>> {
    let from = rig.unfailed(rig.handle().now())?;
    let is_granted = put(rig, weight)?.is_some();
    Ok(Call { from, until: rig.unfailed(rig.handle().now())?, weight, is_granted })
}

fn judge(rig: &Rig, calls: &[Call]) -> Verdict {
    let mut granted: Vec<Call> = calls.iter().copied().filter(|call| call.is_granted).collect();
    granted.sort_unstable_by_key(|call| call.from);
    rig.rates().iter().try_for_each(|rate| windows_hold(rig, *rate, &granted))?;
    let (called, answered) =
        (Sums::of(&granted, |call| call.from), Sums::of(&granted, |call| call.until));
    let may_bind = |rate: &Rate, denied: &Call| {
        let gone = answered.up_to(|until| denied.from.saturating_since(until) >= rate.interval());
        let may_count = called.up_to(|from| from <= denied.until).saturating_sub(gone);
        may_count + denied.weight > rate.limit()
    };
    let is_just = |denied: &Call| rig.rates().iter().any(|rate| may_bind(rate, denied));
    match calls.iter().find(|call| !call.is_granted && !is_just(call)) {
        None => Ok(()),
        Some(denied) => Err(unjust(rig, *denied, &granted)),
    }
}

/// Units granted, in order of an instant of their calls.
struct Sums(Vec<(Timestamp, u64)>);

impl Sums {
    fn of(granted: &[Call], instant: impl Fn(&Call) -> Timestamp) -> Sums {
        let mut sums: Vec<_> = granted.iter().map(|call| (instant(call), call.weight)).collect();
        sums.sort_unstable();
        let mut total = 0;
        for (_, sum) in &mut sums {
            total += *sum;
            *sum = total;
        }
        Sums(sums)
    }

    /// The units of the first calls for whose instant `holds`.
    fn up_to(&self, holds: impl Fn(Timestamp) -> bool) -> u64 {
        let count = self.0.partition_point(|(instant, _)| holds(*instant));
        count.checked_sub(1).and_then(|last| self.0.get(last)).map_or(0, |(_, sum)| *sum)
    }
}

/// That no window holds too many units of those that lie within it for sure: called and answered inside.
fn windows_hold(rig: &Rig, rate: Rate, granted: &[Call]) -> Verdict {
    let is_within = |first: &Call, at: Timestamp| at.saturating_since(first.from) < rate.interval();
    for (index, first) in granted.iter().enumerate() {
        let called = granted.iter().skip(index).take_while(|call| is_within(first, call.from));
        let inside: Vec<Call> =
            called.filter(|call| is_within(first, call.until)).copied().collect();
        let units: u64 = inside.iter().map(|call| call.weight).sum();
        if units > rate.limit() {
            let expected = format!("at most {} units in any window of {rate}", rate.limit());
            return Err(shown(rig, &inside, expected, format!("{units} units for sure")));
        }
    }
    Ok(())
}

/// No rate can have been in the way of a denied call, not even with all units that could count at one of its instants.
fn unjust(rig: &Rig, denied: Call, granted: &[Call]) -> Box<Failure> {
    let longest = rig.rates().longest().interval();
    let may_count = |call: &&Call| {
        call.from <= denied.until && denied.from.saturating_since(call.until) < longest
    };
    let mut calls: Vec<Call> = granted.iter().filter(may_count).copied().collect();
    calls.push(denied);
    let expected = "granted, since no window can have been too full".to_owned();
    shown(rig, &calls, expected, "denied".to_owned())
}

fn shown(rig: &Rig, calls: &[Call], expected: String, found: String) -> Box<Failure> {
    let step = |call: &Call| Step {
        at: Some(call.from),
        call: format!("put {} by one of many threads", call.weight),
        answer: format!("{} by {}", if call.is_granted { "granted" } else { "denied" }, call.until),
    };
    let mut failure = rig.failure(expected, found);
    failure.history = calls.iter().map(step).collect();
    failure
}
