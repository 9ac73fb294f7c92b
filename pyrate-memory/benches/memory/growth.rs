//! What grows: rates, stored grants, weight, callers. Each is a line and a point on a chart.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use governor::clock::FakeRelativeClock;
use pyrate_memory::{
    AbstractBucket, BucketError, Clock, InMemoryBucket, Rate, RateItem, Timestamp,
};
use tokio::runtime::Builder;
use xtask::paired::{Chart, Pair, Report, timed};

use crate::peers::{self, GOVERNOR};
use crate::{admit_with, rates};

/// From one stored grant to the next.
const STEP: Duration = Duration::from_millis(1);

pub(crate) fn all() -> Vec<Report> {
    let rates = [2, 8].map(with_rates);
    let stored = [10, 1_000, 100_000, 1_000_000].map(at_the_limit);
    let weights = [100, 10_000, 1_000_000].map(with_weight);
    let threads = [1, 4, 16, 64].map(from_threads);
    let tasks = [1, 16, 256, 1_024].map(from_tasks);
    rates.into_iter().chain(stored).chain(weights).chain(threads).chain(tasks).collect()
}

fn with_rates(count: u32) -> Report {
    let work = format!("memory, admit, bucket alone, {count} rates");
    admit_with(&work, rates(count), None).on(Chart::Rates, "memory", count)
}

/// Each grant takes the place of one that leaves the window just then: the log keeps its length.
fn at_the_limit(stored: u32) -> Report {
    let (item, clock, peers_clock) =
        (RateItem::new("item", 1), Hand::default(), FakeRelativeClock::default());
    let rate = Rate::new(stored.into(), STEP * stored).unwrap();
    let bucket = InMemoryBucket::with_clock(rate, clock.clone());
    for _ in 0..stored {
        clock.advance();
        assert!(bucket.put(&item).unwrap().is_granted());
    }
    let peer = peers::governor_at_its_limit(stored, STEP, &peers_clock);
    let ours = || {
        clock.advance();
        assert!(bucket.put(black_box(&item)).unwrap().is_granted());
    };
    let theirs = || {
        peers_clock.advance(STEP);
        assert!(peer.check().is_ok());
    };
    Pair::new(&format!("memory, admit at the limit, stored: {stored}"), GOVERNOR)
        .run(|iterations| timed(iterations, ours), |iterations| timed(iterations, theirs))
        .on(Chart::Stored, "memory", stored)
        .peer_on(Chart::Stored, "governor", stored)
}

/// Beside the same bucket at weight 1: governor's quotas end at a billion units a second, and would deny.
fn with_weight(weight: u32) -> Report {
    let (heavy, light) = (RateItem::new("item", weight.into()), RateItem::new("item", 1));
    // The greatest limit there is: a window of a minute at full speed stays below it.
    let bucket = || InMemoryBucket::new(Rate::per_second((1 << 53) - 1));
    let (ours, theirs) = (bucket(), bucket());
    Pair::new(&format!("memory, admit, weight: {weight}"), "the same, weight: 1")
        .run(
            |iterations| timed(iterations, || ours.put(black_box(&heavy)).unwrap().is_granted()),
            |iterations| timed(iterations, || theirs.put(black_box(&light)).unwrap().is_granted()),
        )
        .on(Chart::Weight, "memory", weight)
}

/// Callers without a pause occupy a core each: with more of them, the operating system is what is measured.
fn from_threads(threads: u32) -> Report {
    let work = format!("memory, admit, one bucket, callers: {threads}");
    admit_on(threads.into(), &Pair::new(&work, GOVERNOR))
        .on(Chart::Callers, "memory, threads", threads)
        .peer_on(Chart::Callers, "governor, threads", threads)
}

pub(crate) fn admit_on(threads: u64, pair: &Pair<'_>) -> Report {
    let (item, peer) = (RateItem::new("item", 1), peers::governor_with_plenty());
    let bucket = InMemoryBucket::new(rates(1));
    pair.run_on(
        threads,
        |_| || bucket.put(black_box(&item)).unwrap().is_granted(),
        |_| || peer.check().is_ok(),
    )
}

/// As many callers as one likes, on a thread a core: no call ever waits.
fn from_tasks(tasks: u32) -> Report {
    let (bucket, peer) =
        (Arc::new(InMemoryBucket::new(rates(1))), Arc::new(peers::governor_with_plenty()));
    let put = move || bucket.put(black_box(&RateItem::new("item", 1))).unwrap().is_granted();
    let check = move || peer.check().is_ok();
    let runtime = Builder::new_multi_thread().build().unwrap();
    Pair::new(&format!("memory, admit, one bucket, tasks: {tasks}"), GOVERNOR)
        .with_long_rounds()
        .run(
            |iterations| runtime.block_on(share(tasks, iterations, &put)),
            |iterations| runtime.block_on(share(tasks, iterations, &check)),
        )
        .on(Chart::Callers, "memory, tasks", tasks)
        .peer_on(Chart::Callers, "governor, tasks", tasks)
}

/// The time of `iterations` calls, made by so many tasks together.
async fn share<C>(tasks: u32, iterations: u64, call: &C) -> Duration
where
    C: Fn() -> bool + Clone + Send + 'static,
{
    let (tasks, start) = (u64::from(tasks), Instant::now());
    let times = |number| iterations / tasks + u64::from(number < iterations % tasks);
    let task = |number| {
        let (times, call) = (times(number), call.clone());
        tokio::spawn(async move { (0..times).for_each(|_| assert!(call())) })
    };
    for task in (0..tasks).map(task).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    start.elapsed()
}

/// A clock that costs nothing to move, as governor's own: `ManualClock` looks for sleepers each time.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicU64>);

impl Hand {
    fn advance(&self) {
        let step = u64::try_from(STEP.as_micros()).unwrap();
        self.0.fetch_add(step, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Result<Timestamp, BucketError> {
        Ok(Timestamp::from_micros(self.0.load(Ordering::Relaxed)))
    }
}
