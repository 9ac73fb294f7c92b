//! Thousands of callers on one bucket through one connection, and what they take: of the process's memory, and of the
//! server's.
//!
//! In a process of its own, and one test at a time: they count every byte that Rust allocates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and these say what they measured"
)]

mod support;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use pyrate_conformance::{audit, overload};
use pyrate_redis::{
    AcquireError, AsyncBucket, Decision, Grant, Limiter, ManualClock, Rate, RateItem, RedisBucket,
    RedisStore, Timestamp,
};
use support::chance::Chance;
use support::server::{Reply, Server};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What each of thousands of waiting tasks may take: the task, its future, its sleep, and its call on the way.
const BYTES_A_TASK: usize = 3_500;

/// What each of thousands of places in line may take of the server's memory.
const SERVER_BYTES_A_PLACE: u64 = 150;

/// A machine that lets nobody run for a while should not make calls fail.
const PATIENT: Duration = Duration::from_secs(20);

/// The right to count bytes.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    MEMORY.reset_peak_usage();
    alone
}

fn connect(server: &Server) -> pyrate_redis::RedisStoreBuilder {
    RedisStore::builder(server.url()).command_timeout(PATIENT)
}

/// Bytes of the server's memory that all its keys take.
fn stored_bytes(server: &Server) -> u64 {
    let mut wire = server.connect();
    let Reply::List(keys) = wire.ask_bytes(&[b"KEYS", b"*"]) else { panic!("a list") };
    let usage = |key: &Reply| -> u64 {
        wire.ask(&["MEMORY", "USAGE", &key.text(), "SAMPLES", "0"]).parse().unwrap()
    };
    keys.iter().map(usage).sum()
}

/// Runs `work`, and holds what Rust allocated at once to [`BYTES_A_TASK`] for each of `count`.
fn within(what: &str, count: u64, work: impl FnOnce()) {
    let before = MEMORY.current_usage();
    work();
    let peak = MEMORY.peak_usage() - before;
    let each = peak / usize::try_from(count).unwrap();
    println!("{what}: {each} bytes for each of {count}");
    assert!(each <= BYTES_A_TASK, "{what}: {each} bytes for each of {count}");
}

#[test]
fn ten_thousand_tasks_in_line_through_one_connection_go_in_order_and_take_bounded_memory() {
    let _alone = alone();
    let (server, clock) = (Server::start(), ManualClock::new());
    let store = connect(&server).clock(clock.clone()).build().unwrap();
    within("tasks in line", 10_000, || {
        let bucket = store.bucket("key", "1000/s".parse::<Rate>().unwrap());
        overload::tasks_in_line(bucket, &clock, 10_000).unwrap();
    });
}

#[test]
fn a_limiter_that_is_dropped_with_ten_thousand_in_line_gives_every_place_back_to_the_server() {
    let _alone = alone();
    let (server, clock) = (Server::start(), ManualClock::new());
    let store = connect(&server).clock(clock.clone()).build().unwrap();
    within("tasks dropped in line", 10_000, || {
        let bucket = store.bucket("key", "1000/s".parse::<Rate>().unwrap());
        overload::dropped_in_line(bucket, &clock, 10_000).unwrap();
    });
}

const TASKS: usize = 10_000;
const LIMIT: usize = 250;
const INTERVAL: Duration = Duration::from_millis(100);

/// A line of tasks at the server's own time.
struct Line {
    bucket: RedisBucket,
    tasks: Vec<JoinHandle<Result<Grant, AcquireError>>>,
}

impl Line {
    async fn form(bucket: RedisBucket) -> Line {
        let limiter = Limiter::builder(bucket.clone()).without_leaker().build();
        let wait = |_| {
            let limiter = limiter.clone();
            tokio::spawn(async move { limiter.acquire_async("").await })
        };
        let tasks = (0..TASKS).map(wait).collect();
        // Who comes last stands behind all of them.
        let behind = bucket.clone();
        let last = tokio::spawn(async move {
            behind.reserve_async(&RateItem::new("", 1), Duration::MAX).await.unwrap()
        });
        let Ok(Decision::Granted(last)) = last.await else { panic!("nobody is denied") };
        assert!(bucket.cancel_async(&last).await.unwrap());
        Line { bucket, tasks }
    }

