//! A worker: a process that calls, and may be killed at any moment.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pyrate_conformance::Dice;

use crate::Trouble;
use crate::crew::Crew;
use crate::ground::Backend;
use crate::plan::Plan;
use crate::weather::Weather;

/// The first word of a worker's command line.
pub const WORD: &str = "worker";

/// Starts a worker that calls for `duration`; no other has this `number`.
///
/// # Errors
///
/// If it can't be started.
pub fn start(plan: &Plan, folder: &Path, number: u64, duration: Duration) -> io::Result<Child> {
    let seed = Dice::new(plan.seed ^ number.wrapping_mul(0x9e37_79b9)).bits();
    Command::new(&plan.program)
        .args([WORD, &plan.backend.to_string(), &seed.to_string()])
        .args([&number.to_string(), &duration.as_millis().to_string()])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
}

/// Is the worker that [`start`] asked for, by the words behind [`WORD`].
///
/// # Errors
///
/// [`Trouble`] if it can't do its work.
pub fn run(words: &[String]) -> Result<(), Trouble> {
    let [backend, seed, number, millis, folder] = words else {
        return Err("a worker needs a backend, a seed, a number, a duration and a folder".into());
    };
    let (backend, folder): (Backend, _) = (backend.parse()?, PathBuf::from(folder));
    let weather = Arc::new(Weather::default());
    let crew = Crew {
        backend,
        limiter: backend.limiter(&folder, &weather)?,
        weather,
        end: Instant::now() + Duration::from_millis(millis.parse()?),
        files: folder.join(format!("worker-{number}")),
    };
    crew.call(&mut Dice::new(seed.parse()?))
}
