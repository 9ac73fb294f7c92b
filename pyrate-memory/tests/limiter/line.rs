//! The line before a bucket that refuses every delay: the head asks again, the others stand behind it.

use std::pin::Pin;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use pyrate_memory::{AcquireError, BucketError, ManualClock, Outcome, Request, Sleeper};

use crate::desk::{Call, at_ms, count, ms, poll, ready, until, us, waiting};
use crate::naive::Desk;

fn within(desk: &Desk, micros: u64) -> Call<'_> {
    Box::pin(desk.limiter.acquire_async(Request::new("hasty").max_delay(us(micros))))
}

fn assert_exceeded(refusal: &AcquireError, delay: Duration) {
    assert!(matches!(refusal, AcquireError::DelayExceeded { .. }), "{refusal}");
    assert_eq!(refusal.retry_after(), Some(delay));
}

#[test]
fn a_task_waits_within_its_max_delay_and_asks_again() {
    let desk = Desk::full(false);
    assert_exceeded(&ready(&mut within(&desk, 99_999)).unwrap_err(), ms(100));
    assert_eq!((count(&desk.limiter), desk.clock.sleepers()), (1, 0));
    let mut call = within(&desk, 100_000);
    assert!(poll(&mut call).is_pending());
    desk.clock.advance(ms(100));
    assert_eq!(ready(&mut call).unwrap().at, at_ms(100));
}

#[test]
fn a_thread_waits_within_its_max_delay_and_asks_again() {
    let desk = Desk::full(false);
    let request = |micros| Request::new("thread").max_delay(us(micros));
    assert_exceeded(&desk.limiter.acquire(request(99_999)).unwrap_err(), ms(100));
    let waiter = desk.limiter.clone();
    let thread = thread::spawn(move || waiter.acquire(request(100_000)).unwrap().at);
    until(|| desk.clock.sleepers() == 1);
    desk.clock.advance(ms(100));
    assert_eq!(thread.join().unwrap(), at_ms(100));
}

#[test]
fn tasks_go_in_order_of_arrival() {
    let desk = Desk::full(false);
    let mut calls: Vec<Call<'_>> = (0..5).map(|_| waiting(&desk.limiter, "task", 1)).collect();
    for turn in 0..5 {
        desk.clock.advance(ms(100));
        // Asked last to first: nobody can slip in before the head.
        for call in calls[turn + 1..].iter_mut().rev() {
            assert!(poll(call).is_pending());
        }
        let at = at_ms(100 * u64::try_from(turn + 1).unwrap());
        assert_eq!(ready(&mut calls[turn]).unwrap().at, at);
        assert!(calls.get_mut(turn + 1).is_none_or(|next| poll(next).is_pending()));
    }
}

#[test]
fn threads_and_tasks_go_in_order_of_arrival() {
    let desk = Desk::full(false);
    let (served, receiver) = channel();
    let thread = |name: &'static str| {
        let (limiter, served) = (desk.limiter.clone(), served.clone());
        thread::spawn(move || served.send((name, limiter.acquire(name).unwrap().at)).unwrap());
    };
    thread("first");
    until(|| desk.clock.sleepers() == 1);
    let mut second = waiting(&desk.limiter, "second", 1);
    thread("third");
    desk.clock.advance(ms(100));
    assert_eq!(receiver.recv().unwrap(), ("first", at_ms(100)));
    while desk.clock.sleepers() == 0 {
        assert!(poll(&mut second).is_pending());
    }
    desk.clock.advance(ms(100));
    assert_eq!(ready(&mut second).unwrap().at, at_ms(200));
    until(|| desk.clock.sleepers() == 1);
    desk.clock.advance(ms(100));
    assert_eq!(receiver.recv().unwrap(), ("third", at_ms(300)));
}

#[test]
fn the_next_arrival_does_not_pass_while_somebody_waits() {
    let desk = Desk::full(false);
    let mut head = waiting(&desk.limiter, "head", 1);
    desk.clock.advance(ms(100));
    let mut next = waiting(&desk.limiter, "next", 1);
    assert_eq!(ready(&mut head).unwrap().at, at_ms(100));
    assert!(poll(&mut next).is_pending());
    desk.clock.advance(ms(100));
    assert_eq!(ready(&mut next).unwrap().at, at_ms(200));
}

