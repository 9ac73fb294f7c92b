//! Who calls: plain threads, tasks in runtimes of all kinds, and tasks whose runtime is gone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

#[path = "../support/mod.rs"]
mod support;

mod convoys;
mod gone;
mod runtimes;
mod surface;
mod together;

use std::thread;
use std::time::{Duration, Instant};

/// Lets time pass until `holds`; gives up after half a minute, which only a fault takes.
fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "this should have come about");
        thread::sleep(Duration::from_millis(2));
    }
}
