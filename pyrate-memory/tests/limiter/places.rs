//! Places in line: what a caller leaves behind who stops waiting.

use std::time::Duration;

use pyrate_memory::{Limiter, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::desk::{at_ms, count, full, ms, on_tokio, per, poll, ready, us, waiting};

fn delay_of_next(limiter: &Limiter, weight: u64) -> Option<Duration> {
    limiter.buckets()[0].waiting(&pyrate_memory::RateItem::new("next", weight)).unwrap()
}

#[test]
fn a_dropped_call_gives_its_place_to_the_next_and_delays_nobody_behind() {
    let (limiter, clock) = full(1);
    let gone = waiting(&limiter, "gone", 1);
    let (mut second, mut third) = (waiting(&limiter, "second", 1), waiting(&limiter, "third", 1));
    drop(gone);
    assert_eq!(count(&limiter), 3);
    let mut lucky = waiting(&limiter, "lucky", 1);
    assert_eq!(delay_of_next(&limiter, 1), Some(ms(400)));
    for (call, instant) in [(&mut lucky, 100), (&mut second, 200), (&mut third, 300)] {
        clock.advance(us(99_999));
        assert!(poll(call).is_pending());
        clock.advance(us(1));
        assert_eq!(ready(call).unwrap().at, at_ms(instant));
    }
}

#[test]
fn a_place_is_taken_by_the_first_who_fits_into_it() {
    let (limiter, clock) = full(2);
    let gone = waiting(&limiter, "gone", 1);
    let mut behind = waiting(&limiter, "behind", 2);
    drop(gone);
    let mut heavy = waiting(&limiter, "heavy", 2);
    let mut light = waiting(&limiter, "light", 1);
    clock.advance(ms(100));
    assert_eq!(ready(&mut light).unwrap().at, at_ms(100));
    clock.advance(ms(100));
    assert_eq!(ready(&mut behind).unwrap().at, at_ms(200));
    assert!(poll(&mut heavy).is_pending());
    clock.advance(ms(100));
    assert_eq!(ready(&mut heavy).unwrap().at, at_ms(300));
}

#[test]
fn the_end_of_the_line_recedes_when_its_last_leave() {
    let (limiter, _clock) = full(1);
    let (first, second) = (waiting(&limiter, "first", 1), waiting(&limiter, "second", 1));
    assert_eq!(delay_of_next(&limiter, 1), Some(ms(300)));
    drop(first);
    assert_eq!(delay_of_next(&limiter, 1), Some(ms(100)));
    drop(second);
    assert_eq!((delay_of_next(&limiter, 1), count(&limiter)), (Some(ms(100)), 1));
}

#[test]
fn a_call_that_was_never_polled_holds_no_place() {
    let (limiter, _clock) = full(1);
    let unpolled = limiter.acquire_async("idle");
    assert_eq!(count(&limiter), 1);
    drop(unpolled);
    assert_eq!(delay_of_next(&limiter, 1), Some(ms(100)));
}

#[test]
fn a_call_that_is_dropped_when_its_instant_has_come_stays_charged() {
    let (limiter, clock) = full(1);
    let late = waiting(&limiter, "late", 1);
    clock.advance(ms(100));
    drop(late);
    assert_eq!(count(&limiter), 1);
    assert_eq!(delay_of_next(&limiter, 1), Some(ms(100)));
}

#[test]
fn callers_still_go_after_every_other_handle_is_dropped() {
    let (limiter, clock) = full(1);
    let waiter = limiter.clone();
    let mut call = Box::pin(async move { waiter.acquire_async("task").await });
    assert!(poll(&mut call).is_pending());
    let thread = std::thread::spawn({
        let limiter = limiter.clone();
        move || limiter.acquire("thread").unwrap().at
    });
    crate::desk::until(|| clock.sleepers() == 2);
    drop(limiter);
    clock.advance(ms(200));
    assert_eq!(ready(&mut call).unwrap().at, at_ms(100));
    assert_eq!(thread.join().unwrap(), at_ms(200));
}

#[test]
fn callers_still_go_after_a_flush() {
    let (limiter, clock) = full(1);
    let mut call = waiting(&limiter, "task", 1);
    limiter.flush().unwrap();
    assert!(limiter.try_acquire("new").is_ok());
    clock.advance(ms(100));
    assert_eq!(ready(&mut call).unwrap().at, at_ms(100));
}

/// A task that has taken its place in line, and ends with its granted instant and the time at which it went.
async fn task_in_line(limiter: &Limiter, start: Instant) -> JoinHandle<(Timestamp, Duration)> {
    let limiter = limiter.clone();
    let task = tokio::spawn(async move {
        let grant = limiter.acquire_async("task").await.unwrap();
        (grant.at, start.elapsed())
    });
    tokio::task::yield_now().await;
    task
}

#[tokio::test(start_paused = true)]
async fn a_dropped_tasks_place_is_taken_by_the_next_on_tokios_time() {
    let (start, limiter) = (Instant::now(), on_tokio(per(1, ms(100))));
    limiter.try_acquire("first").unwrap();
    let gone = task_in_line(&limiter, start).await;
    let behind = task_in_line(&limiter, start).await;
    tokio::time::sleep(ms(50)).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    let lucky = task_in_line(&limiter, start).await;
    for (task, due) in [(lucky, 100), (behind, 200)] {
        let (at, went) = task.await.unwrap();
        assert_eq!(at, at_ms(due));
        // Tokio's timer counts whole milliseconds and fires one late.
        assert!((ms(due)..=ms(due + 2)).contains(&went), "{went:?}");
    }
}
