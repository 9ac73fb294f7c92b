//! Waiting in line: first come, first served within a name, and no name waits for another.

use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use pyrate_memory::{
    AcquireError, BucketFactory, Grant, InMemoryBucket, KeyedFactory, KeyedMemory, Limiter,
    ManualClock,
};

use crate::desk::{ms, per, until, us};

/// A call that waits.
pub(crate) type Call<'a> = Pin<Box<dyn Future<Output = Result<Grant, AcquireError>> + Send + 'a>>;

pub(crate) fn poll(call: &mut Call<'_>) -> Poll<Result<Grant, AcquireError>> {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// A call that has taken its place in line.
pub(crate) fn waiting<'a>(limiter: &'a Limiter, name: &'a str) -> Call<'a> {
    let mut call: Call<'a> = Box::pin(limiter.acquire_async(name));
    assert!(poll(&mut call).is_pending(), "{name} should have to wait");
    call
}

/// What `call` is ready with.
pub(crate) fn ready(call: &mut Call<'_>) -> Result<Grant, AcquireError> {
    match poll(call) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("this call should be ready"),
    }
}

/// One unit per 100 ms for each name.
struct Lines {
    limiter: Limiter,
    factory: Arc<dyn BucketFactory>,
    clock: ManualClock,
}

/// By either factory.
fn lines() -> [Lines; 2] {
    let (clock, other) = (ManualClock::new(), ManualClock::new());
    let memory = KeyedMemory::builder(per(1, ms(100))).clock(clock.clone()).build();
    let of_bucket = other.clone();
    let factory = KeyedFactory::new(move |_| {
        Ok(InMemoryBucket::with_clock(per(1, ms(100)), of_bucket.clone()).into())
    });
    [Lines::by(Arc::new(memory), clock), Lines::by(Arc::new(factory), other)]
}

impl Lines {
    fn by(factory: Arc<dyn BucketFactory>, clock: ManualClock) -> Lines {
        let builder = Limiter::builder_with_factory(Arc::clone(&factory)).without_leaker();
        Lines { limiter: builder.sleeper(clock.sleeper()).build(), factory, clock }
    }

    /// Whether the name goes when a window has passed, and not a tick before.
    fn vanishes_in_a_window(&self) {
        for (passing, left) in [(99_999, 1), (1, 0)] {
            self.clock.advance(us(passing));
            self.factory.leak().unwrap();
            assert_eq!(self.limiter.buckets().len(), left);
        }
    }
}

#[test]
fn tasks_of_one_name_go_in_order_and_those_of_another_do_not_wait_for_them() {
    for lines in lines() {
        let Lines { limiter, clock, .. } = &lines;
        assert!(limiter.try_acquire("a").is_ok());
        let mut first = [(); 3].map(|()| waiting(limiter, "a"));
        clock.advance(ms(50));
        assert!(limiter.try_acquire("b").is_ok());
        let mut other = waiting(limiter, "b");
        for (turn, call) in first.iter_mut().enumerate() {
            clock.advance(ms(50));
            let at = ready(call).unwrap().at;
            assert_eq!(at.as_micros(), 100_000 * (turn as u64 + 1));
            clock.advance(ms(50));
            assert!(turn > 0 || ready(&mut other).unwrap().at.as_micros() == 150_000);
        }
    }
}

#[test]
fn threads_of_one_name_go_in_order() {
    for lines in lines() {
        let Lines { limiter, clock, .. } = &lines;
        assert!(limiter.try_acquire("a").is_ok());
        let (went, order) = mpsc::channel();
        for number in 0..4 {
            let (limiter, went) = (limiter.clone(), went.clone());
            thread::spawn(move || went.send((number, limiter.acquire("a").unwrap().at)));
            until(|| clock.sleepers() == number + 1);
        }
        for number in 0..4 {
            clock.advance(ms(100));
            let (turn, at) = order.recv_timeout(Duration::from_secs(30)).unwrap();
            assert_eq!((turn, at.as_micros()), (number, 100_000 * (number as u64 + 1)));
            assert!(order.try_recv().is_err());
        }
    }
}

#[test]
fn who_leaves_gives_the_place_back_and_the_name_vanishes_when_its_window_has_passed() {
    for lines in lines() {
        let Lines { limiter, clock, .. } = &lines;
        assert!(limiter.try_acquire("a").is_ok());
        let (second, third) = (waiting(limiter, "a"), waiting(limiter, "a"));
        drop(third);
        let mut next = waiting(limiter, "a");
        drop(second);
        // The place in the middle is free, and whoever comes gets it.
        let mut early = waiting(limiter, "a");
        clock.advance(ms(100));
        assert_eq!(ready(&mut early).unwrap().at.as_micros(), 100_000);
        clock.advance(ms(100));
        assert_eq!(ready(&mut next).unwrap().at.as_micros(), 200_000);
        drop((early, next));
        lines.vanishes_in_a_window();
    }
}

#[test]
fn a_name_that_everybody_in_line_has_left_vanishes_too() {
    for lines in lines() {
        let Lines { limiter, .. } = &lines;
        assert!(limiter.try_acquire("a").is_ok());
        let calls = [(); 5].map(|()| waiting(limiter, "a"));
        for call in calls {
            drop(call);
        }
        lines.vanishes_in_a_window();
    }
}
