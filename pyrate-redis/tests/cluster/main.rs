//! Buckets on a cluster, or on a server that others stand by for: slots that move, servers that are away, replicas that take
//! over. Each call ends in time with an answer or an error that says what it was, and no window holds more than its limit
//! but for what a replica never heard of.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and tells what it measured"
)]

mod desk;
#[path = "../support/mod.rs"]
mod support;

mod away;
mod halfway;
mod moves;
mod rights;
mod takeover;
