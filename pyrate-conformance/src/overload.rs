//! Overload: more callers than anybody planned for, and what a bucket must still hold to.
//!
//! Each function brings one kind of load upon a bucket that is empty, and says what it needs of its rates. How much
//! memory that may take is the caller's to measure, who knows what is counted.
//!
//! ```
//! use pyrate_conformance::{MemoryStore, overload};
//! use pyrate_core::{ManualClock, Rate};
//!
//! let clock = ManualClock::new();
//! let bucket = MemoryStore::new(clock.clone()).bucket("key", Rate::per_second(20));
//! overload::tasks_in_line(bucket, &clock, 100)?;
//! # Ok::<(), pyrate_core::BucketError>(())
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_core::{
    AcquireError, AnyBucket, BucketError, Decision, Grant, Limiter, ManualClock, Outcome, Rate,
    RateItem, Request, Timestamp,
};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use crate::audit::audit;
use crate::dice::Dice;

/// What hands work to a thread of its own is given so long to do it.
const PATIENCE: Duration = Duration::from_mins(1);

type Served = Arc<Mutex<Vec<(u64, Result<Grant, AcquireError>)>>>;

/// As many `tasks` wait in line at once, each for one unit; then time goes on, and all go in order of arrival, as many in
/// each interval as the one rate allows.
///
/// # Errors
///
/// [`BucketError`] if the bucket fails.
///
/// # Panics
///
/// If somebody goes too early, too late or out of order.
pub fn tasks_in_line(
    bucket: impl Into<AnyBucket>,
    clock: &ManualClock,
    tasks: u64,
) -> Result<(), BucketError> {
    let bucket = bucket.into();
    let (rates, served) = (bucket.rates().clone(), Served::default());
    let limiter = Limiter::builder(bucket).sleeper(clock.sleeper()).without_leaker().build();
    runtime()?.block_on(async {
        (0..tasks).for_each(|task| stand_in_line(&limiter, task, &served));
        all_go(&served, clock, rates.shortest(), tasks).await;
    });
    let mut grants = Vec::new();
    for (task, grant) in served.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let grant = grant.map_err(|error| BucketError::new(Outcome::Unknown, error))?;
        grants.push((task, grant));
    }
    grants.sort_unstable_by_key(|(task, _)| *task);
    assert!(grants.is_sorted_by_key(|(_, grant)| grant.at), "first come, first served");
    let grants: Vec<_> = grants.iter().map(|(_, grant)| (grant.at, grant.weight)).collect();
    assert_eq!(audit(&rates, &grants), []);
    Ok(())
}

/// Lets time go on, one interval after the other, until all `tasks` have gone.
async fn all_go(served: &Served, clock: &ManualClock, rate: Rate, tasks: u64) {
    let tick = Duration::from_micros(1);
    let mut due = rate.limit().min(tasks);
    until(|| len(served) == due && clock.sleepers() as u64 == tasks - due).await;
    while due < tasks {
        clock.advance(rate.interval().saturating_sub(tick));
        yield_now().await;
        assert_eq!(len(served), due, "nobody goes early");
        clock.advance(tick);
        due = (due + rate.limit()).min(tasks);
        until(|| clock.sleepers() as u64 == tasks - due && len(served) == due).await;
    }
}

/// On one thread: what is spawned first asks first.
fn runtime() -> Result<Runtime, BucketError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| BucketError::new(Outcome::NotRecorded, error))
}

fn stand_in_line(limiter: &Limiter, task: u64, served: &Served) {
    let (limiter, served) = (limiter.clone(), Arc::clone(served));
    tokio::spawn(async move {
        let grant = limiter.acquire_async("").await;
        served.lock().unwrap_or_else(PoisonError::into_inner).push((task, grant));
    });
}

fn len(served: &Served) -> u64 {
    served.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
}

/// Lets the other tasks run until `holds`.
async fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "those in line are served in time");
        yield_now().await;
    }
}

/// The line grows until the last instant that there is, [`Timestamp::MAX`], lies before its end; then everybody leaves.
///
/// One rate of one unit, whose interval is a year or so: the line is then a few hundred callers long. Returns how far
/// ahead it reached.
///
/// # Errors
///
/// [`BucketError`] if the bucket fails.
///
/// # Panics
///
/// If an instant is other than the line before it says, somebody is granted one beyond the last, or leaving doesn't
/// give all back.
pub fn years_ahead(bucket: impl Into<AnyBucket>) -> Result<Duration, BucketError> {
    let (bucket, item) = (bucket.into(), RateItem::new("", 1));
    let (start, interval) = (bucket.now()?, bucket.rates().shortest().interval());
    let mut line = Vec::new();
    let beyond = loop {
        assert_eq!(bucket.waiting(&item)?, Some(interval * length(&line)));
        match bucket.reserve(&item, Duration::MAX)? {
            Decision::Granted(grant) => line.push(grant),
            Decision::Denied(denial) => break denial.retry_after,
        }
        let at = line.last().map(|grant| grant.at.saturating_since(start));
        assert_eq!(at, Some(interval * (length(&line) - 1)), "each stands behind the one before");
    };
    let ahead = interval * length(&line);
    assert_eq!(beyond, Some(ahead), "the wait is told although it is too long for any clock");
    assert!(start.checked_add(ahead).is_none_or(|at| at > Timestamp::MAX));
    everybody_leaves(&bucket, line)?;
    assert_eq!((bucket.count()?, bucket.waiting(&item)?), (1, Some(interval)));
    Ok(ahead)
}