    /// Half of them leave, at random, and as many come.
    async fn half_leave(&mut self, chance: &mut Chance) -> Vec<Grant> {
        for index in 0..TASKS / 2 {
            let other = usize::try_from(chance.within(0..=9_999)).unwrap() % self.tasks.len();
            self.tasks.swap(index, other);
        }
        let leaving: Vec<_> = self.tasks.drain(..TASKS / 2).collect();
        leaving.iter().for_each(JoinHandle::abort);
        for task in leaving {
            // One that was served before keeps what it has.
            if let Ok(served) = task.await {
                self.tasks.push(tokio::spawn(async move { served }));
            }
        }
        let come = TASKS - self.tasks.len();
        let reserve = |_| {
            let bucket = self.bucket.clone();
            let item = RateItem::new("", 1);
            tokio::spawn(async move { bucket.reserve_async(&item, Duration::MAX).await })
        };
        let mut grants = Vec::new();
        for task in (0..come).map(reserve).collect::<Vec<_>>() {
            match task.await.unwrap().unwrap() {
                Decision::Granted(grant) => grants.push(grant),
                Decision::Denied(denial) => panic!("{denial:?}"),
            }
        }
        grants
    }

    async fn all_are_served(self) -> Vec<Grant> {
        let mut grants = Vec::new();
        for task in self.tasks {
            grants.push(task.await.unwrap().unwrap());
        }
        grants
    }
}

/// Places of those who leave are taken by those who come; what nobody took before its time came is all that is lost.
#[test]
fn ten_thousand_tasks_of_whom_half_leave_lose_no_capacity_but_places_whose_time_had_come() {
    let _alone = alone();
    let server = Server::start();
    let store = connect(&server).build().unwrap();
    let rate = Rate::new(LIMIT as u64, INTERVAL).unwrap();
    let (before, start, mut chance) = (MEMORY.current_usage(), Instant::now(), Chance::new());
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (instants, all_stand) = runtime.block_on(async {
        let mut line = Line::form(store.bucket("key", rate)).await;
        let (bytes, stored) = (MEMORY.current_usage() - before, stored_bytes(&server));
        println!(
            "{TASKS} wait after {:?}: {} bytes each here, {} on the server",
            start.elapsed(),
            bytes / TASKS,
            stored / TASKS as u64
        );
        assert!(bytes / TASKS <= BYTES_A_TASK && stored / TASKS as u64 <= SERVER_BYTES_A_PLACE);
        let mut grants = line.half_leave(&mut chance).await;
        let all_stand = line.bucket.now_async().await.unwrap();
        grants.extend(line.all_are_served().await);
        let mut instants: Vec<Timestamp> = grants.iter().map(|grant| grant.at).collect();
        instants.sort_unstable();
        (instants, all_stand)
    });
    let pairs: Vec<_> = instants.iter().map(|at| (*at, 1)).collect();
    assert_eq!((pairs.len(), audit(&rate.into(), &pairs)), (TASKS, vec![]));
    lost_no_capacity_since(all_stand, &instants);
}

/// From here on, each goes as soon as the one `LIMIT` before it leaves the window.
fn lost_no_capacity_since(all_stand: Timestamp, instants: &[Timestamp]) {
    let mut packed = 0;
    for pair in instants.windows(LIMIT + 1).filter(|pair| pair[0] > all_stand) {
        assert_eq!(pair[LIMIT].saturating_since(pair[0]), INTERVAL, "{packed} were packed");
        packed += 1;
    }
    let all = instants[TASKS - 1].saturating_since(instants[0]);
    println!("{packed} of {TASKS} went in a packed line; all in {all:?}");
    assert!(packed > TASKS / 10, "{packed}: the machine was too slow for this");
}
