//! The crew: the threads and tasks of one process, each of which asks again and again.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use pyrate_conformance::Dice;
use pyrate_memory::Limiter;
use tokio::runtime;
use tokio::task::JoinSet;

use crate::Trouble;
use crate::ground::Backend;
use crate::record::{Kind, Record, Writer};
use crate::turn::Turn;
use crate::weather::Weather;

/// Callers that are threads, in each process.
pub const THREADS: u64 = 4;
/// Callers that are tasks.
pub const TASKS: u64 = 64;

/// The longest pause in calm times, in microseconds for each process: together they then want a little less than they may
/// have.
const CALM: u64 = 14_000;

/// What all callers of a process share.
#[derive(Clone, Debug)]
pub struct Crew {
    /// What holds the limit.
    pub backend: Backend,
    /// The process's limiter.
    pub limiter: Limiter,
    /// The process's clock.
    pub weather: Arc<Weather>,
    /// Until when they call.
    pub end: Instant,
    /// Where they write, each into a file of its own whose name begins with this.
    pub files: PathBuf,
}

impl Crew {
    /// Lets all of them call until the end.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if a caller can't write down what it was told.
    pub fn call(&self, dice: &mut Dice) -> Result<(), Trouble> {
        let runtime =
            runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let mut tasks = JoinSet::new();
        for number in 0..TASKS {
            let (crew, dice) = (self.clone(), dice.split());
            let writer = self.writer("task", number)?;
            tasks.spawn_on(async move { crew.task(dice, writer).await }, runtime.handle());
        }
        self.threads(dice)?;
        while let Some(ended) = runtime.block_on(tasks.join_next()) {
            ended??;
        }
        Ok(())
    }

    fn threads(&self, dice: &mut Dice) -> Result<(), Trouble> {
        let (storm, sky) = (dice.split(), self.writer("weather", 0)?);
        let calling = (0..THREADS).map(|number| Ok((dice.split(), self.writer("thread", number)?)));
        let calling = calling.collect::<io::Result<Vec<_>>>()?;
        thread::scope(|scope| {
            let weather = scope.spawn(|| self.weather.blow(storm, self.end, sky));
            let spawn = |(dice, writer)| scope.spawn(|| self.thread(dice, writer));
            let threads: Vec<_> = calling.into_iter().map(spawn).collect();
            for thread in threads.into_iter().chain([weather]) {
                thread.join().map_err(|_| "a caller panicked")??;
            }
            Ok(())
        })
    }

    fn writer(&self, kind: &str, number: u64) -> io::Result<Writer> {
        let mut name = self.files.file_name().unwrap_or_default().to_owned();
        name.push(format!("-{kind}-{number}"));
        let name = name.to_string_lossy().into_owned();
        Writer::create(self.files.parent().unwrap_or(&self.files), &name)
    }

    fn thread(&self, mut dice: Dice, mut writer: Writer) -> io::Result<()> {
        while Instant::now() < self.end {
            let record = Turn::next(&mut dice, self.backend).take(&self.limiter, self.backend);
            writer.write(record)?;
            if let Some(pause) = self.pause(record, &mut dice) {
                thread::sleep(pause);
            }
        }
        Ok(())
    }

    async fn task(self, mut dice: Dice, mut writer: Writer) -> io::Result<()> {
        while Instant::now() < self.end {
            let turn = Turn::next(&mut dice, self.backend);
            let record = turn.take_async(&self.limiter, self.backend).await;
            writer.write(record)?;
            if let Some(pause) = self.pause(record, &mut dice) {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    }
}

impl Crew {
    /// How long a caller does something else. Whoever was refused does for a moment: else most of what is audited would be
    /// refusals. In calm times everybody does: else nobody would ever be granted anything at once, and windows whose
    /// places were left would hide one unit too many.
    fn pause(&self, record: Record, dice: &mut Dice) -> Option<Duration> {
        let micros = match record.kind {
            _ if self.is_calm() => dice.within(0..=CALM * self.backend.processes() as u64),
            Kind::Denied | Kind::Failed | Kind::Broken => dice.within(100..=4_000),
            _ => return None,
        };
        Some(Duration::from_micros(micros))
    }

    /// Storms and calm take turns.
    fn is_calm(&self) -> bool {
        let left = self.end.saturating_duration_since(Instant::now());
        (left.as_millis() / 300).is_multiple_of(2)
    }
}
