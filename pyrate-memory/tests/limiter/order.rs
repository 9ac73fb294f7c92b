//! Order: waiting callers, threads and tasks, are served first come, first served, whatever they weigh.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use pyrate_memory::{Limiter, ManualClock, Timestamp};

use crate::desk::{at_ms, full, ms, on_tokio, per, poll, ready, until, waiting};

type Served = Receiver<(u64, Timestamp)>;

/// Threads that arrive one after the other, each with its weight, and tell when they are let through.
fn threads_in_line(limiter: &Limiter, clock: &ManualClock, weights: &[u64]) -> Served {
    let (served, receiver) = channel();
    let asleep = clock.sleepers();
    for (caller, weight) in (0..).zip(weights.iter().copied()) {
        let (limiter, served) = (limiter.clone(), served.clone());
        thread::spawn(move || {
            let grant = limiter.acquire(("thread", weight)).unwrap();
            served.send((caller, grant.at)).unwrap();
        });
        until(|| clock.sleepers() > asleep + usize::try_from(caller).unwrap());
    }
    receiver
}

#[test]
fn threads_are_served_in_order_of_arrival() {
    let (limiter, clock) = full(1);
    let served = threads_in_line(&limiter, &clock, &[1; 5]);
    for caller in 0..5 {
        assert!(served.try_recv().is_err(), "nobody goes before the clock gets there");
        clock.advance(ms(100));
        assert_eq!(served.recv().unwrap(), (caller, at_ms(100 * (caller + 1))));
    }
}

#[test]
fn a_heavy_thread_is_not_overtaken_by_later_light_ones() {
    let (limiter, clock) = full(3);
    let served = threads_in_line(&limiter, &clock, &[1, 3, 1, 1]);
    clock.advance(ms(100));
    assert_eq!(served.recv().unwrap(), (0, at_ms(100)));
    assert!(limiter.try_acquire("light").is_err());
    clock.advance(ms(100));
    assert_eq!(served.recv().unwrap(), (1, at_ms(200)));
    clock.advance(ms(100));
    let mut last = [served.recv().unwrap(), served.recv().unwrap()];
    last.sort_unstable();
    assert_eq!(last, [(2, at_ms(300)), (3, at_ms(300))]);
}

#[test]
fn a_heavy_task_is_not_overtaken_by_later_light_ones() {
    let (limiter, clock) = full(3);
    let (mut heavy, mut light) = (waiting(&limiter, "heavy", 3), waiting(&limiter, "light", 1));
    clock.advance(ms(100));
    assert_eq!(ready(&mut heavy).unwrap().at, at_ms(100));
    assert!(poll(&mut light).is_pending());
    clock.advance(ms(100));
    assert_eq!(ready(&mut light).unwrap().at, at_ms(200));
}

#[test]
fn threads_and_tasks_stand_in_one_line() {
    let (limiter, clock) = full(1);
    let mut first = waiting(&limiter, "task", 1);
    let served = threads_in_line(&limiter, &clock, &[1]);
    let mut last = waiting(&limiter, "task", 1);
    clock.advance(ms(100));
    assert_eq!(ready(&mut first).unwrap().at, at_ms(100));
    clock.advance(ms(100));
    assert_eq!(served.recv().unwrap(), (0, at_ms(200)));
    assert!(poll(&mut last).is_pending());
    clock.advance(ms(100));
    assert_eq!(ready(&mut last).unwrap().at, at_ms(300));
}

/// Tasks that arrive one after the other, each with its weight; in the order in which they are let through, with the
/// milliseconds after which they are.
async fn tasks_served(limiter: &Limiter, weights: &[u64]) -> Vec<(u64, u128)> {
    let (start, served) = (tokio::time::Instant::now(), Arc::new(Mutex::new(Vec::new())));
    let mut tasks = Vec::new();
    for (caller, weight) in (0..).zip(weights.iter().copied()) {
        let (limiter, served) = (limiter.clone(), Arc::clone(&served));
        tasks.push(tokio::spawn(async move {
            limiter.acquire_async(("task", weight)).await.unwrap();
            served.lock().unwrap().push((caller, start.elapsed().as_millis()));
        }));
        tokio::task::yield_now().await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    served.lock().unwrap().clone()
}

/// Tokio's timer counts whole milliseconds and fires one late.
fn assert_served(served: &[(u64, u128)], expected: &[(u64, u128)]) {
    let is_in_time = |((caller, after), (next, due)): (&(u64, u128), &(u64, u128))| {
        caller == next && (*due..=due + 2).contains(after)
    };
    let is_as_expected = served.iter().zip(expected).all(is_in_time);
    assert!(is_as_expected && served.len() == expected.len(), "{served:?}, not {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn tasks_are_served_in_order_of_arrival_on_tokios_time() {
    let served = tasks_served(&on_tokio(per(1, ms(100))), &[1; 5]).await;
    assert_served(&served, &[(0, 0), (1, 100), (2, 200), (3, 300), (4, 400)]);
}

#[tokio::test(start_paused = true)]
async fn a_light_item_does_not_overtake_a_heavy_one_on_tokios_time() {
    let limiter = on_tokio(per(3, ms(100)));
    // One unit is left, which the light ones would take if they could pass.
    limiter.try_acquire(("first", 2)).unwrap();
    let served = tasks_served(&limiter, &[3, 1, 1, 2]).await;
    assert_served(&served, &[(0, 100), (1, 200), (2, 200), (3, 300)]);
}
