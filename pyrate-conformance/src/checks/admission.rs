//! What is admitted, and what is not.

use std::time::Duration;

use pyrate_core::Rate;

use crate::course::{Event, What, histories};
use crate::failure::Verdict;
use crate::histories::Mix;
use crate::random::for_all;
use crate::rig::Rig;
use crate::subject::Subject;

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
