//! The background leaker on real time: it leaks what is due, whatever the buckets do, and leaves no thread behind.
//!
//! In a process of its own, and one test at a time: they count this process's threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unchecked_time_subtraction,
    reason = "a test may stop at the first surprise"
)]

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{panic, thread};

use pyrate_memory::{
    AbstractBucket, AnyBucket, BucketError, BucketFactory, Decision, InMemoryBucket, KeyedFactory,
    KeyedMemory, Limiter, Outcome, Rate, RateItem, Rates, Timestamp,
};

const HOUR: Duration = Duration::from_secs(3_600);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn per(limit: u64, interval: Duration) -> Rates {
    Rate::new(limit, interval).unwrap().into()
}

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets time pass until `holds`; gives up after half a minute, which only a fault takes.
fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "this should have come about");
        thread::sleep(ms(1));
    }
}

/// What `run` gives, which must not hang.
fn in_time<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waits) = mpsc::channel();
    thread::spawn(move || drop(done.send(run())));
    waits.recv_timeout(Duration::from_secs(30)).expect("this should have ended")
}

/// A bucket that counts when it was leaked, and that misbehaves if it is told to.
struct Probe {
    inner: InMemoryBucket,
    leaks: Arc<Mutex<Vec<Instant>>>,
    then: Box<dyn Fn() -> Result<u64, BucketError> + Send + Sync>,
}

impl Probe {
    fn leaked(&self) -> usize {
        self.leaks.lock().unwrap().len()
    }

