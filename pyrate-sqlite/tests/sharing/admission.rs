//! How much is admitted while time stands still: all that the limit allows, and no unit more.

use std::sync::Barrier;
use std::thread;

use pyrate_sqlite::{AbstractBucket, Limiter, Rate, RateItem, SqliteBucket};

use crate::desk::{Desk, current_thread, in_time, ms, multi_thread, per};

/// Takes `weight` at a time until there is no room; answers how many units that were.
fn take_all(bucket: &SqliteBucket, weight: u64) -> u64 {
    let mut taken = 0;
    while bucket.put(&RateItem::new("unit", weight)).unwrap().is_granted() {
        taken += weight;
    }
    taken
}

async fn take_all_async(limiter: Limiter) -> u64 {
    let mut taken = 0;
    while limiter.try_acquire_async("unit").await.is_ok() {
        taken += 1;
    }
    taken
}

/// Takes as much as three threads of each store get.
fn take_all_from_threads(desk: &Desk) -> u64 {
    let barrier = Barrier::new(6);
    thread::scope(|scope| {
        let takers = desk.buckets.iter().chain(&desk.buckets).chain(&desk.buckets).map(|bucket| {
            scope.spawn(|| {
                barrier.wait();
                take_all(bucket, 1)
            })
        });
        let takers: Vec<_> = takers.collect();
        takers.into_iter().map(|taker| taker.join().unwrap()).sum()
    })
}

#[test]
fn threads_on_two_connections_get_the_whole_limit_and_no_more() {
    let desk = Desk::new(per(500, ms(100)));
    assert_eq!(take_all_from_threads(&desk), 500);
    desk.clock.advance(ms(100));
    assert_eq!(take_all_from_threads(&desk), 500);
}

#[test]
fn tasks_and_threads_on_two_connections_get_the_whole_limit_and_no_more() {
    let taken = in_time(|| {
        let (desk, runtime) = (Desk::new(Rate::per_hour(2_000)), multi_thread());
        let tasks: Vec<_> =
            (0..32).map(|task| runtime.spawn(take_all_async(desk.limiter(task % 2)))).collect();
        let by_threads = take_all_from_threads(&desk);
        let by_tasks: u64 = tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).sum();
        (by_threads + by_tasks, desk.count())
    });
    assert_eq!(taken, (2_000, 2_000));
}

#[test]
fn tasks_of_one_thread_share_transactions_and_get_the_whole_limit_and_no_more() {
    let taken = in_time(|| {
        let (desk, runtime) = (Desk::new(Rate::per_hour(2_000)), current_thread());
        let tasks: Vec<_> =
            (0..64).map(|task| runtime.spawn(take_all_async(desk.limiter(task % 2)))).collect();
        runtime.block_on(async {
            let mut taken = 0;
            for task in tasks {
                taken += task.await.unwrap();
            }
            taken
        })
    });
    assert_eq!(taken, 2_000);
}

#[test]
fn what_heavy_items_leave_over_is_there_for_light_ones() {
    let desk = Desk::new(per(100, ms(100)));
    let taken: u64 = [7, 5, 3, 1]
        .iter()
        .zip(desk.buckets.iter().cycle())
        .map(|(weight, bucket)| take_all(bucket, *weight))
        .sum();
    assert_eq!(taken, 100);
}
