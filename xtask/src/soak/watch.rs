//! The watch: since when each caller of a process is in a call, and who is told of one that never ends.
//!
//! What came of a call is told when it ends, and a worker may be killed before: so a call that hangs is told of while it does.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::record::{Kind, Record, tell};

/// How often it is looked.
const NAP: Duration = Duration::from_millis(50);

/// No call is under way, or it is told of.
const NONE: u64 = u64::MAX;

/// The calls that are under way in a process.
#[derive(Debug)]
pub(crate) struct Watch {
    start: Instant,
    patience: Duration,
    /// Of each caller, when its call began, in microseconds.
    began: Vec<AtomicU64>,
}

/// A call that is under way until this is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay<'w>(&'w AtomicU64);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.store(NONE, Ordering::Relaxed);
    }
}

impl Watch {
    /// Of so many `callers`, each of whose calls may take as long as `patience`.
    pub(crate) fn new(callers: usize, patience: Duration) -> Watch {
        let began = (0..callers).map(|_| AtomicU64::new(NONE)).collect();
        Watch { start: Instant::now(), patience, began }
    }

    /// A call of `caller` begins.
    pub(crate) fn begin(&self, caller: usize) -> Option<UnderWay<'_>> {
        let began = self.began.get(caller)?;
        began.store(self.micros(), Ordering::Relaxed);
        Some(UnderWay(began))
    }

    /// Watches for as long as the process lives, and tells of each call that hangs.
    pub(crate) fn keep(self: &Arc<Watch>) {
        let watch = Arc::clone(self);
        thread::spawn(move || -> io::Result<()> {
            loop {
                thread::sleep(NAP);
                for caller in watch.hanging() {
                    eprintln!("soak: a call of caller {caller} hangs");
                    tell(Record::new(Kind::Broken))?;
                }
            }
        });
    }

    /// Whose calls take too long; each call is named once.
    fn hanging(&self) -> Vec<usize> {
        let now = self.micros();
        let patience = u64::try_from(self.patience.as_micros()).unwrap_or(u64::MAX);
        let hangs = |began: &AtomicU64| {
            let since = began.load(Ordering::Relaxed);
            // One that ended meanwhile, or was followed by another, did not hang.
            now.saturating_sub(since) > patience
                && began.compare_exchange(since, NONE, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        let callers = self.began.iter().enumerate();
        callers.filter(|(_, began)| hangs(began)).map(|(caller, _)| caller).collect()
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_takes_longer_than_it_may_is_named_once_and_one_that_ended_is_not() {
        let watch = Watch::new(3, Duration::ZERO);
        drop(watch.begin(0));
        let _hangs = watch.begin(2);
        while watch.micros() < 2 {}
        while watch.hanging() != [2] {}
        assert!(watch.hanging().is_empty());
        assert!(watch.begin(3).is_none());
    }

    #[test]
    fn a_call_that_may_take_longer_does_not_hang() {
        let watch = Watch::new(1, Duration::from_hours(1));
        let _waits = watch.begin(0);
        assert!(watch.hanging().is_empty());
    }
}
