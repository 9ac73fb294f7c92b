//! Leaking and flushing: what they remove, and that nobody misses it.

use pyrate_core::{Rate, RateItem, Timestamp};

use crate::course::{History, histories};
use crate::failure::{Failure, Verdict};
use crate::histories::{Deed, Mix};
use crate::random::for_all;
use crate::rig::Rig;
use crate::situations::{
    TICK, earlier, edges, end_of, fill, on_each, on_each_list, on_each_long_list,
};
use crate::subject::Subject;
use crate::view::Twins;

pub(crate) fn leak_exactness(subject: &Subject) -> Verdict {
    on_each(subject, |rig| {
        let longest = rig.rates().longest();
        let granted = fill(rig, longest)?;
        let mut leaked = 0;
        let instants: Vec<_> = granted.iter().map(|grant| grant.at).collect();
        for instant in edges(&instants, rig.rates()) {
            rig.set(instant);
            leaked += rig.leak()?;
            rig.same("a second leak at once", &0, &rig.leak()?)?;
            let left = granted.iter().filter(|grant| end_of(grant.at, longest) > instant);
            let left = left.map(|grant| grant.weight).sum();
            rig.same("count", &left, &rig.count()?)?;
            // Units that were removed as others arrived need not be left for a leak.
            let most = longest.limit() - left;
            rig.holds(leaked <= most, "no more leaked than has left", &(leaked, most))?;
        }
        Ok(())
    })
}

pub(crate) fn leak_is_invisible(subject: &Subject) -> Verdict {
    on_each_list(|rates| {
        leaks_unseen(&subject.twins(&rates), 1)?;
        leaks_unseen(&subject.twins(&rates), 3)
    })?;
    for_all(32, histories(Mix { leaks: true, ..Mix::default() }, 30), |history| {
        answers_as_without_leaks(history, &subject.twins(&history.rates))
    })
}

/// That a twin which leaks before one of `every` so many steps answers as one that never leaks.
fn leaks_unseen(twins: &Twins, every: usize) -> Verdict {
    let shortest = twins.model.rates().shortest();
    let start = twins.model.now()?;
    let instants = edges(&[start, end_of(start, shortest)], twins.model.rates());
    for (step, instant) in [start].into_iter().chain(instants).enumerate() {
        twins.set(instant);
        if step % every == 0 {
            twins.other.leak()?;
        }
        twins.same_view()?;
        twins.put(&RateItem::new("a", 1))?;
        twins.put(&RateItem::new("b", shortest.limit()))?;
    }
    Ok(())
}

/// Plays a history on both twins, its leaks on the other one alone.
fn answers_as_without_leaks(history: &History, twins: &Twins) -> Verdict {
    let (mut grants, mut clock) = (Vec::new(), Rig::START.as_micros());
    for (moment, deed) in &history.acts {
        // Not set back: time stands where a leak removed something, and that may be seen.
        let before = clock;
        let _ = moment.instant(&history.rates, &grants, &mut clock);
        clock = clock.max(before);
        twins.set(Timestamp::from_micros(clock));
        match deed {
            Deed::Leak => twins.other.leak().map(drop)?,
            Deed::Reserve { name, weight, .. } => {
                let granted = twins.put(&RateItem::new(*name, *weight))?;
                grants.extend(granted.map(|[grant, _]| grant));
            }
            _ => {}
        }
        twins.same_view()?;
    }
    Ok(())
}

pub(crate) fn flush_is_total(subject: &Subject) -> Verdict {
    on_each_long_list(|rates| {
        let rig = subject.rig(rates);
        let limit = rig.rates().shortest().limit();
        rig.granted(1)?;
        let last = rig.granted(limit - 1)?;
        rig.flush()?;
        acts_as_new(&rig)?;
        // A clock that is set back doesn't take the bucket back behind its last grant.
        rig.set(earlier(last.at, TICK * 5));
        let grant = rig.granted(limit)?;
        rig.holds(grant.at >= last.at, "time does not run back", &(last.at, grant.at))?;
        rig.denied(1).map(drop)
    })
}

/// That the bucket holds nothing and has room for its limit.
fn acts_as_new(rig: &Rig) -> Verdict {
    rig.same("count", &0, &rig.count()?)?;
    rig.same("the newest unit", &None, &rig.peek(0)?)?;
    rig.same("leaked", &0, &rig.leak()?)?;
    let limit = rig.rates().shortest().limit();
    rig.same("available", &limit, &rig.available()?)?;
    let wait = rig.waiting(limit)?;
    rig.holds(wait.is_some_and(|wait| wait.is_zero()), "no wait", &wait)
}

/// Keys that a store which splices or escapes them carelessly would take for one another.
const KEYS: [&str; 7] = ["a", "a:b", "ab", "a\0b", "{a}b", "b", ""];

/// Names that, behind a key of these, would make another one.
const NAMES: [&str; 6] = ["b", ":b", "\0b", "a", "", "a:b"];

const HOURLY: Rate = Rate::per_hour(9);

pub(crate) fn bucket_isolation(subject: &Subject) -> Verdict {
    let neighbours = neighbours(subject)?;
    for (held, rig) in (1..).zip(&neighbours) {
        rig.same("count", &held, &rig.count()?)?;
        rig.same("the unit beyond", &None, &rig.peek(held)?)?;
        rig.granted(HOURLY.limit() - held)?;
        rig.denied(1)?;
    }
    Ok(())
}

pub(crate) fn flush_spares_neighbours(subject: &Subject) -> Verdict {
    let neighbours = neighbours(subject)?;
    for (flushed, rig) in neighbours.iter().enumerate() {
        rig.flush()?;
        rig.same("count of the flushed one", &0, &rig.count()?)?;
        for (held, later) in (1..).zip(&neighbours).skip(flushed + 1) {
            later.same("count of a neighbour", &held, &later.count()?)?;
        }
    }
    Ok(())
}

/// Buckets of one store, the first of which holds one unit, the second two, and so on, each of another name.
fn neighbours(subject: &Subject) -> Result<Vec<Rig>, Box<Failure>> {
    let store = subject.open_store()?;
    let rigs: Vec<Rig> = KEYS.iter().map(|key| store.open(key, HOURLY)).collect();
    for (held, rig) in (1..).zip(&rigs) {
        for name in NAMES.iter().cycle().take(held) {
            rig.granted_item(&RateItem::new(*name, 1))?;
        }
    }
    Ok(rigs)
}