    fn gaps(&self) -> Vec<Duration> {
        self.leaks.lock().unwrap().windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

fn probe(then: impl Fn() -> Result<u64, BucketError> + Send + Sync + 'static) -> Arc<Probe> {
    let inner = InMemoryBucket::new(per(10, HOUR));
    Arc::new(Probe { inner, leaks: Arc::default(), then: Box::new(then) })
}

impl AbstractBucket for Probe {
    fn rates(&self) -> &Rates {
        self.inner.rates()
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.inner.now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.inner.reserve(item, max_delay)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.inner.waiting(item)
    }

    fn leak(&self, _now: Option<Timestamp>) -> Result<u64, BucketError> {
        self.leaks.lock().unwrap().push(Instant::now());
        (self.then)()
    }

    fn flush(&self) -> Result<(), BucketError> {
        self.inner.flush()
    }

    fn count(&self) -> Result<u64, BucketError> {
        self.inner.count()
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        self.inner.peek(index)
    }
}

/// Buckets, each with how often it is to be leaked. The first one gets all items.
#[derive(Clone, Default)]
struct Several(Arc<Mutex<Vec<(AnyBucket, Duration)>>>);

impl Several {
    fn of(buckets: &[(&Arc<Probe>, Duration)]) -> Several {
        let several = Several::default();
        for (bucket, every) in buckets {
            several.add(Arc::clone(bucket), *every);
        }
        several
    }

    fn add(&self, bucket: impl Into<AnyBucket>, every: Duration) {
        self.0.lock().unwrap().push((bucket.into(), every));
    }
}

impl BucketFactory for Several {
    fn get(&self, _item: &RateItem<'_>) -> Result<Cow<'_, AnyBucket>, BucketError> {
        let first = self.0.lock().unwrap().first().map(|(bucket, _)| bucket.clone());
        first.map(Cow::Owned).ok_or_else(|| BucketError::new(Outcome::NotRecorded, "no bucket"))
    }

    fn buckets(&self) -> Vec<AnyBucket> {
        self.0.lock().unwrap().iter().map(|(bucket, _)| bucket.clone()).collect()
    }

    fn leak_interval(&self, bucket: &AnyBucket) -> Duration {
        let buckets = self.0.lock().unwrap();
        buckets.iter().find(|(known, _)| known.is_same(bucket)).map_or(HOUR, |(_, every)| *every)
    }
}

fn keyed_memory(interval: Duration) -> Limiter {
    Limiter::with_factory(KeyedMemory::new(per(1, interval)))
}

fn keyed_factory(interval: Duration) -> Limiter {
    let factory = KeyedFactory::new(move |_| Ok(InMemoryBucket::new(per(1, interval)).into()));
    Limiter::with_factory(factory)
}

fn single(interval: Duration) -> Limiter {
    Limiter::new(InMemoryBucket::new(per(1, interval)))
}

const KINDS: [fn(Duration) -> Limiter; 3] = [single, keyed_memory, keyed_factory];

/// Reads `/proc`: this process's threads that pyrate may have started.
#[cfg(target_os = "linux")]
mod threads {
    use std::fs;

    use super::*;

    /// Threads of pyrate's names, or of this test's, which those inherit that are given none. No two tests here have the
    /// first fifteen letters in common.
    fn threads() -> usize {
        let own = fs::read_to_string("/proc/thread-self/comm").unwrap();
        let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
        let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
        names.filter(|name| *name == own || name.starts_with("pyrate")).count() - 1
    }

    /// A thread that has been joined is seen for some microseconds more.
    pub(super) fn soon(count: usize) {
        let start = Instant::now();
        while threads() != count && start.elapsed() < ms(500) {
            thread::yield_now();
        }
        assert_eq!(threads(), count);
    }

    #[test]
    fn limiters_that_were_used_and_dropped_leave_no_thread() {
        let _alone = alone();
        let limiters: Vec<Limiter> = (0..200).map(|number| KINDS[number % 3](HOUR)).collect();
        soon(0);
        for limiter in &limiters {
            assert!(limiter.try_acquire("a").is_ok());
            assert!(limiter.clone().try_acquire("a").is_err());
        }
        soon(200);
        let start = Instant::now();
        drop(limiters);
        // Those who slept were woken: nobody waited for the hour to pass.
        soon(0);
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_limiter_whose_buckets_have_become_empty_ends_its_thread() {
        let _alone = alone();
        let limiters = KINDS.map(|kind| kind(ms(100)));
        for _ in 0..2 {
            assert!(limiters.iter().all(|limiter| limiter.try_acquire("a").is_ok()));
            assert!(threads() > 0);
            until(|| threads() == 0);
            assert_eq!(limiters[1].buckets().len() + limiters[2].buckets().len(), 0);
        }
    }

    #[test]
    fn without_leaker_no_thread_is_started() {
        let _alone = alone();
        let memory = KeyedMemory::new(per(1, ms(1)));
        let limiter = Limiter::builder_with_factory(memory).without_leaker().build();
        for _ in 0..3 {
            assert!(limiter.acquire("a").is_ok());
            soon(0);
        }
    }

    #[test]
    fn who_takes_nothing_starts_no_thread() {
        let _alone = alone();
        for limiter in KINDS.map(|kind| kind(HOUR)) {
            assert!(limiter.try_acquire(("a", 2)).is_err());
            assert!(limiter.try_acquire(("a", 0)).is_ok());
            limiter.flush().unwrap();
        }
        soon(0);
    }
}

#[test]
fn a_bucket_that_fails_and_one_that_panics_leave_the_healthy_one_leaking() {
    let _alone = alone();
    let failing = probe(|| Err(BucketError::new(Outcome::Unknown, "no disk")));
    let panicking = probe(|| panic!("on purpose"));
    let healthy = probe(|| Ok(0));
    let several = Several::of(&[(&failing, ms(20)), (&panicking, ms(20)), (&healthy, ms(20))]);
    let unexpected = panics(|| {
        let limiter = Limiter::with_factory(several);
        assert!(limiter.try_acquire("a").is_ok());
        until(|| [&failing, &panicking, &healthy].iter().all(|probe| probe.leaked() >= 5));
    });
    assert_eq!(unexpected, 0);
}

/// How many threads panicked other than on purpose, while `run` ran.
fn panics(run: impl FnOnce()) -> usize {
    let (hook, count) = (panic::take_hook(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref() != Some(&"on purpose") {
            counted.fetch_add(1, Ordering::SeqCst);
            eprintln!("{info}");
        }
    }));
    run();
    panic::set_hook(hook);
    count.load(Ordering::SeqCst)
}

#[test]
fn each_bucket_is_leaked_at_its_own_interval_and_one_without_never() {
    let _alone = alone();
    let (fast, slow, never) = (probe(|| Ok(0)), probe(|| Ok(0)), probe(|| Ok(0)));
    let several = Several::of(&[(&fast, ms(20)), (&slow, ms(200)), (&never, Duration::MAX)]);
    let limiter = Limiter::with_factory(several);
    assert!(limiter.try_acquire("a").is_ok());
    until(|| slow.leaked() >= 3);
    drop(limiter);
    let is_early = |gap: &Duration, every: Duration| *gap < every - ms(5);
    assert!(!slow.gaps().iter().any(|gap| is_early(gap, ms(200))), "{:?}", slow.gaps());
    assert!(!fast.gaps().iter().any(|gap| is_early(gap, ms(20))), "{:?}", fast.gaps());
    // It would be thirty, were this machine at rest.
    assert!(fast.leaked() >= 6, "{}", fast.leaked());
    assert_eq!(never.leaked(), 0);
    let leaked = fast.leaked();
    thread::sleep(ms(50));
    assert_eq!(fast.leaked(), leaked, "the limiter is gone");
}

#[test]
fn a_bucket_added_later_is_leaked_too() {
    let _alone = alone();
    let (several, late) = (Several::default(), probe(|| Ok(0)));
    let limiter = Limiter::with_factory(several.clone());
    assert!(limiter.try_acquire("a").is_err());
    several.add(Arc::clone(&late), ms(20));
    assert!(limiter.try_acquire("a").is_ok());
    until(|| late.leaked() >= 2);
    let later = probe(|| Ok(0));
    several.add(Arc::clone(&later), ms(20));
    until(|| later.leaked() >= 2);
}

#[test]
fn tasks_may_drop_their_limiter() {
    let _alone = alone();
    let used = |limiter: Limiter| async move {
        assert!(limiter.try_acquire_async("a").await.is_ok());
        tokio::task::yield_now().await;
        drop(limiter);
    };
    in_time(move || {
        let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let many = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        for kind in KINDS {
            one.block_on(used(kind(HOUR)));
            many.block_on(many.spawn(used(kind(HOUR)))).unwrap();
        }
    });
}

/// The last clone goes while the leaker works, so that its thread has to end itself. It slept once more before it did.
#[test]
fn a_limiter_dropped_by_its_own_leaker_ends_at_once() {
    let _alone = alone();
    let (kept, several) = (Arc::new(Mutex::new(None::<Limiter>)), Several::default());
    let (taken, buckets) = (Arc::clone(&kept), Arc::downgrade(&several.0));
    let last = probe(move || {
        // From now on the leaker may rest for an hour.
        buckets.upgrade().unwrap().lock().unwrap()[0].1 = HOUR;
        drop(taken.lock().unwrap().take());
        Ok(0)
    });
    several.add(Arc::clone(&last), ms(20));
    let unexpected = panics(|| {
        let limiter = Limiter::with_factory(several);
        assert!(limiter.try_acquire("a").is_ok());
        *kept.lock().unwrap() = Some(limiter);
        until(|| last.leaked() == 1);
        // The factory, and with it the bucket, is gone when the thread has let go of the limiter.
        until(|| Arc::strong_count(&last) == 1);
    });
    assert_eq!((last.leaked(), unexpected), (1, 0));
    #[cfg(target_os = "linux")]
    threads::soon(0);
}
