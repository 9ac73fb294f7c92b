//! A crowd: many threads that call at once, while time goes on.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_core::{Decision, Grant, RateItem, Rates};

use crate::audit::{Finding, audit};
use crate::failure::{Failure, Step, Verdict};
use crate::rig::Rig;

/// How many threads call. More than a small machine has processors, so that they are interrupted as well.
pub(crate) const CALLERS: usize = 8;

/// How long a crowd calls: on real time always, on a clock in hand at most.
const WHILE: Duration = Duration::from_millis(40);

/// How often each caller of a crowd calls, where the clock is in hand and the bucket is fast.
const CALLS: usize = 20_000;

/// The least that a caller calls, however slow the bucket is.
const FEWEST_CALLS: usize = 20;

/// Does `work` on `count` threads, which start together; answers what each made of its number.
pub(crate) fn together<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (gate, work) = (&Gate::new(count), &work);
    thread::scope(|scope| {
        let start = |number| {
            scope.spawn(move || {
                gate.pass();
                work(number)
            })
        };
        let threads: Vec<_> = (0..count).map(start).collect();
        let ends = threads.into_iter().map(thread::ScopedJoinHandle::join);
        ends.map(|end| end.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// Rates that a crowd fills again and again: in ticks where the clock is in hand, else in milliseconds.
pub(crate) fn brisk_rates(keeps_own_time: bool) -> Result<Rates, Box<Failure>> {
    Ok(if keeps_own_time { "2/200us;3/400us" } else { "2/3us;3/6us" }.parse()?)
}

/// One caller's calls, as long as a crowd calls. Every fourth moves the clock on by two ticks, under the feet of the others.
pub(crate) fn keep_calling<T>(
    rig: &Rig,
    mut call: impl FnMut(usize) -> Result<T, Box<Failure>>,
) -> Result<Vec<T>, Box<Failure>> {
    let (started, mut answers) = (Instant::now(), Vec::new());
    let has_clock = rig.clock().is_some();
    let goes_on = |number: usize| {
        number < FEWEST_CALLS || ((number < CALLS || !has_clock) && started.elapsed() < WHILE)
    };
    for number in (0..).take_while(|number| goes_on(*number)) {
        answers.push(call(number)?);
        if number % 4 == 0 {
            rig.advance(Duration::from_micros(2));
        }
    }
    Ok(answers)
}

/// Puts now or not at all, without a note.
pub(crate) fn put(rig: &Rig, weight: u64) -> Result<Option<Grant>, Box<Failure>> {
    match rig.unfailed(rig.handle().put(&RateItem::new("a", weight)))? {
        Decision::Granted(grant) => Ok(Some(grant)),
        Decision::Denied(_) => Ok(None),
    }
}

/// One caller's grants: of one unit mostly, of two now and then.
pub(crate) fn keep_putting(rig: &Rig) -> Result<Vec<Grant>, Box<Failure>> {
    let grants = keep_calling(rig, |number| put(rig, 1 + u64::from(number % 3 == 2)))?;
    Ok(grants.into_iter().flatten().collect())
}

/// What all threads answered, or the first failure.
pub(crate) fn all<T>(answers: Vec<Result<Vec<T>, Box<Failure>>>) -> Result<Vec<T>, Box<Failure>> {
    let answers: Result<Vec<Vec<T>>, _> = answers.into_iter().collect();
    Ok(answers?.into_iter().flatten().collect())
}

/// That no window holds too much of `grants`; a failure shows those of the first window that does.
pub(crate) fn audited(rig: &Rig, grants: &[Grant]) -> Verdict {
    let units: Vec<_> = grants.iter().map(|grant| (grant.at, grant.weight)).collect();
    match audit(rig.rates(), &units).first() {
        None => Ok(()),
        Some(finding) => Err(overfull(rig, *finding, grants)),
    }
}

fn overfull(rig: &Rig, finding: Finding, grants: &[Grant]) -> Box<Failure> {
    let Finding { rate, first, last, units } = finding;
    let mut inside: Vec<_> =
        grants.iter().filter(|grant| (first..=last).contains(&grant.at)).collect();
    inside.sort_unstable_by_key(|grant| grant.at);
    let step = |grant: &&Grant| Step {
        at: Some(grant.at),
        call: format!("put {} by one of many threads", grant.weight),
        answer: "granted".to_owned(),
    };
    let mut failure = rig.failure(
        format!("at most {} units in any window of {rate}", rate.limit()),
        format!("{units} units from {first} to {last}"),
    );
    failure.history = inside.iter().map(step).collect();
    failure
}

/// Where threads meet before each of many rounds, to start it in the same moment.
///
/// They spin: a barrier of the operating system's wakes them one after another, and the first is done before the second
/// comes.
#[derive(Debug)]
pub(crate) struct Gate {
    threads: usize,
    come: AtomicUsize,
}

impl Gate {
    pub(crate) fn new(threads: usize) -> Gate {
        Gate { threads, come: AtomicUsize::new(0) }
    }

    /// Waits for the others, but not for one that doesn't come in a second: it has panicked.
    pub(crate) fn pass(&self) {
        let round = self.come.fetch_add(1, Ordering::AcqRel) / self.threads + 1;
        let started = Instant::now();
        while self.come.load(Ordering::Acquire) < round * self.threads
            && started.elapsed() < Duration::from_secs(1)
        {
            thread::yield_now();
        }
    }
}
