//! Weights: all or nothing, worth as many units, and at the ends of their range.

use std::time::Duration;

use pyrate_core::{Decision, RateItem, Rates};

use crate::failure::Verdict;
use crate::rig::{Rig, decision_text, error_text};
use crate::situations::{TICK, earlier, end_of, on_each_list, on_each_long_list, weights_up_to};
use crate::subject::Subject;
use crate::view::Twins;

pub(crate) fn atomic_weighted_put(subject: &Subject) -> Verdict {
    on_each_long_list(|rates| {
        let limit = rates.shortest().limit();
        for space in weights_up_to(limit).into_iter().filter(|space| *space < limit) {
            let rig = subject.rig(rates.clone());
            rig.granted(limit - space)?;
            for weight in [space + 1, limit] {
                rig.denied(weight)?;
                rig.same("count", &(limit - space), &rig.count()?)?;
            }
            rig.granted(space)?;
            rig.same("count", &limit, &rig.count()?)?;
        }
        Ok(())
    })
}

pub(crate) fn weight_equals_units(subject: &Subject) -> Verdict {
    on_each_list(|rates| {
        for weight in 1..=rates.shortest().limit().min(4) {
            let twins = subject.twins(&rates);
            for _ in 0..weight {
                twins.model.granted(1)?;
            }
            twins.other.granted(weight)?;
            equal_until_gone(&twins)?;
        }
        Ok(())
    })
}

/// That twins show the same at both sides of each window's end, and leak the same after the last one.
fn equal_until_gone(twins: &Twins) -> Verdict {
    let start = twins.model.now()?;
    twins.same_view()?;
    for rate in twins.model.rates().iter() {
        for now in [earlier(end_of(start, *rate), TICK), end_of(start, *rate)] {
            twins.set(now);
            twins.same_view()?;
        }
    }
    twins.same(&twins.model.leak()?, &twins.other.leak()?)?;
    twins.same_view()
}

/// Weights at which numbers of some width end, or at which less than all of their bits is small.
const EDGES: [u64; 10] = [
    u32::MAX as u64,
    1 << 32,
    (1 << 32) + 1,
    (1 << 53) - 1,
    1 << 53,
    (1 << 53) + 1,
    i64::MAX as u64,
    1 << 63,
    u64::MAX - 1,
    u64::MAX,
];

/// From where on a bucket may answer a weight with an error.
const BEYOND_NUMBERS: u64 = 1 << 53;

pub(crate) fn weight_edges(subject: &Subject) -> Verdict {
    let lists = ["5/1h", "3/1h;5/1d", "4294967295/1h", "4294967297/1h", "9007199254740991/1h"];
    for text in lists {
        let rates: Rates = text.parse()?;
        let limit = rates.shortest().limit();
        let full = subject.rig(rates.clone());
        holds_at_its_edges(&full, 0)?;
        full.granted(limit)?;
        holds_at_its_edges(&full, limit)?;
        full.denied(1)?;
        for weight in EDGES.into_iter().filter(|weight| *weight < limit) {
            fits_beside_the_rest(&subject.rig(rates.clone()), weight)?;
        }
    }
    Ok(())
}

/// That no edge changes a bucket which holds `held` units, be that none or all it can hold.
fn holds_at_its_edges(rig: &Rig, held: u64) -> Verdict {
    let limit = rig.rates().shortest().limit();
    rig.same("the wait of weight 0", &Some(Duration::ZERO), &rig.waiting(0)?)?;
    rig.granted(0)?;
    for weight in EDGES.into_iter().chain([limit + 1]).filter(|weight| *weight > limit) {
        never_fits(rig, weight)?;
        rig.same("count", &held, &rig.count()?)?;
    }
    rig.same("the unit beyond", &None, &rig.peek(held)?)
}

/// That `weight` is denied for good, or refused as a number.
fn never_fits(rig: &Rig, weight: u64) -> Verdict {
    let item = RateItem::new("a", weight);
    let answer = rig.handle().put(&item);
    rig.note(&format!("put {weight}"), answer.as_ref().map_or_else(error_text, decision_text));
    let wait = rig.handle().waiting(&item);
    rig.note(&format!("waiting for {weight}"), format!("{wait:?}"));
    let is_denied = match answer {
        Ok(Decision::Denied(denial)) => denial.retry_after.is_none(),
        Ok(Decision::Granted(_)) => false,
        Err(_) => weight >= BEYOND_NUMBERS,
    };
    rig.holds(is_denied, "denied for good", &answer)?;
    let has_no_end = wait.as_ref().map_or(weight >= BEYOND_NUMBERS, Option::is_none);
    rig.holds(has_no_end, "no wait, since it never fits", &wait)
}

/// That `weight` and the rest of the limit are granted, and not one unit more.
fn fits_beside_the_rest(rig: &Rig, weight: u64) -> Verdict {
    let limit = rig.rates().shortest().limit();
    rig.granted(weight)?;
    rig.same("count", &weight, &rig.count()?)?;
    rig.denied(limit - weight + 1)?;
    rig.granted(limit - weight)?;
    rig.denied(1)?;
    rig.same("count", &limit, &rig.count()?)
}
