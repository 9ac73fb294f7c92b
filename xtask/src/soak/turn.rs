//! A caller's turn: what it asks for, how long it waits, and what it makes of the answer.

use std::time::{Duration, Instant};

use pyrate_conformance::Dice;
use pyrate_memory::{AcquireError, Grant, Limiter, Outcome, Request};

use super::backend::Backend;
use super::faults::is_expected;
use super::record::{Kind, Record};

/// What a caller asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    name: u8,
    weight: u16,
    ask: Ask,
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    /// Now or not at all.
    Try,
    /// Waits for so long, or for ever.
    Wait(Option<Duration>),
    /// Leaves after so long, if it is a task; threads can't.
    Leave(Duration),
}

impl Turn {
    /// The next turn, as `dice` say.
    pub(crate) fn next(dice: &mut Dice, backend: Backend) -> Turn {
        let names = backend.names().len();
        let name = dice.index(names).and_then(|index| u8::try_from(index).ok()).unwrap_or(0);
        Turn { name, weight: weight(dice), ask: ask(dice) }
    }

    /// Takes the turn on this thread.
    #[must_use]
    pub(crate) fn take(self, limiter: &Limiter, backend: Backend) -> Record {
        let start = Instant::now();
        let answer = match self.ask {
            Ask::Try => limiter.try_acquire(self.request(backend)),
            Ask::Wait(_) | Ask::Leave(_) => limiter.acquire(self.request(backend)),
        };
        self.record(start.elapsed(), answer)
    }

    /// Takes the turn in a task.
    pub(crate) async fn take_async(self, limiter: &Limiter, backend: Backend) -> Record {
        let (start, request) = (Instant::now(), self.request(backend));
        let answer = match self.ask {
            Ask::Try => limiter.try_acquire_async(request).await,
            Ask::Wait(_) => limiter.acquire_async(request).await,
            Ask::Leave(after) => {
                let asking = tokio::time::timeout(after, limiter.acquire_async(request));
                let Ok(answer) = asking.await else {
                    let late = start.elapsed().saturating_sub(after);
                    return Record { name: self.name, late, ..Record::new(Kind::Left) };
                };
                answer
            }
        };
        self.record(start.elapsed(), answer)
    }

    fn request(self, backend: Backend) -> Request<'static> {
        let name = backend.names().get(usize::from(self.name)).copied().unwrap_or_default();
        let request = Request::new(name).weight(u64::from(self.weight));
        match self.ask {
            Ask::Wait(Some(max_delay)) => request.max_delay(max_delay),
            _ => request,
        }
    }

    fn record(self, took: Duration, answer: Result<Grant, AcquireError>) -> Record {
        let Turn { name, weight, .. } = self;
        let waited = answer.as_ref().map_or(Duration::ZERO, |grant| grant.delay);
        let late = took.saturating_sub(waited);
        match answer {
            Ok(grant) if took < waited => broken(&format!("{grant:?} took {took:?} only")),
            Ok(grant) => {
                let kind = if waited.is_zero() { Kind::AtOnce } else { Kind::Waited };
                Record { kind, name, weight, at: grant.at, late }
            }
            Err(AcquireError::Bucket(error)) if !is_expected(&error) => {
                broken(&format!("{error}: {error:?}"))
            }
            Err(error) => Record { name, weight, late, ..Record::new(kind(&error)) },
        }
    }
}

fn kind(error: &AcquireError) -> Kind {
    match error {
        AcquireError::Bucket(error) if error.outcome() == Outcome::Unknown => Kind::Unknown,
        AcquireError::Bucket(_) => Kind::Failed,
        _ => Kind::Denied,
    }
}

/// The report counts it; what it was is for whoever reads along.
fn broken(what: &str) -> Record {
    eprintln!("soak: {what}");
    Record::new(Kind::Broken)
}

/// Mostly light, at times heavy, seldom nothing or what never fits.
fn weight(dice: &mut Dice) -> u16 {
    let weight = match dice.below(200) {
        0..130 => 1,
        130..190 => dice.within(2..=6),
        190..198 => dice.within(7..=60),
        198 => 0,
        _ => u64::from(u16::MAX),
    };
    u16::try_from(weight).unwrap_or(1)
}

fn ask(dice: &mut Dice) -> Ask {
    match dice.below(20) {
        0..4 => Ask::Try,
        4..10 => Ask::Wait(None),
        10..14 => Ask::Wait(Some(Duration::from_micros(dice.within(0..=5_000)))),
        14..17 => Ask::Wait(Some(Duration::from_micros(dice.within(5_000..=100_000)))),
        _ => Ask::Leave(Duration::from_micros(dice.within(0..=20_000))),
    }
}
