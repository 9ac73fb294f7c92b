//! A soak: many threads, tasks and processes on one limit for as long as one likes, while faults happen to them; then an
//! audit of everything that was granted.
//!
//! `cargo xtask soak` runs it. Everything that is random follows from one seed: what callers ask for, when they leave,
//! how the clock steps, who is killed. When the threads of a machine run does not, so a seed repeats a run's course and not
//! its every answer; [`simulation`](pyrate_conformance::simulation) does.
//!
//! From the outside in: a `plan` says what is soaked; `workers` starts processes on one `ground`, does `faults` to both and
//! hears their `record`s; the `report` sums up and audits. Within each process, a `worker`, a `crew` of threads and
//! tasks takes one `turn` after the other, by a clock in bad `weather`, and a `watch` tells of turns that never end. What is
//! `planted` shows that a soak finds it.

pub mod backend;
mod crew;
pub mod faults;
mod ground;
mod plan;
pub mod planted;
pub mod record;
pub mod report;
#[path = "../../../pyrate-redis/tests/support/server.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "it belongs to the tests of pyrate-redis, which use more of it and may stop at the first surprise"
)]
mod server;
mod turn;
mod watch;
mod weather;
pub mod worker;
mod workers;

pub use backend::Backend;
pub use plan::Plan;
pub use planted::Planted;
pub use report::Report;

use std::error::Error;

/// Why a soak could not be run at all.
pub type Trouble = Box<dyn Error + Send + Sync>;

/// Runs a soak to its end.
///
/// # Errors
///
/// [`Trouble`] if it could not be run. What it found is in the report.
pub fn run(plan: &Plan) -> Result<Report, Trouble> {
    let (faults, records) = workers::run(plan)?;
    Report::of(plan, faults, &records)
}
