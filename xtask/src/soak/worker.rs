//! A worker: a process that calls, and may be killed at any moment.

use std::io;
use std::panic;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pyrate_conformance::Dice;

use super::Trouble;
use super::backend::Backend;
use super::crew::{Crew, TASKS, THREADS};
use super::plan::Plan;
use super::planted::Planted;
use super::record::{self, Kind, Record};
use super::watch::Watch;
use super::weather::Weather;

/// The first word of a worker's command line.
pub const WORD: &str = "worker";

/// A worker that runs, and who listens to it.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    listener: Option<JoinHandle<io::Result<Vec<Record>>>>,
}

/// Nobody goes on calling after the soak broke off.
impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

impl Worker {
    /// Starts a worker that calls what lies at `address` for `duration`; no other has this `number`.
    ///
    /// # Errors
    ///
    /// If it can't be started.
    pub fn start(
        plan: &Plan,
        address: &str,
        number: u64,
        duration: Duration,
    ) -> io::Result<Worker> {
        let seed = Dice::new(plan.seed ^ number.wrapping_mul(0x9e37_79b9)).bits();
        let mut child = Command::new(&plan.program)
            .args([WORD, &plan.backend.to_string(), &seed.to_string()])
            .args([duration, plan.patience].map(|time| time.as_millis().to_string()))
            .args([&plan.planted.to_string(), address])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let told = child.stdout.take();
        let told = told.ok_or_else(|| io::Error::other("a worker has no output"))?;
        let listener = Some(thread::spawn(move || record::listen(told)));
        Ok(Worker { child, listener })
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    ///
    /// If that can't be told.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Ends it as `kill -9` does, in the midst of whatever it does, unless it has ended.
    ///
    /// # Errors
    ///
    /// If that fails.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// What it told until its end.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it could not be listened to.
    pub fn told(mut self) -> Result<Vec<Record>, Trouble> {
        let Some(listener) = self.listener.take() else { return Ok(Vec::new()) };
        Ok(listener.join().map_err(|_| "the listener panicked")??)
    }
}

/// Is the worker that [`Worker::start`] asked for, by the words behind [`WORD`].
///
/// # Errors
///
/// [`Trouble`] if it can't do its work.
pub fn run(words: &[String]) -> Result<(), Trouble> {
    let [backend, seed, duration, patience, planted, address] = words else {
        return Err(
            "a worker needs a backend, a seed, two durations, a fault and an address".into()
        );
    };
    tell_of_panics();
    let (backend, planted): (Backend, Planted) = (backend.parse()?, planted.parse()?);
    let weather = Arc::new(Weather::new(planted));
    let crew = Crew {
        backend,
        limiter: backend.limiter(address, &weather, planted)?,
        weather,
        end: Instant::now() + Duration::from_millis(duration.parse()?),
        watch: Arc::new(Watch::new(THREADS + TASKS, Duration::from_millis(patience.parse()?))),
    };
    crew.watch.keep();
    crew.call(&mut Dice::new(seed.parse()?))
}

/// At once, since a worker may be killed before it sees that one of its callers is gone.
fn tell_of_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        print(what);
        // If nobody listens, nobody needs to know.
        let _ = record::tell(Record::new(Kind::Broken));
    }));
}
