//! Many tasks on one bucket.

use std::time::{Duration, Instant};

use pyrate_sqlite::{AsyncBucket, RateItem, SqliteBucket};

/// So many calls a task make little of what it takes to start the task.
const FEWEST: u64 = 16;

/// The time of `iterations` calls, where so many tasks of one thread call together.
#[expect(clippy::cast_precision_loss, reason = "calls of a round fit a float")]
pub(crate) fn from_tasks(tasks: u32, iterations: u64, bucket: &SqliteBucket) -> Duration {
    let turns = iterations.div_ceil(tasks.into()).max(FEWEST);
    let made = turns * u64::from(tasks);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let start = Instant::now();
    runtime.block_on(async {
        let task = |_| tokio::spawn(call(bucket.clone(), turns));
        for task in (0..tasks).map(task).collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
    start.elapsed().mul_f64(iterations as f64 / made as f64)
}

async fn call(bucket: SqliteBucket, turns: u64) {
    let item = RateItem::new("key", 1);
    for _ in 0..turns {
        assert!(bucket.put_async(&item).await.unwrap().is_granted());
    }
}
