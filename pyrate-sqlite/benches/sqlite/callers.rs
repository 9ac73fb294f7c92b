//! Many callers on one bucket.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pyrate_sqlite::{AbstractBucket, AsyncBucket, RateItem, SqliteBucket};

/// The time of `iterations` calls, made by so many tasks of one thread together.
pub(crate) fn from_tasks(tasks: u64, iterations: u64, bucket: &SqliteBucket) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let start = Instant::now();
    runtime.block_on(async {
        let task = |number| {
            let (bucket, share) = (bucket.clone(), share(iterations, tasks, number));
            tokio::spawn(async move {
                let item = RateItem::new("key", 1);
                for _ in 0..share {
                    assert!(bucket.put_async(&item).await.unwrap().is_granted());
                }
            })
        };
        for task in (0..tasks).map(task).collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
    start.elapsed()
}

/// Threads that wait to call one bucket, round by round: to start them takes longer than a round.
pub(crate) struct Threads {
    round: Arc<Round>,
    running: Vec<JoinHandle<()>>,
}

struct Round {
    /// The calls of all threads together; none ends them.
    iterations: AtomicU64,
    begin: Barrier,
    end: Barrier,
}

impl Threads {
    pub(crate) fn on(bucket: &SqliteBucket, threads: u64) -> Threads {
        let barrier = || Barrier::new(usize::try_from(threads + 1).unwrap());
        let (iterations, begin, end) = (AtomicU64::new(0), barrier(), barrier());
        let round = Arc::new(Round { iterations, begin, end });
        let thread = |number| {
            let (round, bucket) = (Arc::clone(&round), bucket.clone());
            thread::spawn(move || round.join_in(&bucket, threads, number))
        };
        let running = (0..threads).map(thread).collect();
        Threads { round, running }
    }

    /// The time of `iterations` calls, made by all threads together.
    pub(crate) fn call(&self, iterations: u64) -> Duration {
        self.round.iterations.store(iterations, Ordering::SeqCst);
        let start = Instant::now();
        self.round.begin.wait();
        self.round.end.wait();
        start.elapsed()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.round.iterations.store(0, Ordering::SeqCst);
        self.round.begin.wait();
        self.running.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

impl Round {
    fn join_in(&self, bucket: &SqliteBucket, threads: u64, number: u64) {
        let item = RateItem::new("key", 1);
        loop {
            self.begin.wait();
            let iterations = self.iterations.load(Ordering::SeqCst);
            if iterations == 0 {
                return;
            }
            for _ in 0..share(iterations, threads, number) {
                assert!(bucket.put(&item).unwrap().is_granted());
            }
            self.end.wait();
        }
    }
}

/// The calls that caller `number` of so many makes.
fn share(iterations: u64, callers: u64, number: u64) -> u64 {
    iterations / callers + u64::from(number < iterations % callers)
}
