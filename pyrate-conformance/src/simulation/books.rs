//! The books: who holds which instant, and whether what a bucket answered may be so.

use std::collections::BTreeMap;
use std::time::Duration;

use pyrate_core::{Decision, Grant, Rates, Timestamp};

use crate::audit::audit;
use crate::oracle::Oracle;

/// A promise that was broken, in a sentence.
pub(super) type Check = Result<(), String>;

/// What every caller was told.
pub(super) struct Books {
    rates: Rates,
    oracle: Oracle,
    /// All grants by ticket, those of callers who vanished too, but none that was cancelled.
    held: BTreeMap<usize, Grant>,
    /// Units by instant whose holders left while others stood behind them.
    left: BTreeMap<Timestamp, u64>,
    /// How many took such a place.
    pub(super) places: u64,
}

impl Books {
    pub(super) fn new(rates: Rates) -> Books {
        let oracle = Oracle::new(rates.clone(), Timestamp::ZERO);
        Books { rates, oracle, held: BTreeMap::new(), left: BTreeMap::new(), places: 0 }
    }

    /// How long `weight` must wait at `now`.
    pub(super) fn waiting(&self, weight: u64, now: Timestamp) -> Option<Duration> {
        self.oracle.waiting(weight, now).ok().flatten()
    }

    /// Enters what somebody who asked was told.
    pub(super) fn enter(
        &mut self,
        ticket: usize,
        weight: u64,
        (now, max_delay): (Timestamp, Duration),
        told: Decision,
    ) -> Check {
        if let Decision::Granted(grant) = told
            && weight > 0
        {
            self.first_come_first_served(now, &grant)?;
            self.held.insert(ticket, grant);
        }
        let due = self.oracle.reserve(ticket, ("", weight), now, max_delay);
        let due = due.map_err(|error| error.to_string())?;
        if plain(due) == plain(told) {
            return Ok(());
        }
        Err(format!("capacity: an exact bucket answers {due:?}, this one {told:?}"))
    }

    /// Nobody goes before one who still waits, but to a place that somebody left.
    fn first_come_first_served(&mut self, now: Timestamp, grant: &Grant) -> Check {
        let passed = self.line(now).map(|held| held.at).find(|at| *at > grant.at);
        let Some(passed) = passed else { return Ok(()) };
        match self.left.get_mut(&grant.at) {
            Some(free) if *free >= grant.weight => {
                *free -= grant.weight;
                self.places += 1;
                Ok(())
            }
            _ => Err(format!(
                "order: {} units go at {}us, before those who came earlier and wait for {}us",
                grant.weight,
                grant.at.as_micros(),
                passed.as_micros()
            )),
        }
    }

    /// Enters that the bucket was told at `now` that somebody left, and whether it agreed.
    pub(super) fn leave(&mut self, ticket: usize, now: Timestamp, agreed: bool) -> Check {
        let due = self.oracle.cancel(ticket, now).map_err(|error| error.to_string())?;
        if due != agreed {
            return Err(format!("leaving: an exact bucket answers {due}, this one {agreed}"));
        }
        if let Some(grant) = self.held.remove(&ticket) {
            *self.left.entry(grant.at).or_default() += grant.weight;
            // Places behind which nobody stands are gone.
            let last = self.line(now).map(|held| held.at).max().unwrap_or(Timestamp::ZERO);
            self.left.retain(|at, _| *at < last);
        }
        Ok(())
    }

    /// Enters that so many units were leaked.
    pub(super) fn leak(&mut self, units: u64, now: Timestamp) -> Check {
        match self.oracle.leak(units, now) {
            Ok(true) => Ok(()),
            _ => Err(format!("leaking: {units} units can't have left their window")),
        }
    }

    /// What the bucket must count.
    pub(super) fn count(&self, now: Timestamp) -> Result<u64, String> {
        self.oracle.count(now).map_err(|error| error.to_string())
    }

    /// No window holds more than its limit.
    pub(super) fn audit(&self) -> Check {
        let grants: Vec<_> = self.held.values().map(|grant| (grant.at, grant.weight)).collect();
        match audit(&self.rates, &grants).first() {
            Some(found) => Err(format!("admission: a window is too full: {found:?}")),
            None => Ok(()),
        }
    }

    fn line(&self, now: Timestamp) -> impl Iterator<Item = &Grant> {
        self.held.values().filter(move |held| held.at > now)
    }
}

/// The same without the number of the reservation, which is each bucket's own.
fn plain(decision: Decision) -> Decision {
    match decision {
        Decision::Granted(grant) => Decision::Granted(grant.with_id(0)),
        denied @ Decision::Denied(_) => denied,
    }
}
