//! What a bucket shows at one instant, and two buckets that must show the same.

use std::fmt::Debug;
use std::time::Duration;

use pyrate_core::{Decision, Grant, RateItem, Rates, Timestamp};

use crate::failure::{Failure, Verdict};
use crate::rig::{Rig, decision_text};
use crate::situations::weights_up_to;
use crate::subject::Subject;

/// The answers to some questions that change nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    count: u64,
    available: u64,
    waits: Vec<Option<Duration>>,
    /// The newest units, the oldest, and what stands beyond it.
    units: Vec<Option<RateItem<'static>>>,
}

impl Rig {
    /// What the bucket shows now.
    ///
    /// # Errors
    ///
    /// [`Failure`] if it fails.
    pub(crate) fn view(&self) -> Result<View, Box<Failure>> {
        let count = self.count()?;
        let weights = weights_up_to(self.rates().shortest().limit());
        let waits = weights.into_iter().map(|weight| self.waiting(weight));
        let mut indices = vec![0, 1, count.saturating_sub(1), count];
        indices.dedup();
        Ok(View {
            count,
            available: self.available()?,
            waits: waits.collect::<Result<_, _>>()?,
            units: indices.into_iter().map(|index| self.peek(index)).collect::<Result<_, _>>()?,
        })
    }

    /// That the bucket still shows `before`.
    ///
    /// # Errors
    ///
    /// [`Failure`] if it doesn't.
    pub(crate) fn unchanged(&self, before: &View) -> Verdict {
        self.same("as before", before, &self.view()?)
    }
}

/// Two buckets whose clocks move together.
#[derive(Debug)]
pub(crate) struct Twins {
    /// Whose answers are expected of the other one.
    pub(crate) model: Rig,
    /// Whose history is shown.
    pub(crate) other: Rig,
}

impl Subject {
    /// Two empty buckets with these rates.
    pub(crate) fn twins(&self, rates: &Rates) -> Twins {
        Twins { model: self.rig(rates.clone()), other: self.rig(rates.clone()) }
    }
}

impl Twins {
    /// Moves both clocks on.
    pub(crate) fn advance(&self, duration: Duration) {
        self.model.advance(duration);
        self.other.advance(duration);
    }

    /// Sets both clocks.
    pub(crate) fn set(&self, now: Timestamp) {
        self.model.set(now);
        self.other.set(now);
    }

    /// That both decide the same of `item`; answers their grants, if they do grant.
    ///
    /// # Errors
    ///
    /// [`Failure`] if they don't.
    pub(crate) fn put(&self, item: &RateItem<'_>) -> Result<Option<[Grant; 2]>, Box<Failure>> {
        self.decided(self.model.put_item(item)?, self.other.put_item(item)?)
    }

    /// That both decide the same of `item`, which may wait; answers their grants, if they do grant.
    ///
    /// # Errors
    ///
    /// [`Failure`] if they don't.
    pub(crate) fn reserve(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Option<[Grant; 2]>, Box<Failure>> {
        self.decided(self.model.reserve(item, max_delay)?, self.other.reserve(item, max_delay)?)
    }

    fn decided(
        &self,
        model: Decision,
        other: Decision,
    ) -> Result<Option<[Grant; 2]>, Box<Failure>> {
        // As text: the numbers of two buckets' reservations have nothing in common.
        self.same(&decision_text(&model), &decision_text(&other))?;
        match (model, other) {
            (Decision::Granted(model), Decision::Granted(other)) => Ok(Some([model, other])),
            _ => Ok(None),
        }
    }

    /// That both show the same.
    ///
    /// # Errors
    ///
    /// [`Failure`] if they don't.
    pub(crate) fn same_view(&self) -> Verdict {
        self.same(&self.model.view()?, &self.other.view()?)
    }

    /// That an answer of the other one is that of the model.
    ///
    /// # Errors
    ///
    /// [`Failure`] if it isn't.
    pub(crate) fn same<T: PartialEq + Debug>(&self, model: &T, other: &T) -> Verdict {
        self.other.same("as its twin", model, other)
    }
}
