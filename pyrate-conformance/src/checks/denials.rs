//! Denials: what they name, how long they hold, and that they leave no trace.

use std::time::Duration;

use pyrate_core::{Decision, RateItem, Rates};

use crate::course::{Event, histories};
use crate::failure::Verdict;
use crate::histories::Mix;
use crate::random::for_all;
use crate::rig::{Rig, error_text};
use crate::situations::{TICK, on_each_list, scatter, weights_up_to};
use crate::subject::Subject;

/// Rates, puts with the gaps before them, a weight that is then denied, and which rate binds it.
type Bound = (&'static str, &'static [(u64, u64)], u64, usize);

const BINDING: [Bound; 7] = [
    // Only one has no room.
    ("2/10us;3/40us", &[(0, 2)], 1, 0),
    ("2/10us;3/40us", &[(0, 2), (10, 1)], 1, 1),
    // Both have none, and the later instant binds, whoever comes first in the list.
    ("2/10us;3/40us", &[(0, 2), (10, 1)], 2, 1),
    ("2/10us;4/30us", &[(0, 2), (21, 2)], 1, 0),
    // Both set the same instant; neither can ever fit; only one can't.
    ("2/10us;4/30us", &[(0, 2), (20, 2)], 1, 0),
    ("2/10us;4/30us", &[], 5, 0),
    ("2/10us;4/30us", &[], 3, 0),
];

pub(crate) fn denial_names_the_binding_rate(subject: &Subject) -> Verdict {
    for (text, puts, weight, binding) in BINDING {
        let rig = subject.rig(text.parse::<Rates>()?);
        for (gap, units) in puts {
            rig.advance(Duration::from_micros(*gap));
            rig.granted(*units)?;
        }
        let denial = rig.denied(weight)?;
        rig.same("the binding rate", &rig.rates().get(binding), &Some(&denial.rate))?;
    }
    for_all(32, histories(Mix::default(), 30), |history| {
        history.play(subject, &names_the_binding_rate).map(drop)
    })
}

fn names_the_binding_rate(rig: &Rig, event: &Event) -> Verdict {
    match event.decisions {
        Some((Decision::Denied(due), Decision::Denied(found))) => {
            rig.same("the binding rate", &due.rate, &found.rate)
        }
        _ => Ok(()),
    }
}

pub(crate) fn wait_exactness(subject: &Subject) -> Verdict {
    on_each_list(|rates| {
        for weight in weights_up_to(rates.shortest().limit()) {
            for count in 1..=5 {
                let rig = subject.rig(rates.clone());
                scatter(&rig, count)?;
                ends_its_wait(&rig, weight)?;
            }
        }
        Ok(())
    })
}

/// That `weight` is granted when its wait is over, and not one tick earlier.
fn ends_its_wait(rig: &Rig, weight: u64) -> Verdict {
    let Some(wait) = rig.waiting(weight)? else {
        return Err(rig.failure("a wait that ends", "none"));
    };
    if wait > Duration::ZERO {
        let denial = rig.denied(weight)?;
        rig.same("retry_after", &Some(wait), &denial.retry_after)?;
        rig.advance(wait.saturating_sub(TICK));
        rig.denied(weight)?;
        rig.advance(TICK);
    }
    rig.granted(weight).map(drop)
}

pub(crate) fn refusal_leaves_no_trace(subject: &Subject) -> Verdict {
    let rig = subject.rig("3/1h;5/1d".parse::<Rates>()?);
    rig.granted(3)?;
    let wait = rig.waiting(3)?;
    // The first few alone: a bucket that keeps them all need not be asked ten thousand times.
    for count in [10, 9_990] {
        refuse(&rig, count)?;
        rig.same("count", &3, &rig.count()?)?;
        rig.same("the unit beyond", &None, &rig.peek(3)?)?;
        // On real time a wait goes down by itself.
        let after = rig.waiting(3)?;
        rig.holds(after <= wait, "no longer wait than before the denials", &(wait, after))?;
        rig.holds(after == wait || rig.clock().is_none(), "the same wait", &(wait, after))?;
    }
    rig.advance(wait.unwrap_or_default());
    if rig.clock().is_some() { rig.granted(2).map(drop) } else { Ok(()) }
}

pub(crate) fn refusal_stores_nothing(subject: &Subject) -> Verdict {
    let (rig, stored) = subject.probed_rig("3/1h;5/1d".parse::<Rates>()?)?;
    rig.granted(3)?;
    // What a store sets up for its first denial is no trace of the others.
    refuse(&rig, 1)?;
    let before = stored();
    refuse(&rig, 1_000)?;
    rig.same("storage", &before, &stored())
}

/// Puts `count` items that must be denied, not noted one by one.
fn refuse(rig: &Rig, count: u64) -> Verdict {
    for number in 0..count {
        let weight = 1 + number % 3;
        match rig.handle().put(&RateItem::new("a", weight)) {
            Ok(Decision::Denied(_)) => {}
            Ok(Decision::Granted(_)) => {
                let found = format!("put {} of weight {weight} was granted", number + 1);
                return Err(rig.failure(format!("{count} denials"), found));
            }
            Err(error) => return Err(rig.failure(format!("{count} denials"), error_text(&error))),
        }
    }
    Ok(())
}
