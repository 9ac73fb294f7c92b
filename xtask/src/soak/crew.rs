//! The crew: the threads and tasks of one process, each of which asks again and again.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use pyrate_conformance::Dice;
use pyrate_memory::Limiter;
use tokio::runtime;
use tokio::task::JoinSet;

use super::Trouble;
use super::backend::Backend;
use super::record::{Kind, Record, tell};
use super::turn::Turn;
use super::watch::Watch;
use super::weather::Weather;

/// Callers that are threads, in each process.
pub(crate) const THREADS: usize = 4;
/// Callers that are tasks.
pub(crate) const TASKS: usize = 64;

/// The longest pause in calm times, in microseconds for each process: together they then want a little less than they may
/// have.
const CALM: u64 = 14_000;

/// What all callers of a process share.
#[derive(Clone, Debug)]
pub(crate) struct Crew {
    /// What holds the limit.
    pub(crate) backend: Backend,
    /// The process's limiter.
    pub(crate) limiter: Limiter,
    /// The process's clock.
    pub(crate) weather: Arc<Weather>,
    /// Until when they call.
    pub(crate) end: Instant,
    /// Who is in a call.
    pub(crate) watch: Arc<Watch>,
}

impl Crew {
    /// Lets all of them call until the end.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if a caller can't tell what it was told.
    pub(crate) fn call(&self, dice: &mut Dice) -> Result<(), Trouble> {
        let runtime =
            runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let mut tasks = JoinSet::new();
        for caller in THREADS..THREADS + TASKS {
            let (crew, dice) = (self.clone(), dice.split());
            tasks.spawn_on(async move { crew.task(caller, dice).await }, runtime.handle());
        }
        self.threads(dice)?;
        while let Some(ended) = runtime.block_on(tasks.join_next()) {
            ended??;
        }
        Ok(())
    }

    fn threads(&self, dice: &mut Dice) -> Result<(), Trouble> {
        let (storm, calling) = (dice.split(), [(); THREADS].map(|()| dice.split()));
        thread::scope(|scope| {
            let has_weather = self.backend.goes_by_clocks();
            let weather = has_weather.then(|| scope.spawn(|| self.weather.blow(storm, self.end)));
            let callers = calling.into_iter().enumerate();
            let threads: Vec<_> = callers
                .map(|(caller, dice)| scope.spawn(move || self.thread(caller, dice)))
                .collect();
            for thread in threads.into_iter().chain(weather) {
                thread.join().map_err(|_| "a caller panicked")??;
            }
            Ok(())
        })
    }

    fn thread(&self, caller: usize, mut dice: Dice) -> io::Result<()> {
        while Instant::now() < self.end {
            let under_way = self.watch.begin(caller);
            let record = Turn::next(&mut dice, self.backend).take(&self.limiter, self.backend);
            drop(under_way);
            tell(record)?;
            if let Some(pause) = self.pause(record, &mut dice) {
                thread::sleep(pause);
            }
        }
        Ok(())
    }

    async fn task(self, caller: usize, mut dice: Dice) -> io::Result<()> {
        while Instant::now() < self.end {
            let turn = Turn::next(&mut dice, self.backend);
            let under_way = self.watch.begin(caller);
            let record = turn.take_async(&self.limiter, self.backend).await;
            drop(under_way);
            tell(record)?;
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
            Kind::Denied | Kind::Failed | Kind::Unknown | Kind::Broken => dice.within(100..=4_000),
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
