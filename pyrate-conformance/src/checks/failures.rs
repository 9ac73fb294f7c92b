//! Failures of what a bucket stands on: they are passed on as errors, never turned into answers.

use std::fmt::Debug;
use std::time::Duration;

use pyrate_core::{BucketError, Grant, Outcome, Rate, RateItem};

use crate::failure::{Failure, Verdict};
use crate::rig::{Rig, error_text};
use crate::subject::Subject;

pub(crate) fn store_error_propagates(subject: &Subject) -> Verdict {
    for outcome in [Outcome::NotRecorded, Outcome::Unknown] {
        let (rig, fail) = subject.faulty_rig(Rate::per_hour(3))?;
        let grant = rig.granted(1)?;
        fail(Some(outcome));
        for decided in decisions(&rig)? {
            rig.same("the outcome", &outcome, &decided.outcome())?;
        }
        fails_to_look(&rig)?;
        fails(&rig, "flush", rig.handle().flush())?;
        removes_nothing(&rig, &grant)?;
        fail(None);
        works_again(&rig, outcome)?;
    }
    Ok(())
}

/// That the bucket works again, and that what recorded nothing is not there.
fn works_again(rig: &Rig, outcome: Outcome) -> Verdict {
    if outcome == Outcome::Unknown {
        return rig.count().map(drop);
    }
    rig.same("count", &1, &rig.count()?)?;
    rig.granted(2)?;
    rig.denied(1).map(drop)
}

pub(crate) fn clock_error_propagates(subject: &Subject) -> Verdict {
    let rig = subject.rig(Rate::per_hour(3));
    for weight in [1, 2] {
        let grant = rig.granted(weight)?;
        let before = rig.view()?;
        let now = rig.now()?;
        rig.clock().iter().for_each(|clock| clock.fail(no_time()));
        decisions(&rig)?;
        fails_to_look(&rig)?;
        fails(&rig, "now", rig.handle().now())?;
        removes_nothing(&rig, &grant)?;
        rig.set(now);
        rig.unchanged(&before)?;
    }
    Ok(())
}

fn no_time() -> BucketError {
    BucketError::new(Outcome::NotRecorded, "the clock can't be read")
}

/// The errors of the calls that decide.
fn decisions(rig: &Rig) -> Result<Vec<BucketError>, Box<Failure>> {
    let (item, second) = (RateItem::new("a", 1), Duration::from_secs(1));
    Ok(vec![
        fails(rig, "put 1", rig.handle().put(&item))?,
        fails(rig, "reserve 1 within 1s", rig.handle().reserve(&item, second))?,
    ])
}

fn fails_to_look(rig: &Rig) -> Verdict {
    fails(rig, "waiting for 1", rig.handle().waiting(&RateItem::new("a", 1)))?;
    fails(rig, "count", rig.handle().count())?;
    fails(rig, "available", rig.handle().available())?;
    fails(rig, "peek 0", rig.handle().peek(0)).map(drop)
}

/// That leak and cancel don't say they did anything. A bucket that does neither has nothing to fail at.
fn removes_nothing(rig: &Rig, grant: &Grant) -> Verdict {
    let leaked = rig.handle().leak(None);
    rig.holds(matches!(leaked, Err(_) | Ok(0)), "an error of leak, or 0", &leaked)?;
    let cancelled = rig.handle().cancel(grant);
    rig.holds(matches!(cancelled, Err(_) | Ok(false)), "an error of cancel, or false", &cancelled)
}

/// The error that `call` must have answered.
fn fails<T: Debug>(
    rig: &Rig,
    call: &str,
    answer: Result<T, BucketError>,
) -> Result<BucketError, Box<Failure>> {
    rig.note(call, answer.as_ref().map_or_else(error_text, |answer| format!("{answer:?}")));
    match answer {
        Err(error) => Ok(error),
        Ok(answer) => Err(rig.failure("an error", format!("{answer:?}"))),
    }
}
