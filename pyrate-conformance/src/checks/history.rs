//! The history check: what many threads were answered, judged by when they called and when they had the answer.
//!
//! It believes nothing that the bucket says of its grants but that they were granted: an instant within a call is all that
//! is sure. What it finds wrong is wrong, whichever instants those were.

use std::time::Duration;

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
    let longest = granted.iter().map(|call| call.until.saturating_since(call.from)).max();
    let mut denied = calls.iter().filter(|call| !call.is_granted);
    denied.try_for_each(|call| {
        is_just(
            rig,
            *call,
            &granted,
            longest.unwrap_or_default() + rig.rates().longest().interval(),
        )
    })
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

/// That some rate may have been in the way of a denied call: with all units that could count at one of its instants.
///
/// Units of calls that began more than `reach` before it can't.
fn is_just(rig: &Rig, denied: Call, granted: &[Call], reach: Duration) -> Verdict {
    let begun = granted.partition_point(|call| call.from <= denied.until);
    let (begun, _) = granted.split_at(begun);
    let recent = begun.iter().rev();
    let recent: Vec<Call> = recent
        .take_while(|call| denied.from.saturating_since(call.from) <= reach)
        .copied()
        .collect();
    let may_bind = |rate: &Rate| {
        let may_count = |call: &&Call| denied.from.saturating_since(call.until) < rate.interval();
        let units: u64 = recent.iter().filter(may_count).map(|call| call.weight).sum();
        units + denied.weight > rate.limit()
    };
    if rig.rates().iter().any(may_bind) {
        return Ok(());
    }
    let mut calls: Vec<Call> = recent.into_iter().rev().collect();
    calls.push(denied);
    let expected = "granted, since no window can have been too full".to_owned();
    Err(shown(rig, &calls, expected, "denied".to_owned()))
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
