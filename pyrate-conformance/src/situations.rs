//! Situations that many checks begin with: lists of rates, full windows, grants here and there.
//!
//! Nothing here judges a bucket, beyond that it grants what fits.

use std::time::Duration;

use pyrate_core::{Grant, Rate, Rates, Timestamp};

use crate::failure::{Failure, Verdict};
use crate::oracle::Oracle;
use crate::rig::Rig;
use crate::subject::Subject;

/// The step of a clock.
pub(crate) const TICK: Duration = Duration::from_micros(1);

pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// Rates that differ in what binds, from the smallest to the largest.
const LISTS: [&str; 6] = [
    "1/1us",
    "2/7us",
    "3/10us;5/40us",
    "2/1s;3/1m",
    "2/3us;5/11us;6/60us",
    "9007199254740990/1h;9007199254740991/1d",
];

/// Rates whose windows last longer than a check, for buckets on real time.
const LONG_LISTS: [&str; 3] = ["5/1h", "3/1h;5/1d", "9007199254740990/1h;9007199254740991/1d"];

/// Proves each list of rates.
pub(crate) fn on_each_list(prove: impl Fn(Rates) -> Verdict) -> Verdict {
    LISTS.iter().try_for_each(|text| prove(text.parse()?))
}

/// Proves a new bucket of each list of rates.
pub(crate) fn on_each(subject: &Subject, prove: impl Fn(&Rig) -> Verdict) -> Verdict {
    on_each_list(|rates| prove(&subject.rig(rates)))
}

/// Proves each rate of each list, on a new bucket.
pub(crate) fn on_each_rate(subject: &Subject, prove: impl Fn(&Rig, Rate) -> Verdict) -> Verdict {
    on_each_list(|rates| {
        rates.iter().try_for_each(|rate| prove(&subject.rig(rates.clone()), *rate))
    })
}

/// Proves each list of rates whose shortest window is an hour.
pub(crate) fn on_each_long_list(prove: impl Fn(Rates) -> Verdict) -> Verdict {
    LONG_LISTS.iter().try_for_each(|text| prove(text.parse()?))
}

/// Weights from 1 to `limit`: all of them, or those near the ends.
pub(crate) fn weights_up_to(limit: u64) -> Vec<u64> {
    if limit <= 6 {
        return (1..=limit).collect();
    }
    vec![1, 2, limit / 2, limit - 1, limit]
}

/// The instant at which a unit of `at` leaves the window of `rate`.
pub(crate) fn end_of(at: Timestamp, rate: Rate) -> Timestamp {
    later(at, rate.interval())
}

/// `duration` after `at`.
pub(crate) fn later(at: Timestamp, duration: Duration) -> Timestamp {
    at.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// `duration` before `at`.
pub(crate) fn earlier(at: Timestamp, duration: Duration) -> Timestamp {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    Timestamp::from_micros(at.as_micros().saturating_sub(micros))
}

/// Grants as many units as `rate` allows in one window, each as early as it fits.
///
/// # Errors
///
/// [`Failure`] if the bucket doesn't grant them.
pub(crate) fn fill(rig: &Rig, rate: Rate) -> Result<Vec<Grant>, Box<Failure>> {
    grant_early(rig, rate, 0)
}

/// The same, but the first few units come one by one, at different instants.
///
/// # Errors
///
/// [`Failure`] if the bucket doesn't grant them.
pub(crate) fn trickle(rig: &Rig, rate: Rate) -> Result<Vec<Grant>, Box<Failure>> {
    grant_early(rig, rate, 4)
}

fn grant_early(rig: &Rig, rate: Rate, singles: usize) -> Result<Vec<Grant>, Box<Failure>> {
    let mut plan = Oracle::new(rig.rates().clone(), Timestamp::ZERO);
    let (mut grants, mut left) = (Vec::new(), rate.limit());
    while left > 0 {
        let is_single = grants.len() < singles;
        if is_single && !grants.is_empty() {
            rig.advance(TICK);
        }
        let most = if is_single { 1 } else { rig.rates().shortest().limit() };
        let weight = left.min(most);
        let wait = plan.waiting(weight, rig.now()?).ok().flatten().unwrap_or_default();
        rig.advance(wait);
        grants.push(rig.granted(weight)?);
        let _ = plan.reserve(0, ("a", weight), rig.now()?, Duration::ZERO);
        left -= weight;
    }
    Ok(grants)
}

/// The last of `granted`, and all later ends of their windows, each after the tick before it; oldest first.
pub(crate) fn edges(granted: &[Timestamp], rates: &[Rate]) -> Vec<Timestamp> {
    let ends = granted.iter().flat_map(|at| rates.iter().map(|rate| end_of(*at, *rate)));
    let last = granted.last().copied().unwrap_or_default();
    let mut edges: Vec<_> = ends.flat_map(|end| [earlier(end, TICK), end]).collect();
    edges.push(last);
    edges.retain(|edge| *edge >= last);
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// Puts `count` items of several weights a good third of the shortest window apart, whatever is denied.
///
/// # Errors
///
/// [`Failure`] if the bucket fails.
pub(crate) fn scatter(rig: &Rig, count: u64) -> Verdict {
    let rate = rig.rates().shortest();
    for number in 0..count {
        if number > 0 {
            rig.advance(Duration::from_micros(rate.interval_micros() / 3 + 1));
        }
        let _ = rig.put((1 + number % 3).min(rate.limit()))?;
    }
    Ok(())
}
