//! What holds while many threads call at once.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyrate_core::{Grant, Rate, Timestamp};

use crate::crowd::{
    CALLERS, Gate, all, audited, brisk_rates, keep_calling, keep_putting, put, together,
};
use crate::failure::{Failure, Verdict};
use crate::rig::Rig;
use crate::subject::{Store, Subject};

/// Rounds of many threads on a bucket of their own end after so long.
const ROUNDS_WHILE: Duration = Duration::from_millis(40);

pub(crate) fn threads_no_over_admission(subject: &Subject) -> Verdict {
    let rig = subject.rig(brisk_rates(subject.keeps_own_time())?);
    audited(&rig, &all(together(CALLERS, |_| keep_putting(&rig)))?)
}

pub(crate) fn threads_no_lost_capacity(subject: &Subject) -> Verdict {
    let started = Instant::now();
    for round in 0..200 {
        let rig = subject.rig(Rate::per_hour(LIMIT));
        exactly_the_limit(&rig, 1 + round % 2, |_| false)?;
        if started.elapsed() > ROUNDS_WHILE {
            break;
        }
    }
    Ok(())
}

pub(crate) fn handles_no_over_admission(subject: &Subject) -> Verdict {
    let store = subject.open_store()?;
    take_turns(&store)?;
    let rates = brisk_rates(subject.keeps_own_time())?;
    let handles: Vec<Rig> = (0..CALLERS).map(|_| store.open("busy", rates.clone())).collect();
    let granted = together(CALLERS, |number| match handles.get(number) {
        Some(rig) => keep_putting(rig),
        None => Ok(Vec::new()),
    });
    let granted = all(granted)?;
    handles.first().map_or(Ok(()), |rig| audited(rig, &granted))
}

pub(crate) fn leaker_races_put(subject: &Subject) -> Verdict {
    let rig = subject.rig(brisk_rates(subject.keeps_own_time())?);
    let granted = all(together(CALLERS, |number| match number % 3 {
        0 => keep_leaking(&rig),
        _ => keep_putting(&rig),
    }))?;
    audited(&rig, &granted)?;
    all_are_counted(&rig, &granted)?;

    let quiet = subject.rig(Rate::per_hour(LIMIT));
    quiet.granted(LIMIT)?;
    quiet.advance(Duration::from_hours(1));
    // Nothing expires where the clock can't be moved on, and nothing more fits.
    quiet.clock().map_or(Ok(()), |_| exactly_the_limit(&quiet, 1, |number| number == 0))
}

pub(crate) fn first_touch_race(subject: &Subject) -> Verdict {
    let store = subject.open_store()?;
    let race = FirstTouches {
        store: &store,
        gate: Gate::new(FIRST_USERS),
        end: AtomicUsize::new(FIRST_TOUCHES),
    };
    let granted = together(FIRST_USERS, |number| race.run(number));
    let granted: Vec<Vec<u64>> =
        granted.into_iter().map(|rounds| rounds.into_iter().collect()).collect::<Result<_, _>>()?;
    (0..race.end.into_inner()).try_for_each(|round| {
        let units = granted.iter().filter_map(|rounds| rounds.get(round)).sum();
        one_bucket(&store, round, units)
    })
}

// ---- A limit for many threads at one instant ----------------------------------------------------------------------

/// Units at one instant: more than the callers take in one call each, few enough to be at an end soon.
const LIMIT: u64 = 24;

/// Callers on a standing clock take exactly the limit, `weight` units a call; those who leak instead change nothing.
fn exactly_the_limit(rig: &Rig, weight: u64, leaks: impl Fn(usize) -> bool + Sync) -> Verdict {
    let calls = usize::try_from(LIMIT / weight).unwrap_or_default();
    let begun = AtomicU64::new(0);
    let granted = all(together(CALLERS, |number| {
        let calls = (0..calls).map(|_| {
            if leaks(number) {
                return rig.unfailed(rig.handle().leak(None)).map(|_| 0);
            }
            take(rig, weight, &begun)
        });
        calls.collect()
    }))?;
    rig.same("units granted at one instant", &LIMIT, &granted.iter().sum())?;
    rig.same("count", &LIMIT, &rig.count()?)
}

