//! Who calls: one after the other, or many tasks at once.

use std::time::{Duration, Instant};

use pyrate_redis::{AsyncBucket, RateItem, RedisBucket};
use tokio::runtime::Runtime;

use crate::desk::float;

/// So many times the median of that many calls in turn, so that what is divided by them is the median.
///
/// By the nature of a mean, one call that waits for a processor would move all others.
pub(crate) fn medians(iterations: u64, mut call: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..iterations).map(|_| timed(&mut call)).collect();
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    middle * u32::try_from(iterations).unwrap()
}

fn timed(call: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    call();
    start.elapsed()
}

/// So many calls a task make little of what it takes to start the task, and of the end, where some have nothing left to do.
const FEWEST: u64 = 16;

/// The time of `iterations` calls, where so many tasks of one thread call together, each as often as the others: `work` is told
/// a task's number and how many calls it makes.
pub(crate) fn from_tasks<F>(tasks: u64, iterations: u64, work: impl Fn(u64, u64) -> F) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    together(&runtime, tasks, iterations, work)
}

/// The same on the thread of a runtime that is there.
pub(crate) fn together<F>(
    runtime: &Runtime,
    tasks: u64,
    iterations: u64,
    work: impl Fn(u64, u64) -> F,
) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let turns = iterations.div_ceil(tasks).max(FEWEST);
    let start = Instant::now();
    runtime.block_on(async {
        let task = |number| tokio::spawn(work(number, turns));
        for task in (0..tasks).map(task).collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
    start.elapsed().mul_f64(float(iterations) / float(turns * tasks))
}

/// Calls `bucket` so many times, each granted or each denied.
pub(crate) async fn put(bucket: RedisBucket, weight: u64, times: u64, is_granted: bool) {
    let item = RateItem::new(String::from(bucket.key()), weight);
    for _ in 0..times {
        assert_eq!(bucket.put_async(&item).await.unwrap().is_granted(), is_granted);
    }
}
