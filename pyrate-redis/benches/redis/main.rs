//! The bucket on a server beside what any call of that server takes, and beside a bucket made of a sorted set.
//!
//! It starts servers of its own, on loopback. All sides but "PING, no hop" speak to it by the same client, on a thread of
//! their own which their callers reach by a channel. One caller is measured by medians, many by decisions a second. What was
//! reached on which machine stands in ARCHITECTURE.md.

// A benchmark prints: that is its job. It measures code, not bad input.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod alone;
mod bytes;
mod callers;
mod crowd;
mod desk;
mod growth;
mod peer;
#[allow(dead_code, reason = "the tests' own, of which a part is used here")]
#[path = "../../tests/support/server.rs"]
mod server;
mod shared;

use xtask::paired::save;

fn main() {
    let mut reports = alone::all();
    reports.extend(crowd::all());
    reports.extend(shared::all());
    reports.extend(growth::all());
    reports.extend(bytes::all());
    save("redis", &reports).unwrap();
}