#[test]
fn who_can_not_wait_for_the_heads_next_question_fails_at_once() {
    let desk = Desk::full(false);
    let mut head = waiting(&desk.limiter, "head", 1);
    desk.clock.advance(ms(40));
    assert_exceeded(&ready(&mut within(&desk, 59_999)).unwrap_err(), ms(60));
    let request = Request::new("thread").max_delay(us(59_999));
    assert_exceeded(&desk.limiter.acquire(request).unwrap_err(), ms(60));
    let mut patient = within(&desk, 60_000);
    assert!(poll(&mut patient).is_pending());
    desk.clock.advance(ms(60));
    assert!(ready(&mut head).is_ok());
    assert_exceeded(&ready(&mut patient).unwrap_err(), ms(160));
    assert_eq!(count(&desk.limiter), 1);
}

#[test]
fn a_head_that_finds_its_room_taken_asks_again_within_what_is_left() {
    let desk = Desk::full(false);
    let (mut patient, mut hasty) = (within(&desk, 200_000), within(&desk, 299_999));
    assert!(poll(&mut patient).is_pending() && poll(&mut hasty).is_pending());
    desk.clock.advance(ms(100));
    assert!(desk.limiter.try_acquire("quick").is_ok());
    assert!(poll(&mut patient).is_pending());
    desk.clock.advance(ms(100));
    assert_eq!(ready(&mut patient).unwrap().at, at_ms(200));
    assert_exceeded(&ready(&mut hasty).unwrap_err(), ms(300));
}

#[test]
fn a_dropped_head_passes_the_turn_on() {
    let desk = Desk::full(false);
    let (head, mut next) = (waiting(&desk.limiter, "head", 1), waiting(&desk.limiter, "next", 1));
    drop(head);
    assert!(poll(&mut next).is_pending());
    desk.clock.advance(ms(100));
    assert_eq!(ready(&mut next).unwrap().at, at_ms(100));
}

#[test]
fn a_dropped_head_passes_the_turn_on_to_a_thread() {
    let desk = Desk::full(false);
    let head = waiting(&desk.limiter, "head", 1);
    let waiter = desk.limiter.clone();
    let thread = thread::spawn(move || waiter.acquire("thread").unwrap().at);
    drop(head);
    until(|| desk.clock.sleepers() == 1);
    desk.clock.advance(ms(100));
    assert_eq!(thread.join().unwrap(), at_ms(100));
}

#[test]
fn one_who_leaves_the_middle_of_the_line_delays_nobody() {
    let desk = Desk::full(false);
    let mut head = waiting(&desk.limiter, "head", 1);
    let (middle, mut last) = (waiting(&desk.limiter, "mid", 1), waiting(&desk.limiter, "last", 1));
    drop(middle);
    desk.clock.advance(ms(100));
    assert!(ready(&mut head).is_ok() && poll(&mut last).is_pending());
    desk.clock.advance(ms(100));
    assert_eq!(ready(&mut last).unwrap().at, at_ms(200));
}

#[test]
fn a_bucket_that_fails_while_a_task_waits_is_its_error_and_passes_the_turn_on() {
    let desk = Desk::full(false);
    let (mut head, mut next) =
        (waiting(&desk.limiter, "head", 1), waiting(&desk.limiter, "next", 1));
    desk.clock.advance(ms(100));
    desk.breaks(true);
    let failure = ready(&mut head).unwrap_err();
    assert!(matches!(failure, AcquireError::Bucket(_)), "{failure}");
    desk.breaks(false);
    assert_eq!(ready(&mut next).unwrap().at, at_ms(100));
}

#[test]
fn a_bucket_that_fails_while_a_thread_waits_is_its_error_and_passes_the_turn_on() {
    let desk = Desk::full(false);
    let waiter = desk.limiter.clone();
    let thread = thread::spawn(move || waiter.acquire("head").unwrap_err());
    until(|| desk.clock.sleepers() == 1);
    let mut next = waiting(&desk.limiter, "next", 1);
    desk.breaks(true);
    desk.clock.advance(ms(100));
    assert!(matches!(thread.join().unwrap(), AcquireError::Bucket(_)));
    desk.breaks(false);
    assert_eq!(ready(&mut next).unwrap().at, at_ms(100));
}

