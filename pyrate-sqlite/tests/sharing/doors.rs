//! Blocking calls where tasks run: inside a runtime of one thread and on the workers of another, beside calls that are
//! awaited. No deadlock, no panic.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use pyrate_sqlite::{AbstractBucket, Limiter, Rate, RateItem};
use tokio::runtime::Runtime;
use tokio::task::{consume_budget, yield_now};

use crate::desk::{Call, Desk, current_thread, in_time, multi_thread, poll};

/// Takes 20 units by blocking calls, and lets others run in between.
async fn take_in_place(limiter: Limiter) {
    for _ in 0..20 {
        let _unit = limiter.try_acquire("thread").unwrap();
        yield_now().await;
    }
}

async fn take(limiter: Limiter) {
    for _ in 0..20 {
        let _unit = limiter.try_acquire_async("task").await.unwrap();
    }
}

/// 32 tasks of each kind, half of them on each connection.
fn take_from_tasks_of(make: fn() -> Runtime) -> u64 {
    in_time(move || {
        let (desk, runtime) = (Desk::new(Rate::per_hour(10_000)), make());
        let both = (0..32).flat_map(|task| {
            let limiter = desk.limiter(task % 2);
            [runtime.spawn(take_in_place(limiter.clone())), runtime.spawn(take(limiter))]
        });
        for task in both.collect::<Vec<_>>() {
            runtime.block_on(task).unwrap();
        }
        desk.count()
    })
}

#[test]
fn tasks_of_one_thread_may_call_in_place_beside_those_who_await() {
    assert_eq!(take_from_tasks_of(current_thread), 1_280);
}

#[test]
fn tasks_of_many_workers_may_call_in_place_beside_those_who_await() {
    assert_eq!(take_from_tasks_of(multi_thread), 1_280);
}

#[test]
fn a_task_that_has_used_up_its_turn_may_call_in_place() {
    let count = in_time(|| {
        let desk = Desk::new(Rate::per_hour(10));
        let put = current_thread().block_on(poll_fn(|context| {
            while pin!(consume_budget()).poll(context).is_ready() {}
            Poll::Ready(desk.buckets[0].put(&RateItem::new("unit", 1)))
        }));
        assert!(put.unwrap().is_granted());
        desk.count()
    });
    assert_eq!(count, 1);
}

#[test]
fn a_task_may_call_in_place_while_its_own_call_is_under_way() {
    let count = in_time(|| {
        let desk = Desk::new(Rate::per_hour(10));
        let limiter = desk.limiter(0);
        current_thread().block_on(async {
            let mut awaited: Call<'_> = Box::pin(limiter.try_acquire_async("task"));
            let begun = poll(&mut awaited);
            let _in_place = limiter.try_acquire("thread").unwrap();
            // The store's thread may have been quick.
            let _awaited =
                if let Poll::Ready(at_once) = begun { at_once } else { awaited.await }.unwrap();
        });
        desk.count()
    });
    assert_eq!(count, 2);
}