fn length(line: &[Grant]) -> u32 {
    u32::try_from(line.len()).unwrap_or(u32::MAX)
}

/// All but the first, who is due: some from the front, where they leave places, then from the back.
fn everybody_leaves(bucket: &AnyBucket, line: Vec<Grant>) -> Result<(), BucketError> {
    let mut waiting = line.into_iter().skip(1);
    for grant in waiting.by_ref().take(100).collect::<Vec<_>>() {
        assert!(bucket.cancel(&grant)? && !bucket.cancel(&grant)?);
    }
    for grant in waiting.rev().collect::<Vec<_>>() {
        assert!(bucket.cancel(&grant)?);
    }
    Ok(())
}

/// A line of `waiting` callers of whom somebody always leaves and somebody comes, `cancels` times; in between all leave
/// at once, and as many come. One rate.
///
/// # Errors
///
/// [`BucketError`] if the bucket fails.
///
/// # Panics
///
/// If a place is lost, or one is given away twice.
pub fn cancels(
    bucket: impl Into<AnyBucket>,
    waiting: u64,
    cancels: u64,
) -> Result<(), BucketError> {
    let (bucket, mut dice) = (bucket.into(), Dice::new(1));
    let rate = bucket.rates().shortest();
    let due = stand(&bucket, rate.limit())?;
    assert!(due.delay.is_zero());
    let turns = u32::try_from(waiting.div_ceil(rate.limit())).unwrap_or(u32::MAX);
    let (mut line, mut left) = (Vec::new(), 0);
    while left < cancels {
        while (line.len() as u64) < waiting {
            let grant = stand(&bucket, 1)?;
            // Whoever comes takes a place or stands at the end: the line is never longer than its callers.
            assert!(grant.delay <= rate.interval() * turns, "no place is lost");
            line.push(grant);
        }
        left += some_leave(&bucket, &mut line, &mut dice)?;
    }
    assert_eq!(bucket.count()?, rate.limit() + line.len() as u64);
    let grants: Vec<_> = line.iter().chain([&due]).map(|grant| (grant.at, grant.weight)).collect();
    assert_eq!(audit(bucket.rates(), &grants), []);
    Ok(())
}

/// Mostly one, and once in a while all; answers how many.
fn some_leave(
    bucket: &AnyBucket,
    line: &mut Vec<Grant>,
    dice: &mut Dice,
) -> Result<u64, BucketError> {
    let waiting = line.len();
    let leaving = if dice.one_in(waiting as u64) { waiting } else { 1 };
    for _ in 0..leaving {
        let Some(index) = dice.index(line.len()) else { break };
        assert!(bucket.cancel(&line.swap_remove(index))?, "who waits may leave");
    }
    Ok(leaving as u64)
}

fn stand(bucket: &AnyBucket, weight: u64) -> Result<Grant, BucketError> {
    match bucket.reserve(&RateItem::new("", weight), Duration::MAX)? {
        Decision::Granted(grant) => Ok(grant),
        Decision::Denied(denial) => {
            Err(BucketError::new(Outcome::NotRecorded, format!("denied: {denial:?}")))
        }
    }
}

/// A runtime and its limiter are dropped while as many `tasks` wait in line: every place comes back, and whoever
/// comes next needs not wait behind them. One rate.
///
/// # Errors
///
/// [`BucketError`] if the bucket fails.
///
/// # Panics
///
/// If a place doesn't come back within a minute.
pub fn dropped_in_line(
    bucket: impl Into<AnyBucket>,
    clock: &ManualClock,
    tasks: u64,
) -> Result<(), BucketError> {
    let (bucket, runtime) = (bucket.into(), runtime()?);
    let limit = bucket.rates().shortest().limit();
    stand(&bucket, limit)?;
    let limiter = Limiter::builder(bucket.clone()).sleeper(clock.sleeper()).without_leaker();
    let limiter = limiter.build();
    runtime.block_on(async {
        for _ in 0..tasks {
            let limiter = limiter.clone();
            tokio::spawn(async move { limiter.acquire_async(Request::new("")).await });
        }
        until(|| clock.sleepers() as u64 == tasks).await;
    });
    assert_eq!(bucket.count()?, limit + tasks);
    drop((limiter, runtime));
    assert_eq!(clock.sleepers(), 0, "nobody sleeps on");
    let start = Instant::now();
    while bucket.count()? != limit {
        assert!(start.elapsed() < PATIENCE, "{} places are still held", bucket.count()? - limit);
        thread::yield_now();
    }
    let interval = bucket.rates().shortest().interval();
    assert_eq!(bucket.waiting(&RateItem::new("", 1))?, Some(interval));
    Ok(())
}