#[test]
fn a_weight_that_never_fits_does_not_wait() {
    let desk = Desk::full(false);
    let heavy = desk.limiter.acquire(("heavy", 2)).unwrap_err();
    assert!(matches!(heavy, AcquireError::TooHeavy { .. }), "{heavy}");
    let _head = waiting(&desk.limiter, "head", 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_naive_bucket_that_may_block_is_asked_again_off_the_worker() {
    let desk = Desk::full(true);
    let waiter = desk.limiter.clone();
    let task = tokio::spawn(async move { waiter.acquire_async("task").await.unwrap().at });
    until(|| desk.clock.sleepers() == 1);
    desk.clock.advance(ms(100));
    assert_eq!(task.await.unwrap(), at_ms(100));
}

/// The head holds its turn and is never polled again, as a future that its task no longer looks at.
fn behind_a_head_that_is_not_polled() -> (Desk, Call<'static>) {
    let desk = Desk::full(false);
    let limiter: &'static _ = Box::leak(Box::new(desk.limiter.clone()));
    (desk, waiting(limiter, "head", 1))
}

#[test]
fn a_task_behind_a_head_that_is_not_polled_leaves_when_its_own_max_delay_ends() {
    let (desk, _head) = behind_a_head_that_is_not_polled();
    let mut call = within(&desk, 150_000);
    assert!(poll(&mut call).is_pending());
    desk.clock.advance(us(149_999));
    assert!(poll(&mut call).is_pending());
    desk.clock.advance(us(1));
    assert_exceeded(&ready(&mut call).unwrap_err(), us(150_001));
}

#[test]
fn a_thread_behind_a_head_that_is_not_polled_leaves_when_its_own_max_delay_ends() {
    let (desk, _head) = behind_a_head_that_is_not_polled();
    let waiter = desk.limiter.clone();
    let request = Request::new("thread").max_delay(ms(150));
    let thread = thread::spawn(move || waiter.acquire(request).unwrap_err());
    until(|| desk.clock.sleepers() == 2);
    desk.clock.advance(ms(150));
    assert_exceeded(&thread.join().unwrap(), us(150_001));
}

/// Lets the head of a line sleep, and has no timer for those behind it.
struct HeadsOnly(ManualClock);

#[async_trait]
impl Sleeper for HeadsOnly {
    fn sleep(&self, duration: Duration) -> Result<(), BucketError> {
        self.0.sleep(duration)
    }

    async fn sleep_async(&self, duration: Duration) -> Result<(), BucketError> {
        self.0.sleep_async(duration).await
    }

    fn sleep_unless(
        &self,
        _duration: Duration,
        _woken: Pin<&mut (dyn Future<Output = ()> + Send)>,
    ) -> Result<bool, BucketError> {
        Err(BucketError::new(Outcome::NotRecorded, "there is no timer for this"))
    }
}

#[test]
fn a_thread_that_waits_for_ever_needs_no_timer_until_it_is_at_the_head() {
    let desk = Desk::full_with(false, |clock| HeadsOnly(clock.sleeper()));
    let hasty = desk.limiter.acquire(Request::new("hasty").max_delay(ms(100))).unwrap_err();
    assert!(matches!(hasty, AcquireError::Bucket(_)), "{hasty}");
    let mut head = waiting(&desk.limiter, "head", 1);
    let waiter = desk.limiter.clone();
    let thread = thread::spawn(move || waiter.acquire("thread").unwrap().at);
    desk.clock.advance(ms(100));
    assert_eq!(ready(&mut head).unwrap().at, at_ms(100));
    until(|| desk.clock.sleepers() == 1);
    desk.clock.advance(ms(100));
    assert_eq!(thread.join().unwrap(), at_ms(200));
}

#[test]
fn a_task_that_waits_for_ever_does_not_sleep_until_it_is_at_the_head() {
    let desk = Desk::full(false);
    let mut head = waiting(&desk.limiter, "head", 1);
    let mut behind = waiting(&desk.limiter, "behind", 1);
    assert_eq!(desk.clock.sleepers(), 1);
    desk.clock.advance(ms(100));
    assert_eq!(ready(&mut head).unwrap().at, at_ms(100));
    assert!(poll(&mut behind).is_pending());
    assert_eq!(desk.clock.sleepers(), 1);
}
