//! What is admitted, and what is not. Weights stand in `weights`, denials in `denials`.

use std::time::Duration;

use pyrate_core::{Rate, RateItem, Rates};

use crate::course::{Event, What, histories};
use crate::failure::{Failure, Verdict};
use crate::histories::Mix;
use crate::random::for_all;
use crate::rig::{Rig, error_text};
use crate::situations::{TICK, earlier, end_of, fill, on_each_list, on_each_rate, weights_up_to};
use crate::subject::Subject;
use crate::view::Twins;

pub(crate) fn admit_exact_limit(subject: &Subject) -> Verdict {
    let rig = subject.rig(Rate::per_hour(5));
    for _ in 0..5 {
        rig.granted(1)?;
    }
    rig.denied(1)?;
    rig.same("count", &5, &rig.count()?)?;

    let spread = subject.rig(Rate::per_hour(5));
    for _ in 0..5 {
        spread.granted(1)?;
        spread.advance(Duration::from_secs(60));
    }
    spread.denied(1).map(drop)
}

pub(crate) fn window_never_exceeded(subject: &Subject) -> Verdict {
    let any_answer = |_: &Rig, _: &Event| Ok(());
    for_all(128, histories(Mix::default(), 40), |history| {
        history.play(subject, &any_answer)?.audit()
    })
}

pub(crate) fn never_stingy(subject: &Subject) -> Verdict {
    let grants_what_fits = |rig: &Rig, event: &Event| {
        let is_stingy =
            event.decisions.is_some_and(|(due, found)| due.is_granted() && found.is_denied());
        rig.holds(event.what != What::Decision || !is_stingy, &event.expected, &event.found)
    };
    for_all(128, histories(Mix::default(), 40), |history| {
        history.play(subject, &grants_what_fits).map(drop)
    })
}

pub(crate) fn boundary_instant(subject: &Subject) -> Verdict {
    on_each_rate(subject, |rig, rate| {
        let Some(first) = fill(rig, rate)?.first().copied() else { return Ok(()) };
        let end = end_of(first.at, rate);
        rig.set(earlier(end, TICK));
        let before = rig.count()?;
        rig.denied(1)?;
        rig.set(end);
        let gone = if rate == rig.rates().longest() { first.weight } else { 0 };
        rig.same("count", &(before - gone), &rig.count()?)?;
        rig.granted(1).map(drop)
    })
}

pub(crate) fn multi_rate_rollback(subject: &Subject) -> Verdict {
    on_each_list(|rates| {
        let longer = rates.iter().filter(|rate| **rate != rates.shortest());
        longer.copied().try_for_each(|rate| rolls_back(&subject.twins(&rates), rate))
    })
}

/// That what `rate` denies to one twin is never missed by it.
fn rolls_back(twins: &Twins, rate: Rate) -> Verdict {
    let Some(first) = fill(&twins.model, rate)?.first().copied() else { return Ok(()) };
    fill(&twins.other, rate)?;
    // The shorter windows have room by then, and one tick later they would still hold what a denial left.
    twins.set(earlier(end_of(first.at, rate), TICK));
    let before = twins.other.view()?;
    for weight in weights_up_to(twins.other.rates().shortest().limit()) {
        twins.other.denied(weight)?;
        twins.other.unchanged(&before)?;
    }
    twins.advance(TICK);
    twins.same_view()?;
    twins.put(&RateItem::new("a", first.weight))?;
    twins.same_view()
}

pub(crate) fn long_run_exact(subject: &Subject) -> Verdict {
    // Of each rate that binds in the end: it frees its units between two polls, at the second of which they are taken.
    for (text, binding, polls) in [("10/1ms", 0, 143), ("3/10us;5/40us", 1, 6)] {
        let rig = subject.rig(text.parse::<Rates>()?);
        let limit = rig.rates().get(binding).map_or(0, Rate::limit);
        for window in 1..=50_000 / polls {
            let granted = poll(&rig, polls, Duration::from_micros(7))?;
            rig.same(&format!("granted in window {window}"), &limit, &granted)?;
        }
    }
    Ok(())
}

/// Puts one unit at each of so many steps, and counts the grants.
fn poll(rig: &Rig, polls: u64, step: Duration) -> Result<u64, Box<Failure>> {
    let mut granted = 0;
    for _ in 0..polls {
        match rig.handle().put(&RateItem::new("a", 1)) {
            Ok(decision) => granted += u64::from(decision.is_granted()),
            Err(error) => return Err(rig.failure("a decision", error_text(&error))),
        }
        rig.advance(step);
    }
    Ok(granted)
}
