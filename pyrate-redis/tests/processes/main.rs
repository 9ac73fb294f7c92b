//! Processes that share a bucket on a server: with clocks that are wrong, and with a server that forgets, drops, pauses and
//! dies. All that they were granted is audited together. And what is left on the server once nobody calls any more.
//!
//! A test starts its own program anew and is run there as the child, so these run on real time and take seconds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and says what it found"
)]

#[path = "../support/mod.rs"]
mod support;

mod child;
mod disturbed;
mod faketime;
mod idle;
mod reports;
mod skewed;
mod workers;

use support::chance;

/// Whole seconds that a crowd of processes works.
fn seconds() -> u64 {
    if std::env::var_os("PYRATE_LONG").is_some() { 10 } else { 3 }
}
