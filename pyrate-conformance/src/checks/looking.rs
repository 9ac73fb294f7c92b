//! Looking: what count, peek, waiting and available show, and that they change nothing.

use pyrate_core::{RateItem, Timestamp};

use crate::failure::{Failure, Verdict};
use crate::rig::Rig;
use crate::situations::{edges, end_of, fill, on_each, on_each_list, scatter, weights_up_to};
use crate::subject::Subject;
use crate::view::Twins;

pub(crate) fn wait_is_pure_and_private(subject: &Subject) -> Verdict {
    on_each_list(|rates| {
        goes_unnoticed(&subject.twins(&rates))?;
        keeps_denials_private(&subject.rig(rates.clone()))
    })
}

/// That nothing tells which of the twins was asked.
fn goes_unnoticed(twins: &Twins) -> Verdict {
    let longest = twins.other.rates().longest().interval();
    for number in 1..=6 {
        scatter(&twins.model, number)?;
        scatter(&twins.other, number)?;
        let before = twins.other.view()?;
        twins.other.unchanged(&before)?;
        // A look from where all has left its windows must forget nothing, should the clock be set back.
        let now = twins.other.now()?;
        twins.other.advance(longest * 2);
        twins.other.view()?;
        twins.other.set(now);
        twins.other.unchanged(&before)?;
        twins.put(&RateItem::new("a", 1))?;
    }
    twins.same_view()
}

/// That the waits of a full bucket are the same whatever was denied to others just before.
fn keeps_denials_private(rig: &Rig) -> Verdict {
    fill(rig, rig.rates().shortest())?;
    let before = rig.view()?;
    for weight in weights_up_to(rig.rates().shortest().limit() + 1) {
        rig.denied_item(&RateItem::new("b", weight))?;
        rig.unchanged(&before)?;
    }
    Ok(())
}

pub(crate) fn count_peek_order(subject: &Subject) -> Verdict {
    // Where `peek` gives no names, it gives the key: only instants and weights are compared.
    let nameless = |unit: RateItem<'static>| (unit.timestamp, unit.weight);
    shows_what_was_granted(subject, |rig, expected, found| {
        rig.same("the unit", &expected.map(nameless), &found.map(nameless))
    })
}

pub(crate) fn peek_shows_names(subject: &Subject) -> Verdict {
    let name = |unit: RateItem<'static>| unit.name;
    shows_what_was_granted(subject, |rig, expected, found| {
        // One unit more or less is a matter of the order.
        rig.holds(expected.is_none() == found.is_none(), "as many names as units", &found)?;
        rig.same("the name", &expected.map(name), &found.map(name))
    })
}

/// Grants of several weights and names, some at one instant; `judge` compares a unit with what `peek` found.
fn shows_what_was_granted(
    subject: &Subject,
    judge: impl Fn(&Rig, Option<RateItem<'static>>, Option<RateItem<'static>>) -> Verdict,
) -> Verdict {
    on_each(subject, |rig| {
        let granted = grant_by_turns(rig)?;
        let instants: Vec<_> = granted.iter().map(|(at, ..)| *at).collect();
        for instant in edges(&instants, rig.rates()) {
            rig.set(instant);
            shows(rig, &granted, &judge)?;
        }
        Ok(())
    })
}

/// When, how much, and whose.
type Granted = (Timestamp, u64, &'static str);

/// Puts by turns of names and weights, two at each instant; answers what was granted.
fn grant_by_turns(rig: &Rig) -> Result<Vec<Granted>, Box<Failure>> {
    let rate = rig.rates().shortest();
    let mut granted = Vec::new();
    for (turn, name) in (0..).zip(["a", "b", "a", "ab", "b", "b", "a", "c"]) {
        let weight = (1 + turn % 3).min(rate.limit());
        let item = RateItem::new(name, weight);
        if rig.put_item(&item)?.is_granted() {
            granted.push((rig.now()?, weight, name));
        }
        if turn % 2 == 1 {
            rig.advance(rate.interval());
        }
    }
    Ok(granted)
}

/// That count and peek show exactly the units of the longest window.
fn shows(
    rig: &Rig,
    granted: &[Granted],
    judge: &impl Fn(&Rig, Option<RateItem<'static>>, Option<RateItem<'static>>) -> Verdict,
) -> Verdict {
    let (now, longest) = (rig.now()?, rig.rates().longest());
    let live: Vec<Granted> =
        granted.iter().filter(|(at, ..)| end_of(*at, longest) > now).copied().collect();
    let count = live.iter().map(|(_, weight, _)| weight).sum();
    rig.same("count", &count, &rig.count()?)?;
    for index in (0..=count + 1).chain([u64::MAX]) {
        judge(rig, unit(&live, index), rig.peek(index)?)?;
    }
    Ok(())
}

/// The unit with `index` newer units behind it; what was granted last is the newest.
fn unit(live: &[Granted], index: u64) -> Option<RateItem<'static>> {
    let mut newer = index;
    for (at, weight, name) in live.iter().rev() {
        if newer < *weight {
            return Some(RateItem { timestamp: Some(*at), ..RateItem::new(*name, 1) });
        }
        newer -= weight;
    }
    None
}
