//! Places in line that nobody waits for any more: given back, whatever became of the future's thread and runtime.

use std::thread;

use pyrate_sqlite::Limiter;

use crate::desk::{Call, Desk, current_thread, ms, multi_thread, poll, ready, until};

/// A call that sleeps in line, polled by this thread in whatever runtime it is.
fn asleep<'a>(desk: &Desk, limiter: &'a Limiter) -> Call<'a> {
    let (mut call, asleep): (Call<'a>, _) =
        (Box::pin(limiter.acquire_async("task")), desk.clock.sleepers());
    while desk.clock.sleepers() == asleep {
        assert!(poll(&mut call).is_pending());
        thread::yield_now();
    }
    call
}

#[test]
fn a_call_dropped_inside_its_runtime_gives_its_place_back() {
    let (desk, runtime) = (Desk::full(1), current_thread());
    let limiter = desk.limiter(0);
    let _inside = runtime.enter();
    let call = asleep(&desk, &limiter);
    assert_eq!(desk.count(), 2);
    drop(call);
    until(|| desk.count() == 1);
}

#[test]
fn a_call_dropped_on_a_thread_without_a_runtime_gives_its_place_back() {
    let desk = Desk::full(1);
    let limiter = desk.limiter(0);
    let call = asleep(&desk, &limiter);
    assert_eq!(desk.count(), 2);
    thread::scope(|scope| scope.spawn(move || drop(call)).join().unwrap());
    until(|| desk.count() == 1);
}

#[test]
fn a_call_dropped_after_its_runtime_was_shut_down_gives_its_place_back() {
    let (desk, runtime) = (Desk::full(1), multi_thread());
    let limiter = desk.limiter(0);
    let call = {
        let _inside = runtime.enter();
        asleep(&desk, &limiter)
    };
    drop(runtime);
    drop(call);
    until(|| desk.count() == 1);
}

#[test]
fn tasks_that_their_runtime_takes_down_give_their_places_back() {
    let (desk, runtime) = (Desk::full(1), multi_thread());
    for task in 0..50 {
        let limiter = desk.limiter(task % 2);
        runtime.spawn(async move { limiter.acquire_async("task").await });
    }
    until(|| desk.clock.sleepers() == 50);
    assert_eq!(desk.count(), 51);
    drop(runtime);
    until(|| desk.count() == 1);
}

#[test]
fn a_call_dropped_between_its_commit_and_its_answer_gives_its_place_back() {
    let desk = Desk::full(1);
    let limiter = desk.limiter(0);
    let mut call: Call<'_> = Box::pin(limiter.acquire_async("task"));
    assert!(poll(&mut call).is_pending());
    until(|| desk.count() == 2);
    drop(call);
    until(|| desk.count() == 1);
}

#[test]
fn a_call_dropped_before_its_turn_is_never_made() {
    let desk = Desk::full(1);
    let limiter = desk.limiter(0);
    let locked = desk.lock();
    let mut calls: Vec<Call<'_>> =
        (0..3).map(|_| -> Call<'_> { Box::pin(limiter.acquire_async("task")) }).collect();
    for call in &mut calls {
        assert!(poll(call).is_pending());
    }
    drop(calls);
    locked.let_go();
    // The first of them may have been under way. This one stands behind them all.
    let _asked = limiter.try_acquire("another");
    until(|| desk.count() == 1);
}

#[test]
fn a_place_given_back_is_taken_by_the_next_who_comes_by_either_connection() {
    let desk = Desk::full(1);
    let (here, there) = (desk.limiter(0), desk.limiter(1));
    let (first, mut second) = (asleep(&desk, &here), asleep(&desk, &there));
    drop(first);
    until(|| desk.count() == 2);
    let mut third = asleep(&desk, &there);
    desk.clock.advance(ms(100));
    assert_eq!(ready(&mut third).unwrap().at.as_micros(), 100_000);
    assert!(poll(&mut second).is_pending());
}
