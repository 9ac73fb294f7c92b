//! All workers of a soak: started, harassed, and listened to until their end.

use std::process::ExitStatus;
use std::thread;
use std::time::{Duration, Instant};

use pyrate_conformance::Dice;

use super::Trouble;
use super::faults::{Fault, Faults};
use super::ground::Ground;
use super::plan::Plan;
use super::record::Record;
use super::worker::Worker;

/// The workers of a plan.
struct Workers<'p> {
    plan: &'p Plan,
    ground: Ground,
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
/// [`Trouble`] if workers can't be started, or a fault can't be brought about.
pub(crate) fn run(plan: &Plan) -> Result<(Faults, Vec<Record>), Trouble> {
    let ground = Ground::of(plan.backend)?;
    let (dice, end) = (Dice::new(plan.seed), Instant::now() + plan.duration);
    let (running, gone, faults) = (Vec::new(), Vec::new(), Faults::default());
    let mut workers = Workers { plan, ground, dice, end, running, gone, started: 0, faults };
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
        let address = self.ground.address();
        self.running.push(Worker::start(self.plan, &address, self.started, left)?);
        Ok(())
    }

    /// Something happens every second or so, more often in a short run.
    fn harass(&mut self) -> Result<(), Trouble> {
        let longest = (self.plan.duration / 10).min(Duration::from_secs(2));
        let millis = u64::try_from(longest.as_millis())?;
        loop {
            let pause = Duration::from_millis(self.dice.within(millis / 4..=millis));
            if Instant::now() + pause + longest > self.end {
                return Ok(());
            }
            thread::sleep(pause);
            if self.dice.one_in(3) {
                self.kill_one()?;
            } else if let Some(fault) = self.ground.harm(&mut self.dice, longest)? {
                self.faults.note(fault);
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
        self.faults.note(Fault::WorkerKilled);
        self.start()
    }

    fn end(mut self) -> Result<(Faults, Vec<Record>), Trouble> {
        let mut records = Vec::new();
        for mut worker in self.running.drain(..) {
            // Who waits in line when time is over has so long to come to an end, twice as long as what hangs has to be
            // told of.
            match awaited(&mut worker, self.end + 2 * self.plan.patience)? {
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

/// How `worker` ended; `None` if it didn't by `end`.
fn awaited(worker: &mut Worker, end: Instant) -> Result<Option<ExitStatus>, Trouble> {
    loop {
        match worker.ended()? {
            None if Instant::now() < end => thread::sleep(Duration::from_millis(10)),
            ended => return Ok(ended),
        }
    }
}
