//! A bucket on the test bench: its clock in the check's hands, and everything that is called written down.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyrate_core::{
    AnyBucket, BucketError, Clock, Decision, Denial, Grant, ManualClock, RateItem, Rates, Timestamp,
};

use crate::failure::{Failure, Step, Verdict};
use crate::handle::Handle;
use crate::subject::Door;

/// How many calls are remembered for a failure's history.
const REMEMBERED: usize = 60;

/// A bucket with the clock that it reads, and what was called.
///
/// Its methods call the bucket, note the answer, and turn what a right bucket wouldn't answer into a [`Failure`] that
/// holds the history.
#[derive(Debug)]
pub struct Rig {
    handle: Handle,
    /// `None` where the bucket keeps its own time.
    clock: Option<ManualClock>,
    /// Which of several buckets this is, in front of each of its calls.
    label: String,
    notes: Notes,
}

/// What was called: of one rig, or of all that opened buckets in one store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    steps: VecDeque<Step>,
    forgotten: usize,
    is_muted: bool,
}

impl Rig {
    /// Where a rig's clock stands at first: in November 2023, if it were the wall's.
    pub const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    pub(crate) fn new(bucket: AnyBucket, door: Door, clock: Option<ManualClock>) -> Rig {
        let (handle, label) = (Handle::new(bucket, door), String::new());
        Rig { handle, clock, label, notes: Notes::default() }
    }

    /// The same rig, whose calls are noted under `label` among those of others.
    pub(crate) fn noted_in(self, notes: &Notes, label: String) -> Rig {
        Rig { label, notes: notes.clone(), ..self }
    }

    /// Does `work` without noting its calls: a history is easier to read without those that only look.
    pub(crate) fn unnoted<T>(&self, work: impl FnOnce(&Rig) -> T) -> T {
        self.notes().is_muted = true;
        let result = work(self);
        self.notes().is_muted = false;
        result
    }

    /// The bucket itself, for calls that are not noted: those of many threads.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The rates of the bucket.
    #[must_use]
    pub fn rates(&self) -> &Rates {
        self.handle.rates()
    }

    // ---- Time -----------------------------------------------------------------------------------------------------

    /// What the bucket's clock shows.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the bucket can't tell.
    pub fn now(&self) -> Result<Timestamp, Box<Failure>> {
        let now = self.handle.now();
        self.answered("now", now)
    }

    /// Moves the clock on. Does nothing where the bucket keeps its own time.
    pub fn advance(&self, duration: Duration) {
        self.clock.iter().for_each(|clock| clock.advance(duration));
    }

    /// Sets the clock, possibly back. Does nothing where the bucket keeps its own time.
    pub fn set(&self, now: Timestamp) {
        self.clock.iter().for_each(|clock| clock.set(now));
    }

    /// The clock in the check's hands; `None` where the bucket keeps its own time.
    #[must_use]
    pub fn clock(&self) -> Option<&ManualClock> {
        self.clock.as_ref()
    }

    // ---- Calls ----------------------------------------------------------------------------------------------------

