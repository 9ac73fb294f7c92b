//! Waiting in line: when a reservation is due, and in which order.

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;
use pyrate_core::{Decision, Denial, Grant, Rate, RateItem, Rates, Timestamp};

use crate::course::{Event, History, histories};
use crate::failure::{Failure, Verdict};
use crate::histories::{Deed, Mix};
use crate::random::for_all;
use crate::rig::Rig;
use crate::situations::{HOUR, TICK};
use crate::subject::Subject;

pub(crate) fn reserve_matches_formula(subject: &Subject) -> Verdict {
    let grants_as_due = |rig: &Rig, event: &Event| {
        let is_grant = event.decisions.is_some_and(|(a, b)| a.is_granted() || b.is_granted());
        rig.holds(!is_grant || event.agrees(), &event.expected, &event.found)
    };
    for_all(96, lines(), |history| history.play(subject, &grants_as_due).map(drop))
}

pub(crate) fn fifo_order(subject: &Subject) -> Verdict {
    let rig = subject.rig(Rate::per_hour(3));
    rig.granted(2)?;
    // One unit has room now, but not at the heavy one's instant unless it stands behind it.
    let heavy = rig.reserved(2)?;
    let light = rig.reserved(1)?;
    stands_behind(&rig, heavy, light)?;
    let next = rig.reserved(3)?;
    stands_behind(&rig, light, next)?;
    stands_behind(&rig, next, rig.reserved(1)?)?;
    heavy_does_not_starve(subject)?;

    if subject.keeps_own_time() {
        return Ok(());
    }
    let any_answer = |_: &Rig, _: &Event| Ok(());
    for_all(48, lines(), |history| {
        let course = history.play(subject, &any_answer)?;
        let granted: Vec<Grant> = course.grants.iter().filter(|g| g.weight > 0).copied().collect();
        let mut neighbours = granted.iter().zip(granted.iter().skip(1));
        neighbours.try_for_each(|(first, second)| stands_behind(&course.rig, *first, *second))
    })
}

pub(crate) fn try_does_not_barge(subject: &Subject) -> Verdict {
    let rig = subject.rig(Rate::per_hour(3));
    rig.granted(1)?;
    let heavy = rig.reserved(3)?;
    // Two units have room until the heavy one is due.
    nobody_passes(&rig)?;
    rig.set(Timestamp::from_micros(heavy.at.as_micros() - 1));
    nobody_passes(&rig)
}

pub(crate) fn max_delay_boundary(subject: &Subject) -> Verdict {
    for rates in ["3/1s", "3/7us", "2/1s;3/2s;5/1h"] {
        let rates: Rates = rates.parse()?;
        for weight in 1..=rates.shortest().limit() {
            waits_up_to(&line_of_two(subject, &rates)?, weight)?;
        }
    }
    Ok(())
}

pub(crate) fn timeout_storm(subject: &Subject) -> Verdict {
    for limit in [10, 25] {
        let rig = subject.rig(Rate::per_second(limit));
        let (served, expected) = (serve_storm(&rig, limit)?, limit * STORM_SECONDS);
        let least = format!("at least 90 % of {expected} served to callers who leave after 1 s");
        rig.holds(served * 10 >= expected * 9, &least, &served)?;
    }
    Ok(())
}

// ---- Histories ----------------------------------------------------------------------------------------------------

/// Histories of reservations that nobody cancels, on a clock that goes on.
fn lines() -> impl Strategy<Value = History> {
    let mix = Mix { reservations: true, ..Mix::default() };
    histories(mix, 30).prop_map(|mut history| {
        history.acts.retain(|(_, deed)| matches!(deed, Deed::Reserve { .. } | Deed::Look));
        history
    })
}

// ---- Order --------------------------------------------------------------------------------------------------------

fn stands_behind(rig: &Rig, first: Grant, second: Grant) -> Verdict {
    let expected = format!("an instant not before {}, of the one who came before", first.at);
    rig.holds(first.at <= second.at, &expected, &second.at)
}

/// A heavy one waits for one window only, however many light ones come after it.
fn heavy_does_not_starve(subject: &Subject) -> Verdict {
    let rig = subject.rig(Rate::per_hour(3));
    rig.granted(1)?;
    rig.advance(HOUR / 2);
    rig.granted(2)?;
    let heavy = rig.reserved(3)?;
    for _ in 0..3 {
        stands_behind(&rig, heavy, rig.reserved(1)?)?;
        rig.advance(HOUR / 6);
        // Room for one, from here on.
        rig.denied(1)?;
    }
    rig.holds(heavy.delay <= HOUR, "a heavy one due within a window", &heavy.delay)
}

/// What a queue means to those who don't wait: nothing is available, whatever has room.
fn nobody_passes(rig: &Rig) -> Verdict {
    rig.denied(1)?;
    rig.denied(2)?;
    rig.same("available", &0, &rig.available()?)?;
    let wait = rig.waiting(1)?;
    rig.holds(wait > Some(Duration::ZERO), "a wait behind the line", &wait)
}

// ---- The longest wait ---------------------------------------------------------------------------------------------

/// A full bucket behind which somebody stands in line.
fn line_of_two(subject: &Subject, rates: &Rates) -> Result<Rig, Box<Failure>> {
    let rig = subject.rig(rates.clone());
    rig.granted(rates.shortest().limit())?;
    rig.advance(TICK);
    rig.reserved(1)?;
    Ok(rig)
}

fn waits_up_to(rig: &Rig, weight: u64) -> Verdict {
    let Some(wait) = rig.waiting(weight)? else {
        return Err(rig.failure("a wait", "none is long enough"));
    };
    let count = rig.count()?;
    for short in [TICK, Duration::from_nanos(1), wait] {
        let item = RateItem::new("a", weight);
        if let Decision::Granted(grant) = rig.reserve(&item, wait.saturating_sub(short))? {
            return Err(rig.failure("denied", format!("granted, in {:?}", grant.delay)));
        }
        rig.same("count", &count, &rig.count()?)?;
        rig.same("wait", &Some(wait), &rig.waiting(weight)?)?;
    }
    match rig.reserve(&RateItem::new("a", weight), wait)? {
        Decision::Granted(grant) => rig.same("delay", &wait, &grant.delay),
        Decision::Denied(Denial { retry_after, .. }) => {
            Err(rig.failure("granted", format!("denied for {retry_after:?}")))
        }
    }
}

// ---- A storm ------------------------------------------------------------------------------------------------------

const STORM_SECONDS: u64 = 20;
const PATIENCE_MICROS: u64 = 1_000_000;

/// How many are served of one and a half times the limit's callers, who come evenly and leave when they have waited for a
/// second.
fn serve_storm(rig: &Rig, limit: u64) -> Result<u64, Box<Failure>> {
    let (mut waiting, mut served) = (VecDeque::new(), 0);
    for caller in 0..limit * STORM_SECONDS * 3 / 2 {
        let now = Rig::START.as_micros() + caller * 2 * PATIENCE_MICROS / 3 / limit;
        while let Some((leaves, grant)) = waiting.pop_front_if(|(leaves, _)| *leaves <= now) {
            rig.set(Timestamp::from_micros(leaves));
            rig.cancel(&grant)?;
        }
        rig.set(Timestamp::from_micros(now));
        let grant = rig.reserved(1)?;
        if grant.delay <= Duration::from_micros(PATIENCE_MICROS) {
            served += 1;
        } else {
            waiting.push_back((now + PATIENCE_MICROS, grant));
        }
    }
    Ok(served)
}
