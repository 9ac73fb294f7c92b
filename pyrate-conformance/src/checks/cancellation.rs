//! Who leaves the line, and who takes the place.

use std::cell::Cell;
use std::time::Duration;

use pyrate_core::{Grant, Rate, Rates};

use crate::course::{Event, What, histories};
use crate::failure::{Failure, Verdict};
use crate::histories::Mix;
use crate::random::for_all;
use crate::rig::Rig;
use crate::subject::Subject;

pub(crate) fn cancellation_safety(subject: &Subject) -> Verdict {
    a_place_is_taken_once(subject)?;
    the_end_of_the_line_recedes(subject)?;
    some_of_several(subject)?;
    what_is_due_stays(subject)?;
    under_a_cursor(subject)?;
    for_all(
        96,
        histories(Mix { reservations: true, leaks: true, ..Mix::default() }, 40),
        |history| {
            let has_left = Cell::new(false);
            let judge = |rig: &Rig, event: &Event| gives_back_once(rig, event, &has_left);
            history.play(subject, &judge)?.audit()
        },
    )
}

/// From the first cancellation on, everything is as it would be if places were given back once, and kept else.
fn gives_back_once(rig: &Rig, event: &Event, has_left: &Cell<bool>) -> Verdict {
    let is_cancel = event.what == What::Cancel;
    has_left.set(has_left.get() || (is_cancel && event.found == "true"));
    let is_grant = event.decisions.is_some_and(|(a, b)| a.is_granted() || b.is_granted());
    let is_count = event.what == What::Count;
    let matters = is_cancel || (has_left.get() && (is_grant || is_count));
    rig.holds(!matters || event.agrees(), &event.expected, &event.found)
}

const SECOND: Duration = Duration::from_secs(1);

/// A bucket that grants one unit a second, and callers who are due in so many seconds, in order.
fn line(subject: &Subject, seconds: &[u32]) -> Result<(Rig, Vec<Grant>), Box<Failure>> {
    let rig = subject.rig(Rate::per_second(1));
    rig.granted(1)?;
    let grants = seconds.iter().map(|seconds| due_in(&rig, 1, SECOND * *seconds));
    let grants = grants.collect::<Result<_, _>>()?;
    Ok((rig, grants))
}

fn due_in(rig: &Rig, weight: u64, delay: Duration) -> Result<Grant, Box<Failure>> {
    let grant = rig.reserved(weight)?;
    rig.same("delay", &delay, &grant.delay)?;
    Ok(grant)
}

fn leaves(rig: &Rig, grant: &Grant) -> Verdict {
    rig.same("cancel", &true, &rig.cancel(grant)?)
}

fn can_not_leave(rig: &Rig, grant: &Grant) -> Verdict {
    rig.same("cancel", &false, &rig.cancel(grant)?)
}

fn a_place_is_taken_once(subject: &Subject) -> Verdict {
    let (rig, grants) = line(subject, &[1, 2, 3])?;
    let [first, second, _third] = grants.as_slice() else { return Ok(()) };
    leaves(&rig, first)?;
    rig.same("count", &3, &rig.count()?)?;
    can_not_leave(&rig, first)?;
    rig.same("count", &3, &rig.count()?)?;
    let next = due_in(&rig, 1, SECOND)?;
    due_in(&rig, 1, SECOND * 4)?;
    // The number of the one who left is not that of the one who came.
    can_not_leave(&rig, first)?;
    leaves(&rig, &next)?;
    leaves(&rig, second)?;
    due_in(&rig, 1, SECOND)?;
    due_in(&rig, 1, SECOND * 2)?;
    due_in(&rig, 1, SECOND * 5).map(drop)
}

fn the_end_of_the_line_recedes(subject: &Subject) -> Verdict {
    let (rig, grants) = line(subject, &[1, 2, 3])?;
    let [first, second, third] = grants.as_slice() else { return Ok(()) };
    leaves(&rig, second)?;
    leaves(&rig, third)?;
    due_in(&rig, 1, SECOND * 2)?;
    leaves(&rig, first)?;
    due_in(&rig, 1, SECOND)?;
    due_in(&rig, 1, SECOND * 3).map(drop)
}

/// Callers who are due at one instant are told apart.
fn some_of_several(subject: &Subject) -> Verdict {
    let rig = subject.rig(Rate::per_second(4));
    rig.granted(4)?;
    let pair = due_in(&rig, 2, SECOND)?;
    let single = due_in(&rig, 1, SECOND)?;
    due_in(&rig, 1, SECOND)?;
    due_in(&rig, 4, SECOND * 2)?;
    leaves(&rig, &single)?;
    can_not_leave(&rig, &single)?;
    // Two don't fit in the place of one; behind them, there is room for who comes later.
    due_in(&rig, 2, SECOND * 3)?;
    leaves(&rig, &pair)?;
    due_in(&rig, 3, SECOND)?;
    due_in(&rig, 1, SECOND * 3).map(drop)
}

fn what_is_due_stays(subject: &Subject) -> Verdict {
    let (rig, grants) = line(subject, &[1, 2])?;
    let [first, second] = grants.as_slice() else { return Ok(()) };
    rig.advance(SECOND);
    can_not_leave(&rig, first)?;
    rig.advance(SECOND / 2);
    can_not_leave(&rig, first)?;
    due_in(&rig, 1, SECOND * 3 / 2)?;
    leaves(&rig, second)?;
    // Free, but nobody comes before its instant: it stays charged for one window.
    rig.advance(SECOND);
    due_in(&rig, 1, SECOND * 3 / 2).map(drop)
}

/// The one who leaves is the one at whom a rate's window begins, or who will be counted next.
fn under_a_cursor(subject: &Subject) -> Verdict {
    let rates: Rates = "1/1s;2/3s".parse()?;
    let rig = subject.rig(rates);
    rig.granted(1)?;
    let first = due_in(&rig, 1, SECOND)?;
    leaves(&rig, &first)?;
    due_in(&rig, 1, SECOND)?;
    let third = due_in(&rig, 1, SECOND * 3)?;
    rig.advance(SECOND * 2);
    rig.leak()?;
    leaves(&rig, &third)?;
    due_in(&rig, 1, SECOND)?;
    due_in(&rig, 1, SECOND * 2).map(drop)
}
