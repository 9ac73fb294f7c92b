//! A soak: many threads, tasks and processes on one limit for as long as one likes, while faults happen to them; then an
//! audit of everything that was granted.
//!
//! `cargo xtask soak` runs it. Everything that is random follows from one seed: what callers ask for, when they leave,
//! how the clock steps, who is killed. When the threads of a machine run does not, so a seed repeats a run's course and not
//! its every answer; [`simulation`](pyrate_conformance::simulation) does.
//!
//! A run starts [workers](worker), processes that tell what each of their callers was told, does its faults, and
//! [sums up](report) it all. Another backend is one more entry in [`ground`].

mod crew;
pub mod faults;
mod ground;
mod plan;
pub mod record;
pub mod report;
mod turn;
mod weather;
pub mod worker;

pub use ground::Backend;
pub use plan::Plan;
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
    let folder = tempfile::tempdir()?;
    let (faults, records) = faults::run(plan, folder.path())?;
    Report::of(plan, faults, &records)
}