/// Units granted. A denial needs as many calls as fill the limit, begun before it was answered, and its own.
fn take(rig: &Rig, weight: u64, begun: &AtomicU64) -> Result<u64, Box<Failure>> {
    begun.fetch_add(1, Ordering::SeqCst);
    if put(rig, weight)?.is_some() {
        return Ok(weight);
    }
    let others = begun.load(Ordering::SeqCst) - 1;
    let expected = format!("{weight} units granted, since at most {others} others had asked");
    rig.holds(others * weight >= LIMIT, &expected, &"denied").map(|()| 0)
}

// ---- Several handles ----------------------------------------------------------------------------------------------

/// Handles that are used in turns, so that each must know what the others did since its last call.
fn take_turns(store: &Store) -> Verdict {
    let handles: Vec<Rig> = (0..3).map(|_| store.open("turns", Rate::per_hour(6))).collect();
    for window in 0..3 {
        for (granted, rig) in (1..=6).zip(handles.iter().cycle().skip(window)) {
            rig.granted(1)?;
            same_everywhere(&handles, granted)?;
        }
        handles.iter().try_for_each(|rig| rig.denied(1).map(drop))?;
        let Some(clock) = handles.first().and_then(Rig::clock) else { break };
        clock.advance(Duration::from_hours(1));
    }
    Ok(())
}

fn same_everywhere(handles: &[Rig], units: u64) -> Verdict {
    handles.iter().try_for_each(|rig| rig.same("count, through each handle", &units, &rig.count()?))
}

// ---- The first users of a key -------------------------------------------------------------------------------------

/// How many keys are used for the first time, at most.
const FIRST_TOUCHES: usize = 3_000;

/// By how many at once: each more makes it rarer that all run at the same time.
const FIRST_USERS: usize = 3;

/// Fewer units than there are first users.
const FIRST_LIMIT: u64 = 2;

struct FirstTouches<'a> {
    store: &'a Store,
    gate: Gate,
    /// The round that isn't run any more; the first thread sets it.
    end: AtomicUsize,
}

impl FirstTouches<'_> {
    /// What one of the threads was granted in each round. One that fails goes on: the others wait for it at the gate.
    fn run(&self, number: usize) -> Vec<Result<u64, Box<Failure>>> {
        let started = Instant::now();
        let goes_on = |round: &usize| {
            if number == 0 && started.elapsed() > ROUNDS_WHILE {
                self.end.fetch_min(*round, Ordering::SeqCst);
            }
            self.gate.pass();
            *round < self.end.load(Ordering::SeqCst)
        };
        (0..=FIRST_TOUCHES).take_while(goes_on).map(|round| first_unit(self.store, round)).collect()
    }
}

fn first_handle(store: &Store, round: usize) -> Rig {
    store.open(&format!("key {round}"), Rate::per_hour(FIRST_LIMIT))
}

fn first_unit(store: &Store, round: usize) -> Result<u64, Box<Failure>> {
    Ok(put(&first_handle(store, round), 1)?.map_or(0, |grant| grant.weight))
}

/// That `units` were granted by one bucket.
fn one_bucket(store: &Store, round: usize, units: u64) -> Verdict {
    let rig = first_handle(store, round);
    let expected = format!("at most {FIRST_LIMIT} units of those who came first");
    rig.holds(units <= FIRST_LIMIT, &expected, &units)?;
    rig.same("count", &units, &rig.count()?)
}

// ---- Beside a leaker ----------------------------------------------------------------------------------------------

fn keep_leaking(rig: &Rig) -> Result<Vec<Grant>, Box<Failure>> {
    keep_calling(rig, |_| rig.unfailed(rig.handle().leak(None))).map(|_| Vec::new())
}

/// That none of `granted` was lost: real time may go on while they are counted.
fn all_are_counted(rig: &Rig, granted: &[Grant]) -> Verdict {
    let longest = rig.rates().longest().interval();
    let live = |now: Timestamp| {
        let live = granted.iter().filter(|grant| now.saturating_since(grant.at) < longest);
        live.map(|grant| grant.weight).sum::<u64>()
    };
    let most = live(rig.now()?);
    let count = rig.count()?;
    let least = live(rig.now()?);
    rig.holds((least..=most).contains(&count), &format!("count: {least} to {most}"), &count)
}