    /// Reserves, and answers what the bucket decided.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the bucket fails.
    pub fn reserve(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, Box<Failure>> {
        let answer = self.handle.reserve(item, max_delay);
        self.decided(&format!("reserve {} within {}", shown(item), patience(max_delay)), answer)
    }

    /// Puts `weight` units of the name "a", now or not at all.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the bucket fails.
    pub fn put(&self, weight: u64) -> Result<Decision, Box<Failure>> {
        self.put_item(&RateItem::new("a", weight))
    }

    /// Puts `item`, now or not at all.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the bucket fails.
    pub fn put_item(&self, item: &RateItem<'_>) -> Result<Decision, Box<Failure>> {
        let answer = self.handle.put(item);
        self.decided(&format!("put {}", shown(item)), answer)
    }

    /// Puts `weight` units, which must be granted now.
    ///
    /// # Errors
    ///
    /// [`Failure`] if they are not.
    pub fn granted(&self, weight: u64) -> Result<Grant, Box<Failure>> {
        self.granted_item(&RateItem::new("a", weight))
    }

    /// Puts `item`, which must be granted now.
    ///
    /// # Errors
    ///
    /// [`Failure`] if it is not.
    pub fn granted_item(&self, item: &RateItem<'_>) -> Result<Grant, Box<Failure>> {
        match self.put_item(item)? {
            Decision::Granted(grant) if grant.delay.is_zero() && grant.weight == item.weight => {
                Ok(grant)
            }
            other => {
                Err(self.failure(format!("granted {}, now", item.weight), decision_text(&other)))
            }
        }
    }

    /// Puts `weight` units, which must be denied.
    ///
    /// # Errors
    ///
    /// [`Failure`] if they are not.
    pub fn denied(&self, weight: u64) -> Result<Denial, Box<Failure>> {
        self.denied_item(&RateItem::new("a", weight))
    }

    /// Puts `item`, which must be denied.
    ///
    /// # Errors
    ///
    /// [`Failure`] if it is not.
    pub fn denied_item(&self, item: &RateItem<'_>) -> Result<Denial, Box<Failure>> {
        match self.put_item(item)? {
            Decision::Denied(denial) => Ok(denial),
            granted @ Decision::Granted(_) => Err(self.failure("denied", decision_text(&granted))),
        }
    }

    /// Reserves `weight` units of the name "a", however long that takes: they must be granted.
    ///
    /// # Errors
    ///
    /// [`Failure`] if they are not.
    pub fn reserved(&self, weight: u64) -> Result<Grant, Box<Failure>> {
        match self.reserve(&RateItem::new("a", weight), Duration::MAX)? {
            Decision::Granted(grant) => Ok(grant),
            denied @ Decision::Denied(_) => {
                Err(self.failure("granted, now or later", decision_text(&denied)))
            }
        }
    }

    /// How long `weight` units of the name "a" would wait.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the bucket fails.
    pub fn waiting(&self, weight: u64) -> Result<Option<Duration>, Box<Failure>> {
        let answer = self.handle.waiting(&RateItem::new("a", weight));
        self.answered(&format!("waiting for {weight}"), answer)
    }

    /// Cancels.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the bucket fails.
    pub fn cancel(&self, grant: &Grant) -> Result<bool, Box<Failure>> {
        let answer = self.handle.cancel(grant);
        self.answered(&format!("cancel {} at {}", grant.weight, grant.at), answer)
    }

    /// Leaks by the clock.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the bucket fails.
    pub fn leak(&self) -> Result<u64, Box<Failure>> {
        let answer = self.handle.leak(None);
        self.answered("leak", answer)
    }

    /// Flushes.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the bucket fails.
    pub fn flush(&self) -> Result<(), Box<Failure>> {
        let answer = self.handle.flush();
        self.answered("flush", answer)
    }

    /// Counts.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the bucket fails.
    pub fn count(&self) -> Result<u64, Box<Failure>> {
        let answer = self.handle.count();
        self.answered("count", answer)
    }

    /// The largest weight that is granted now.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the bucket fails.
    pub fn available(&self) -> Result<u64, Box<Failure>> {
        let answer = self.handle.available();
        self.answered("available", answer)
    }

    /// The unit with `index` newer units behind it.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the bucket fails.
    pub fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, Box<Failure>> {
        let answer = self.handle.peek(index);
        self.answered(&format!("peek {index}"), answer)
    }

    // ---- Judging --------------------------------------------------------------------------------------------------

    /// That `found` is `expected`; `what` says of what.
    ///
    /// # Errors
    ///
    /// [`Failure`] if it is not.
    pub fn same<T: PartialEq + Debug>(&self, what: &str, expected: &T, found: &T) -> Verdict {
        if expected == found {
            return Ok(());
        }
        Err(self.failure(format!("{what}: {expected:?}"), format!("{found:?}")))
    }

    /// That `holds`; `expected` says what.
    ///
    /// # Errors
    ///
    /// [`Failure`] if it doesn't.
    pub fn holds(&self, holds: bool, expected: &str, found: &dyn Debug) -> Verdict {
        if holds { Ok(()) } else { Err(self.failure(expected, format!("{found:?}"))) }
    }

    /// A failure at this point of the history.
    pub fn failure(&self, expected: impl Into<String>, found: impl Into<String>) -> Box<Failure> {
        let notes = self.notes();
        Box::new(Failure {
            bucket: format!("{}, through its {}", self.rates(), self.handle.door()),
            history: notes.steps.iter().cloned().collect(),
            forgotten: notes.forgotten,
            expected: expected.into(),
            found: found.into(),
            ..Failure::default()
        })
    }

    fn decided(
        &self,
        call: &str,
        answer: Result<Decision, BucketError>,
    ) -> Result<Decision, Box<Failure>> {
        self.note(call, answer.as_ref().map_or_else(error_text, decision_text));
        self.unfailed(answer)
    }

    fn answered<T: Debug>(
        &self,
        call: &str,
        answer: Result<T, BucketError>,
    ) -> Result<T, Box<Failure>> {
        self.note(call, answer.as_ref().map_or_else(error_text, |answer| format!("{answer:?}")));
        self.unfailed(answer)
    }

    /// An answer, or the failure that the bucket didn't give one.
    pub(crate) fn unfailed<T>(&self, answer: Result<T, BucketError>) -> Result<T, Box<Failure>> {
        answer.map_err(|error| self.failure("an answer", error_text(&error)))
    }

    pub(crate) fn note(&self, call: &str, answer: String) {
        let at = self.clock.as_ref().and_then(|clock| clock.now().ok());
        let mut notes = self.notes();
        if notes.is_muted {
            return;
        }
        if notes.steps.len() == REMEMBERED {
            notes.steps.pop_front();
            notes.forgotten += 1;
        }
        let call = format!("{}{call}", self.label);
        notes.steps.push_back(Step { at, call, answer });
    }

    fn notes(&self) -> MutexGuard<'_, Noted> {
        self.notes.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A decision in a few words.
pub(crate) fn decision_text(decision: &Decision) -> String {
    match decision {
        Decision::Granted(grant) if grant.delay.is_zero() => format!("granted at {}", grant.at),
        Decision::Granted(grant) => format!("granted at {}, in {:?}", grant.at, grant.delay),
        Decision::Denied(Denial { rate, retry_after: Some(wait) }) => {
            format!("denied by {rate} for {wait:?}")
        }
        Decision::Denied(Denial { rate, retry_after: None }) => {
            format!("denied by {rate} for good")
        }
    }
}

/// An error in a few words.
pub(crate) fn error_text(error: &BucketError) -> String {
    format!("error: {error}")
}

fn shown(item: &RateItem<'_>) -> String {
    let stamp = item.timestamp.map_or_else(String::new, |stamp| format!(" stamped {stamp}"));
    format!("{} of {:?}{stamp}", item.weight, item.name.chars().take(20).collect::<String>())
}

fn patience(max_delay: Duration) -> String {
    if max_delay == Duration::MAX { "any time".to_owned() } else { format!("{max_delay:?}") }
}
