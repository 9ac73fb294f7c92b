//! Many tasks on one bucket, whose calls share round trips: decisions a second, beside as many tasks that PING.

use pyrate_redis::Rate;
use xtask::paired::{Pair, Report};

use crate::callers::{from_tasks, put};
use crate::desk::{Desk, PLENTY};

/// How many tasks, and how many decisions for one PING are the target.
const CROWDS: [(u64, f64); 2] = [(64, 1.0), (1_024, 4.0)];

pub(crate) fn all() -> [Report; 2] {
    CROWDS.map(|(tasks, times)| {
        let desk = Desk::new();
        let bucket = desk.store.bucket("key", Rate::per_hour(PLENTY));
        // All tasks call as often as each other: fewer calls than tasks would measure how tasks are made.
        let ours = |times| {
            from_tasks(tasks, times * tasks, |_, times| put(bucket.clone(), 1, times, true))
        };
        let pings = |times| {
            from_tasks(tasks, times * tasks, |_, times| {
                let peer = desk.peer.clone();
                async move {
                    for _ in 0..times {
                        peer.ping().await;
                    }
                }
            })
        };
        Pair::new(&format!("redis, {tasks} tasks on one bucket, a call each"), "PING")
            .with_long_rounds()
            .target(1.0 / times)
            .run(ours, pings)
    })
}
