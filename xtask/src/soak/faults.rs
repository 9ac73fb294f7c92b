//! What happens to the workers: they are killed and come back, and somebody else holds the file's lock.

use std::path::Path;
use std::process::ExitStatus;
use std::thread;
use std::time::{Duration, Instant};

use pyrate_conformance::Dice;
use pyrate_sqlite::rusqlite::{Connection, TransactionBehavior};

use super::Trouble;
use super::ground::{Backend, database};
use super::plan::Plan;
use super::record::Record;
use super::worker::Worker;

/// Who waits in line when time is over has so long to come to an end.
const GRACE: Duration = Duration::from_secs(30);

/// What was done to the workers, and what they made of it.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Workers killed.
    pub kills: u64,
    /// Times at which somebody else held the file's lock.
    pub locks: u64,
    /// What workers did that they should not.
    pub findings: Vec<String>,
}

/// The workers of a plan.
struct Workers<'p> {
    plan: &'p Plan,
    folder: &'p Path,
    dice: Dice,
    end: Instant,
    running: Vec<Worker>,
    gone: Vec<Worker>,
    started: u64,
    faults: Faults,
}

/// Starts the workers of `plan`, does things to them until they are due to end, and answers what they told.
///
/// # Errors
///
/// [`Trouble`] if workers can't be started.
pub fn run(plan: &Plan, folder: &Path) -> Result<(Faults, Vec<Record>), Trouble> {
    let (dice, end) = (Dice::new(plan.seed), Instant::now() + plan.duration);
    let (running, gone, faults) = (Vec::new(), Vec::new(), Faults::default());
    let mut workers = Workers { plan, folder, dice, end, running, gone, started: 0, faults };
    for _ in 0..plan.backend.processes() {
        workers.start()?;
    }
    if plan.backend.processes() > 1 {
        workers.harass()?;
    }
    workers.end()
}

impl Workers<'_> {
    fn start(&mut self) -> Result<(), Trouble> {
        self.started += 1;
        let left = self.end.saturating_duration_since(Instant::now());
        self.running.push(Worker::start(self.plan, self.folder, self.started, left)?);
        Ok(())
    }

    /// Something happens every second or so, more often in a short run.
    fn harass(&mut self) -> Result<(), Trouble> {
        let most = u64::try_from(self.plan.duration.as_millis() / 8).unwrap_or(u64::MAX).min(2_000);
        loop {
            let pause = Duration::from_millis(self.dice.within(most / 4..=most));
            if Instant::now() + 2 * pause > self.end {
                return Ok(());
            }
            thread::sleep(pause);
            if self.plan.backend == Backend::Sqlite && self.dice.one_in(2) {
                self.hold_lock();
            } else {
                self.kill_one()?;
            }
        }
    }

    /// Kills a worker, and starts another.
    fn kill_one(&mut self) -> Result<(), Trouble> {
        let Some(index) = self.dice.index(self.running.len()) else { return Ok(()) };
        let mut worker = self.running.swap_remove(index);
        if worker.ended()?.is_some() {
            self.faults.findings.push("a worker ended before its time".to_owned());
        }
        worker.kill()?;
        self.gone.push(worker);
        self.faults.kills += 1;
        self.start()
    }

    /// Nobody can write meanwhile; all who call wait.
    fn hold_lock(&mut self) {
        let held = Duration::from_millis(self.dice.within(1..=150));
        match hold_lock(self.folder, held) {
            Ok(()) => self.faults.locks += 1,
            Err(error) => {
                self.faults.findings.push(format!("the file's lock was not to be had: {error}"));
            }
        }
    }

    fn end(mut self) -> Result<(Faults, Vec<Record>), Trouble> {
        let mut records = Vec::new();
        for mut worker in self.running.drain(..) {
            match awaited(&mut worker, self.end + GRACE)? {
                Some(status) if status.success() => {}
                Some(status) => self.faults.findings.push(format!("a worker failed: {status}")),
                None => {
                    worker.kill()?;
                    self.faults.findings.push("a worker hung".to_owned());
                }
            }
            self.gone.push(worker);
        }
        for worker in self.gone {
            records.extend(worker.told()?);
        }
        Ok((self.faults, records))
    }
}

fn hold_lock(folder: &Path, held: Duration) -> pyrate_sqlite::rusqlite::Result<()> {
    let mut connection = Connection::open(database(folder))?;
    connection.busy_timeout(GRACE)?;
    let lock = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    thread::sleep(held);
    lock.commit()
}

/// How `worker` ended; `None` if it didn't by `end`.
fn awaited(worker: &mut Worker, end: Instant) -> Result<Option<ExitStatus>, Trouble> {
    loop {
        match worker.ended()? {
            None if Instant::now() < end => thread::sleep(Duration::from_millis(10)),
            ended => return Ok(ended),
        }
    }
}
