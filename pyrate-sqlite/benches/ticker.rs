//! How late a 1 ms ticker is on a runtime of one thread, while 64 tasks of the same thread ask a bucket in a file.
//!
//! Beside it the ticker alone, and the same tasks calling in place: what they would do to their thread if a call blocked
//! it. Each once more while a second connection writes without a pause. A tick's lateness counts from its own instant, so
//! one that comes late makes those behind it late as well. What was reached on which machine stands in ARCHITECTURE.md.

// A benchmark prints: that is its job. It measures code, not bad input.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::env;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pyrate_sqlite::{AbstractBucket, AsyncBucket, Rate, RateItem, SqliteBucket, SqliteStore};
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};
use xtask::paired::{Bound, save};

const TASKS: usize = 64;
const TICK: Duration = Duration::from_millis(1);
const RUNS: usize = 5;

/// The most that the 99th percentile may be late, as the median of the runs.
const TARGET: Duration = Duration::from_millis(5);

/// What the tasks do beside the ticker.
#[derive(Clone, Copy)]
enum Tasks {
    None,
    Await,
    CallInPlace,
}

/// What others do to the file meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    None,
    Write,
}

/// Ends the writer, also where the run panics.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn main() {
    let report = Bound::new("sqlite, p99 of a ticker, 64 tasks", TARGET)
        .once(|| median(Tasks::Await, Others::None))
        .because("the ticker has no core to itself: what else the machine does makes it late without any tasks, too");
    print("  the ticker alone", Tasks::None, Others::None);
    print("  64 tasks call in place", Tasks::CallInPlace, Others::None);
    println!("while a second connection writes without a pause:");
    print("  64 tasks", Tasks::Await, Others::Write);
    print("  the ticker alone", Tasks::None, Others::Write);
    print("  64 tasks call in place", Tasks::CallInPlace, Others::Write);
    save("ticker", &[report]).unwrap();
}

fn print(work: &str, tasks: Tasks, others: Others) {
    println!("{work:<48} {:>6.2} ms", median(tasks, others).as_secs_f64() * 1e3);
}

/// The median over the runs of the 99th percentile.
fn median(tasks: Tasks, others: Others) -> Duration {
    let mut runs = [(); RUNS].map(|()| {
        let folder = tempfile::tempdir().unwrap();
        let (path, is_over) = (folder.path().join("limits.db"), AtomicBool::new(false));
        thread::scope(|scope| {
            let _over = Over(&is_over);
            if others == Others::Write {
                scope.spawn(|| write_until(&is_over, &path));
            }
            run(tasks, &open(&path))
        })
    });
    runs.sort_unstable();
    runs.get(RUNS / 2).copied().unwrap()
}

fn open(path: &Path) -> SqliteBucket {
    let plenty = Rate::per_hour((1 << 53) - 1);
    SqliteStore::open(path).unwrap().bucket("key", plenty)
}

fn write_until(is_over: &AtomicBool, path: &Path) {
    let (bucket, item) = (open(path), RateItem::new("key", 1));
    while !is_over.load(Ordering::SeqCst) {
        assert!(bucket.put(&item).unwrap().is_granted());
    }
}

/// The 99th percentile of one run.
fn run(tasks: Tasks, bucket: &SqliteBucket) -> Duration {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let mut late = runtime.block_on(async {
        for _ in 0..TASKS {
            match tasks {
                Tasks::None => {}
                Tasks::Await => drop(tokio::spawn(ask(bucket.clone()))),
                Tasks::CallInPlace => drop(tokio::spawn(ask_in_place(bucket.clone()))),
            }
        }
        tick().await
    });
    late.sort_unstable();
    late.get(late.len() * 99 / 100).copied().unwrap()
}

/// The lateness of every tick of a run.
async fn tick() -> Vec<Duration> {
    let is_quick = env::var("PYRATE_BENCH_QUICK").as_deref() == Ok("1");
    let (ticks, mut next) = (if is_quick { 200 } else { 1_000 }, Instant::now());
    let mut late = Vec::with_capacity(ticks);
    for _ in 0..ticks {
        next += TICK;
        sleep_until(next).await;
        late.push(next.elapsed());
    }
    late
}

async fn ask(bucket: SqliteBucket) {
    let item = RateItem::new("key", 1);
    loop {
        assert!(bucket.put_async(&item).await.unwrap().is_granted());
    }
}

async fn ask_in_place(bucket: SqliteBucket) {
    let item = RateItem::new("key", 1);
    loop {
        assert!(bucket.put(&item).unwrap().is_granted());
        yield_now().await;
    }
}
