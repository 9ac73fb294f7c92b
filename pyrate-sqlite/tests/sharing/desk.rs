//! What every test here has at hand: two stores on one file and one clock, somebody who locks it, and futures polled by
//! hand.

use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_sqlite::rusqlite::Connection;
use pyrate_sqlite::{
    AbstractBucket, AcquireError, Grant, Limiter, ManualClock, Rate, Rates, SqliteBucket,
    SqliteStore,
};
use tokio::runtime::{Builder, Runtime};

use crate::files::File;

/// A call that waits.
pub(crate) type Call<'a> = Pin<Box<dyn Future<Output = Result<Grant, AcquireError>> + Send + 'a>>;

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn per(limit: u64, interval: Duration) -> Rates {
    Rate::new(limit, interval).unwrap().into()
}

/// Two stores on one file, and a bucket of both.
pub(crate) struct Desk {
    pub(crate) file: File,
    pub(crate) clock: ManualClock,
    pub(crate) buckets: [SqliteBucket; 2],
}

impl Desk {
    pub(crate) fn new(rates: impl Into<Rates>) -> Desk {
        let (file, clock, rates) = (File::new(), ManualClock::new(), rates.into());
        let builder = || SqliteStore::builder(file.path()).clock(clock.clone());
        // Who blocks where nobody may is found out before this ends.
        let store = || builder().busy_timeout(2 * PATIENCE).build().unwrap();
        let buckets = [store().bucket("key", rates.clone()), store().bucket("key", rates.clone())];
        Desk { file, clock, buckets }
    }

    /// Two stores and a bucket of `limit` per 100 ms that is full at 0.
    pub(crate) fn full(limit: u64) -> Desk {
        let desk = Desk::new(per(limit, ms(100)));
        let _used = desk.limiter(0).try_acquire(("first", limit)).unwrap();
        desk
    }

    /// A limiter through one of the stores, whose callers wait for the clock of the test.
    pub(crate) fn limiter(&self, store: usize) -> Limiter {
        Limiter::builder(self.buckets[store].clone()).sleeper(self.clock.sleeper()).build()
    }

    /// What the other store sees.
    pub(crate) fn count(&self) -> u64 {
        self.buckets[1].count().unwrap()
    }

    /// Locks the file as a process does that writes for long, until it is let go.
    pub(crate) fn lock(&self) -> Locked {
        let connection = self.file.connect();
        // Another may just be writing.
        connection.busy_timeout(PATIENCE).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        Locked { connection }
    }
}

/// A lock on the file.
pub(crate) struct Locked {
    connection: Connection,
}

impl Locked {
    pub(crate) fn let_go(self) {
        self.connection.execute_batch("COMMIT").unwrap();
    }
}

pub(crate) fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

pub(crate) fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

/// Only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Lets other threads run until `holds`.
pub(crate) fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "this should have come about");
        thread::yield_now();
    }
}

/// What `run` gives, which must not hang.
pub(crate) fn in_time<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waits) = mpsc::channel();
    thread::spawn(move || drop(done.send(run())));
    waits.recv_timeout(PATIENCE).expect("this should have ended")
}

/// What a future gives, polled by this thread until it is ready.
pub(crate) fn ready<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> F::Output {
    let start = Instant::now();
    loop {
        if let Poll::Ready(output) = poll(future) {
            return output;
        }
        assert!(start.elapsed() < PATIENCE, "this future should be ready");
        thread::yield_now();
    }
}
