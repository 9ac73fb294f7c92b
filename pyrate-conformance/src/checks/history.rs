//! The history check: what many threads were answered, judged by when they called and when they had the answer.
//!
//! It believes nothing that the bucket says of its grants but that they were granted: an instant within a call is all
//! that is sure. What it finds wrong is wrong, whichever instants those were.

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
    let (begun, ended) =
        (Totals::of(&granted, |call| call.from), Totals::of(&granted, |c| c.until));
    let may_bind = |denied: &Call, rate: &Rate| {
        // What ended before the window began before it as well, unless the store's clock was set back.
        let before = ended.up_to(|until| has_left(denied, until, *rate));
        let units = begun.up_to(|from| from <= denied.until).saturating_sub(before);
        units + denied.weight > rate.limit()
    };
    let mut denied = calls.iter().filter(|call| !call.is_granted);
    match denied.find(|denied| !rig.rates().iter().any(|rate| may_bind(denied, rate))) {
        None => Ok(()),
        Some(unjust) => Err(shown_unjust(rig, unjust, &granted)),
    }
}

/// Units of calls by some instant of theirs, in its order, each with those before it.
///
/// A thread that is interrupted within a call makes it last for as long as thousands of others: whoever looked at all
/// calls that could count beside one would take minutes.
struct Totals(Vec<(Timestamp, u64)>);

impl Totals {
    fn of(calls: &[Call], instant: impl Fn(&Call) -> Timestamp) -> Totals {
        let mut units: Vec<_> = calls.iter().map(|call| (instant(call), call.weight)).collect();
        units.sort_unstable();
        let mut total = 0;
        for (_, units) in &mut units {
            total += *units;
            *units = total;
        }
        Totals(units)
    }

    /// The units of the first calls, as long as `is_counted`.
    fn up_to(&self, is_counted: impl Fn(Timestamp) -> bool) -> u64 {
        let (counted, _) = self.0.split_at(self.0.partition_point(|(at, _)| is_counted(*at)));
        counted.last().map_or(0, |(_, total)| *total)
    }
}

/// Whether a unit granted by `until` can't have counted at any instant of `call`.
fn has_left(call: &Call, until: Timestamp, rate: Rate) -> bool {
    call.from.saturating_since(until) >= rate.interval()
}

/// That no window holds too many units of those that lie within it for sure: called and answered inside.
fn windows_hold(rig: &Rig, rate: Rate, granted: &[Call]) -> Verdict {
    let is_within = |first: &Call, at: Timestamp| at.saturating_since(first.from) < rate.interval();
    for (index, first) in granted.iter().enumerate() {
        let called = granted.iter().skip(index).take_while(|call| is_within(first, call.from));
        let inside = called.filter(|call| is_within(first, call.until));
        let units: u64 = inside.clone().map(|call| call.weight).sum();
        if units > rate.limit() {
            let inside: Vec<Call> = inside.copied().collect();
            let expected = format!("at most {} units in any window of {rate}", rate.limit());
            return Err(shown(rig, &inside, expected, format!("{units} units for sure")));
        }
    }
    Ok(())
}

/// A denial though no rate can have been in the way, beside all units that could count at one of its instants.
fn shown_unjust(rig: &Rig, denied: &Call, granted: &[Call]) -> Box<Failure> {
    let longest = rig.rates().longest();
    let may_count =
        |call: &&Call| call.from <= denied.until && !has_left(denied, call.until, longest);
    let calls: Vec<Call> = granted.iter().filter(may_count).chain([denied]).copied().collect();
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
