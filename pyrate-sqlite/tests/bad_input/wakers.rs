//! Callers whose own code fails while they are told the answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_sqlite::{AbstractBucket, AsyncBucket, RateItem};

use crate::desk::{bucket, holds_its_limit};
use crate::files::File;

/// A waker that panics.
struct Broken;

impl Wake for Broken {
    fn wake(self: Arc<Self>) {
        panic!("a waker that was told to panic");
    }
}

#[test]
fn a_waker_that_panics_wedges_nobody_else() {
    let file = File::new();
    let (bucket, item) = (bucket(&file), RateItem::new("key", 1));
    let waker = Waker::from(Arc::new(Broken));
    {
        let mut asking = pin!(bucket.reserve_async(&item, Duration::ZERO));
        let poll = asking.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
        let start = Instant::now();
        while bucket.count().unwrap() == 0 && start.elapsed() < Duration::from_secs(5) {
            thread::yield_now();
        }
        let answer = asking.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(answer, Poll::Ready(Ok(_))), "{answer:?}");
    }
    assert!(pollster::block_on(bucket.put_async(&item)).unwrap().is_granted());
    assert!(catch_unwind(AssertUnwindSafe(|| holds_its_limit(&bucket))).is_ok());
}

#[test]
fn a_waker_that_panics_keeps_no_neighbour_of_its_transaction_from_its_answer() {
    let file = File::new();
    let (bucket, item) = (bucket(&file), RateItem::new("key", 1));
    let locked = file.connect();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let broken = Waker::from(Arc::new(Broken));
    let mut asking: Vec<_> = (0..6).map(|_| bucket.reserve_async(&item, Duration::ZERO)).collect();
    for (index, asking) in asking.iter_mut().enumerate() {
        let waker = if index % 2 == 0 { &broken } else { Waker::noop() };
        assert!(asking.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    locked.execute_batch("COMMIT").unwrap();
    let granted = asking.into_iter().map(pollster::block_on);
    assert_eq!(granted.filter(|answer| answer.as_ref().unwrap().is_granted()).count(), 3);
    holds_its_limit(&bucket);
}
