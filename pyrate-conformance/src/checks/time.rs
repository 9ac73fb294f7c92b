//! Time: clocks that are set back or jump, stamps of the past and of the future, and single ticks.

use std::time::Duration;

use pyrate_core::{Decision, Rate, RateItem, Rates, Timestamp};

use crate::audit::audit;
use crate::course::{Event, histories};
use crate::failure::{Failure, Verdict};
use crate::histories::Mix;
use crate::random::for_all;
use crate::rig::{Rig, decision_text, error_text};
use crate::situations::{HOUR, TICK, earlier, end_of, fill, later, on_each_list, trickle};
use crate::subject::Subject;

// ---- Clocks that are set back ---------------------------------------------------------------------------------------

pub(crate) fn clock_regression(subject: &Subject) -> Verdict {
    on_each_list(|rates| {
        for step in steps(&rates) {
            recovers_when_full(&subject.rig(rates.clone()), step)?;
            recovers_with_room(&subject.rig(rates.clone()), step)?;
        }
        for forget in [leak, ask_for_the_limit, look] {
            for rate in rates.iter() {
                forgets_nothing(&subject.rig(rates.clone()), *rate, forget)?;
            }
        }
        Ok(())
    })?;
    let mix = Mix { stamps: false, flushes: false, ..Mix::ALL };
    never_over_admits(subject, mix)
}

/// How far a clock is set back: by a tick, and to both sides of each window.
fn steps(rates: &Rates) -> Vec<Duration> {
    let around = rates.iter().flat_map(|rate| [rate.interval(), rate.interval() + TICK]);
    around.chain([TICK, HOUR]).collect()
}

/// That a full bucket denies as long as it would have without the step, and not a tick longer.
fn recovers_when_full(rig: &Rig, step: Duration) -> Verdict {
    fill(rig, rig.rates().shortest())?;
    let (now, before) = (rig.now()?, rig.view()?);
    let end = end_of(now, rig.rates().shortest());
    rig.set(earlier(now, step));
    rig.unchanged(&before)?;
    rig.denied(1)?;
    rig.set(earlier(end, TICK));
    rig.denied(1)?;
    rig.set(end);
    rig.granted(1).map(drop)
}

/// That what is granted after the step counts from the last instant before it.
fn recovers_with_room(rig: &Rig, step: Duration) -> Verdict {
    let first = rig.granted(1)?;
    rig.set(earlier(first.at, step));
    let rest = rig.rates().shortest().limit() - 1;
    if rest > 0 {
        let grant = rig.granted(rest)?;
        rig.same("the instant", &first.at, &grant.at)?;
    }
    rig.denied(1)?;
    let end = end_of(first.at, rig.rates().shortest());
    rig.set(earlier(end, TICK));
    rig.denied(1)?;
    rig.set(end);
    rig.granted(1).map(drop)
}

type Forget = fn(&Rig) -> Result<Vec<(Timestamp, u64)>, Box<Failure>>;

fn leak(rig: &Rig) -> Result<Vec<(Timestamp, u64)>, Box<Failure>> {
    rig.leak().map(|_| Vec::new())
}

fn look(rig: &Rig) -> Result<Vec<(Timestamp, u64)>, Box<Failure>> {
    rig.view().map(|_| Vec::new())
}

fn ask_for_the_limit(rig: &Rig) -> Result<Vec<(Timestamp, u64)>, Box<Failure>> {
    take(rig, rig.rates().shortest().limit())
}

/// What a put was granted, if it was.
fn take(rig: &Rig, weight: u64) -> Result<Vec<(Timestamp, u64)>, Box<Failure>> {
    Ok(match rig.put(weight)? {
        Decision::Granted(grant) => vec![(grant.at, grant.weight)],
        Decision::Denied(_) => Vec::new(),
    })
}

/// That what happens when units leave the window of `rate` lets no window be filled twice, should the clock be set back
/// behind it: by a tick, or to the last grant.
fn forgets_nothing(rig: &Rig, rate: Rate, forget: Forget) -> Verdict {
    let filled = trickle(rig, rate)?;
    let mut granted: Vec<_> = filled.iter().map(|grant| (grant.at, grant.weight)).collect();
    let last = rig.now()?;
    for end in filled.iter().map(|grant| end_of(grant.at, rate)) {
        rig.set(end);
        granted.extend(forget(rig)?);
        for back in [earlier(end, TICK), last] {
            rig.set(back);
            for weight in [rig.rates().shortest().limit(), 1, 1] {
                granted.extend(take(rig, weight)?);
            }
        }
    }
    let findings = audit(rig.rates(), &granted);
    rig.holds(findings.is_empty(), "no window above its limit", &findings)
}

fn never_over_admits(subject: &Subject, mix: Mix) -> Verdict {
    let any_answer = |_: &Rig, _: &Event| Ok(());
    for_all(48, histories(mix, 30), |history| history.play(subject, &any_answer)?.audit())
}

// ---- Stamps ---------------------------------------------------------------------------------------------------------

pub(crate) fn stale_stamp(subject: &Subject) -> Verdict {
    on_each_list(|rates| {
        for age in steps(&rates).into_iter().chain([Duration::MAX]) {
            acts_as_now(&subject.rig(rates.clone()), age)?;
        }
        Ok(())
    })?;
    if subject.keeps_own_time() {
        return Ok(());
    }
    never_over_admits(subject, Mix { stamps: true, leaks: true, ..Mix::default() })
}

