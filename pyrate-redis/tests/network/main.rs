//! A hostile network: connections that are held up, cut anywhere, or fall silent. What was acknowledged counts, what is
//! unknown is said to be, nothing is charged twice, each call ends in time, and the next ones work.

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

mod crew;
mod harvest;
mod load;
mod places;

use std::error::Error;
use std::time::Duration;

use pyrate_redis::{BucketError, RedisError};

const TIMEOUT: Duration = Duration::from_millis(300);
/// How much longer than its timeout a call may take.
const LATE: Duration = Duration::from_millis(250);

/// The server's error behind a bucket's.
fn source(error: &BucketError) -> &RedisError {
    error.source().and_then(<dyn Error>::downcast_ref).expect("a RedisError behind it")
}
