//! What a store keeps, for how long, and for whom.

use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pyrate_core::{Rate, Rates, Timestamp};

use crate::failure::{Failure, Verdict};
use crate::histories::rates;
use crate::random::for_all;
use crate::rig::Rig;
use crate::situations::{TICK, later};
use crate::subject::{Probe, Store, Subject};

pub(crate) fn reopen(subject: &Subject) -> Verdict {
    let store = subject.open_store()?;
    for granted in 0..4_u64 {
        let rig = store.open("reopened", Rate::per_hour(4));
        rig.same("count, by a new handle", &granted, &rig.count()?)?;
        rig.same("available, by a new handle", &(4 - granted), &rig.available()?)?;
        rig.granted(1)?;
        rig.advance(Duration::from_secs(60));
    }
    let rig = store.open("reopened", Rate::per_hour(4));
    rig.denied(1)?;
    time_goes_on(&store, &rig)
}

pub(crate) fn changed_rates(subject: &Subject) -> Verdict {
    let store = subject.open_store()?;
    let loose = store.open("changed", Rate::per_hour(6));
    loose.granted(3)?;
    let strict = store.open("changed", Rate::per_hour(4));
    strict.granted(1)?;
    strict.denied(1)?;
    loose.granted(2)?;
    loose.denied(1)?;
    let wide = store.open("changed", Rate::per_hour(9));
    wide.granted(3)?;
    wide.denied(1)?;
    if subject.keeps_own_time() {
        return Ok(());
    }
    for_all(48, two_handles(), |history| play(subject, history))
}

pub(crate) fn footprint(subject: &Subject) -> Verdict {
    as_long_as_it_counts(&Bench::new(subject, "6/5ms;8/30ms".parse()?)?)?;
    not_for_denials(&Bench::new(subject, "3/20ms".parse()?)?)?;
    let heavy = Rate::per_hour(HEAVY);
    let (light, heavy) = (stored(subject, heavy, 1)?, stored(subject, heavy, HEAVY)?);
    let is_alike = heavy.1 < light.1 + HEAVY / 10;
    let expected = format!("for {HEAVY} units about as much as for 1, {}", light.1);
    heavy.0.holds(is_alike, &expected, &heavy.1)
}

// ---- Reopening ----------------------------------------------------------------------------------------------------

/// That a new handle knows how far time had come, where the clock was set back meanwhile.
fn time_goes_on(store: &Store, rig: &Rig) -> Verdict {
    let Some(clock) = rig.clock() else { return Ok(()) };
    rig.advance(Duration::from_hours(2));
    rig.granted(1)?;
    let latest = rig.now()?;
    clock.set(Rig::START);
    let rig = store.open("reopened", Rate::per_hour(4));
    rig.same("instant of a grant, not before the last change", &latest, &rig.granted(3)?.at)?;
    let rig = store.open("reopened", Rate::per_hour(4));
    rig.same("wait from there on", &Some(Duration::from_hours(1)), &rig.waiting(1)?)?;
    clock.set(latest);
    rig.advance(Duration::from_hours(2));
    after_a_leak(store, &rig)
}

/// The same where nothing is left of the grants, if the bucket has leaked them.
fn after_a_leak(store: &Store, rig: &Rig) -> Verdict {
    let (leaked, latest) = (rig.leak()?, rig.now()?);
    rig.set(Rig::START);
    let rig = store.open("reopened", Rate::per_hour(4));
    if leaked == 0 {
        return Ok(());
    }
    rig.same("instant of a grant, not before the leak", &latest, &rig.granted(1)?.at)
}

// ---- Other rates --------------------------------------------------------------------------------------------------

/// Two handles of different rates, and what is called through them.
#[derive(Clone, Debug)]
struct TwoHandles {
    rates: [Rates; 2],
    calls: Vec<Put>,
}

/// A put through one of them, so many microseconds after the one before, behind a leak or not.
#[derive(Clone, Debug)]
struct Put {
    handle: usize,
    weight: u64,
    after: u64,
    is_leaked: bool,
}

fn two_handles() -> impl Strategy<Value = TwoHandles> {
    let put = (0..=1_usize, 1..=2_u64, 0..=5_u64, prop::bool::weighted(0.2));
    let put =
        put.prop_map(|(handle, weight, after, is_leaked)| Put { handle, weight, after, is_leaked });
    (rates(), rates(), vec(put, 1..=30))
        .prop_map(|(first, second, calls)| TwoHandles { rates: [first, second], calls })
}