/// That an item stamped `age` before the last grant is decided at the instant of that grant.
fn acts_as_now(rig: &Rig, age: Duration) -> Verdict {
    let shortest = rig.rates().shortest();
    let first = rig.granted(1)?;
    let stamp = earlier(first.at, age);
    if shortest.limit() > 1 {
        let rest = rig.granted_item(&stamped(shortest.limit() - 1, stamp))?;
        rig.same("the instant", &first.at, &rest.at)?;
    }
    let denial = rig.denied_item(&stamped(1, stamp))?;
    rig.same("retry_after", &Some(shortest.interval()), &denial.retry_after)?;
    let end = end_of(first.at, shortest);
    rig.denied_item(&stamped(1, earlier(end, TICK)))?;
    rig.granted_item(&stamped(1, end)).map(drop)
}

pub(crate) fn future_item_counts(subject: &Subject) -> Verdict {
    on_each_list(|rates| {
        counts_from_ahead(&subject.rig(rates.clone()), HOUR)?;
        if subject.keeps_own_time() {
            // Its time would pass what lies only a little ahead.
            return Ok(());
        }
        steps(&rates)
            .into_iter()
            .try_for_each(|ahead| counts_from_ahead(&subject.rig(rates.clone()), ahead))
    })
}

/// That a unit granted by a stamp `ahead` of the clock is held against those who come without a stamp.
fn counts_from_ahead(rig: &Rig, ahead: Duration) -> Verdict {
    let shortest = rig.rates().shortest();
    let at = later(rig.now()?, ahead);
    let first = rig.granted_item(&stamped(1, at))?;
    rig.same("the instant", &at, &first.at)?;
    rig.same("count", &1, &rig.count()?)?;
    if shortest.limit() > 1 {
        let rest = rig.granted(shortest.limit() - 1)?;
        rig.same("the instant", &at, &rest.at)?;
    }
    let denial = rig.denied(1)?;
    rig.same("retry_after", &Some(shortest.interval()), &denial.retry_after)?;
    rig.same("count", &shortest.limit(), &rig.count()?)?;
    let end = end_of(at, shortest);
    rig.denied_item(&stamped(1, earlier(end, TICK)))?;
    rig.granted_item(&stamped(1, end)).map(drop)
}

pub(crate) fn instant_edges(subject: &Subject) -> Verdict {
    let rig = subject.rig(Rate::per_hour(3));
    for beyond in [1 << 53, i64::MAX as u64, 1 << 63, u64::MAX] {
        let answer = rig.handle().put(&stamped(1, Timestamp::from_micros(beyond)));
        let text = answer.as_ref().map_or_else(error_text, decision_text);
        rig.note(&format!("put 1 stamped {beyond}us"), text);
        let is_refused = answer.as_ref().map_or(true, Decision::is_denied);
        rig.holds(is_refused, "an error or a denial", &answer)?;
        rig.same("count", &0, &rig.count()?)?;
    }
    let last = rig.granted_item(&stamped(3, Timestamp::MAX))?;
    rig.same("the instant", &Timestamp::MAX, &last.at)?;
    rig.denied(1).map(drop)
}

fn stamped(weight: u64, stamp: Timestamp) -> RateItem<'static> {
    RateItem { timestamp: Some(stamp), ..RateItem::new("a", weight) }
}

// ---- Long gaps and single ticks -------------------------------------------------------------------------------------

/// Gaps at which a count of seconds, milliseconds or microseconds of some width is back at zero.
const GAPS: [Duration; 6] = [
    Duration::from_micros(1 << 31),
    Duration::from_micros(1 << 32),
    Duration::from_millis(1 << 31),
    Duration::from_millis(1 << 32),
    Duration::from_secs(1 << 32),
    Duration::from_micros(1 << 52),
];

pub(crate) fn idle_gap(subject: &Subject) -> Verdict {
    on_each_list(|rates| {
        let outlasts = |gap: &Duration| *gap >= rates.longest().interval();
        for gap in GAPS.into_iter().filter(outlasts) {
            grants_its_limit_after(&subject.rig(rates.clone()), gap)?;
        }
        Ok(())
    })
}

fn grants_its_limit_after(rig: &Rig, gap: Duration) -> Verdict {
    let limit = rig.rates().shortest().limit();
    rig.granted(limit)?;
    rig.denied(1)?;
    rig.advance(gap);
    rig.same("available", &limit, &rig.available()?)?;
    rig.granted(limit)?;
    rig.denied(1)?;
    rig.same("count", &limit, &rig.count()?)
}

pub(crate) fn tick_precision(subject: &Subject) -> Verdict {
    for text in ["3/10us", "3/1s;100/1m", "3/1h", "3/4weeks"] {
        let rates: Rates = text.parse()?;
        let last = earlier(Timestamp::MAX, rates.longest().interval() + Duration::from_secs(1));
        for start in [Rig::START, later(Rig::START, Duration::from_nanos(123_456_789_000)), last] {
            tells_ticks_apart(&subject.rig(rates.clone()), start)?;
        }
    }
    Ok(())
}

/// That three units granted a tick apart show their own instants, and leave a tick apart.
fn tells_ticks_apart(rig: &Rig, start: Timestamp) -> Verdict {
    let instants = [0, 1, 2].map(|ticks| later(start, TICK * ticks));
    for at in instants {
        rig.set(at);
        rig.granted(1)?;
    }
    for (index, at) in (0..).zip(instants.iter().rev()) {
        let shown = rig.peek(index)?.and_then(|unit| unit.timestamp);
        rig.same("the unit's instant", &Some(*at), &shown)?;
    }
    for at in instants {
        let end = end_of(at, rig.rates().shortest());
        rig.set(earlier(end, TICK));
        rig.denied(1)?;
        rig.set(end);
        rig.granted(1)?;
    }
    rig.denied(1).map(drop)
}