/// Both handles decide by their own rates over all that was granted.
fn play(subject: &Subject, TwoHandles { rates, calls }: &TwoHandles) -> Verdict {
    let store = subject.open_store()?;
    let handles = rates.each_ref().map(|rates| store.open("changed", rates.clone()));
    let mut granted = Vec::new();
    for call in calls {
        let Some(rig) = handles.get(call.handle) else { continue };
        rig.advance(Duration::from_micros(call.after));
        if call.is_leaked {
            rig.leak()?;
        }
        let now = rig.now()?.as_micros();
        let due = earliest(rig.rates(), &granted, call.weight, now);
        let wait = due.map(|due| Duration::from_micros(due - now));
        rig.same("wait, by the rates of this handle", &wait, &rig.waiting(call.weight)?)?;
        if due == Some(now) {
            rig.granted(call.weight)?;
            granted.push((now, call.weight));
        } else {
            rig.denied(call.weight)?;
        }
    }
    Ok(())
}

/// The first instant from `now` on at which `weight` fits beside `granted`, by trial; room only appears where units
/// leave a window.
fn earliest(rates: &Rates, granted: &[(u64, u64)], weight: u64, now: u64) -> Option<u64> {
    let exits =
        rates.iter().flat_map(|rate| granted.iter().map(|(at, _)| at + rate.interval_micros()));
    let has_room = |instant: &u64| {
        rates.iter().all(|rate| {
            let inside = granted.iter().filter(|(at, _)| at + rate.interval_micros() > *instant);
            inside.map(|(_, units)| units).sum::<u64>() + weight <= rate.limit()
        })
    };
    exits.chain([now]).filter(|instant| *instant >= now).filter(has_room).min()
}

// ---- How much is stored -------------------------------------------------------------------------------------------

/// As much as some stores can't do within a second, unit by unit.
const HEAVY: u64 = 10_000;

/// A bucket whose storage is watched.
struct Bench {
    rig: Rig,
    probe: Probe,
    /// What it stores with nothing in it.
    empty: u64,
}

impl Bench {
    /// An empty bucket: one that was used and flushed, since how far time had come may be stored for good.
    fn new(subject: &Subject, rates: Rates) -> Result<Bench, Box<Failure>> {
        let (rig, probe) = subject.probed_rig(rates)?;
        let new = probe();
        rig.granted(1)?;
        rig.flush()?;
        let empty = probe().max(new);
        Ok(Bench { rig, probe, empty })
    }

    /// Lets time go on to `duration` after `start`: really, where nobody can move it.
    fn reach(&self, start: Timestamp, duration: Duration) -> Verdict {
        let left = duration.saturating_sub(self.rig.now()?.saturating_since(start));
        match self.rig.clock() {
            Some(clock) => clock.advance(left),
            None => thread::sleep(left),
        }
        Ok(())
    }

    /// That `count` units are counted, unless real time has come to `end` meanwhile.
    fn counts(&self, count: u64, end: Timestamp) -> Verdict {
        let found = self.rig.count()?;
        let is_over = self.rig.now()? >= end;
        if is_over { Ok(()) } else { self.rig.same("count", &count, &found) }
    }

    fn stores_nothing(&self) -> Verdict {
        self.rig.leak()?;
        self.stores_at_most(self.empty)
    }

    fn stores_at_most(&self, most: u64) -> Verdict {
        let stored = (self.probe)();
        self.rig.holds(stored <= most, &format!("at most {most} stored"), &stored)
    }
}

/// Units are stored until they have left the longest window, whatever leaks, and no longer.
fn as_long_as_it_counts(bench: &Bench) -> Verdict {
    let (rig, milliseconds) = (&bench.rig, Duration::from_millis);
    let first = rig.granted(2)?.at;
    bench.reach(first, milliseconds(10))?;
    rig.leak()?;
    let second = rig.granted(1)?.at;
    let end = |at| later(at, milliseconds(30));
    bench.counts(3, end(first))?;
    bench.reach(first, milliseconds(30).saturating_sub(TICK))?;
    rig.leak()?;
    bench.counts(3, end(first))?;
    bench.reach(first, milliseconds(30))?;
    rig.leak()?;
    bench.counts(1, end(second))?;
    bench.reach(second, milliseconds(30))?;
    bench.stores_nothing()
}

/// A bucket that denies all the time stores nothing for that, and nothing longer.
fn not_for_denials(bench: &Bench) -> Verdict {
    let first = bench.rig.granted(3)?.at;
    let full = (bench.probe)();
    let end = later(first, Duration::from_millis(20));
    for milliseconds in 0..20 {
        bench.reach(first, Duration::from_millis(milliseconds))?;
        if bench.rig.put(1)?.is_granted() {
            // Right only where real time has come to the end of the window.
            let now = bench.rig.now()?;
            return bench.rig.holds(now >= end, "denied until the window has passed", &now);
        }
        bench.stores_at_most(full)?;
    }
    bench.reach(first, Duration::from_millis(20))?;
    bench.stores_nothing()
}

/// A bucket that granted `weight`, and how much more it stores for that.
fn stored(subject: &Subject, rate: Rate, weight: u64) -> Result<(Rig, u64), Box<Failure>> {
    let Bench { rig, probe, empty } = Bench::new(subject, rate.into())?;
    rig.granted(weight)?;
    let stored = probe().saturating_sub(empty);
    Ok((rig, stored))
}
