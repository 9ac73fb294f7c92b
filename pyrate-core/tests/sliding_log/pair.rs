//! A log and its oracle, given the same calls; every answer of theirs is compared.

use std::collections::HashSet;
use std::fmt::{Debug, Write};
use std::time::Duration;

use proptest::test_runner::TestCaseError;
use pyrate_conformance::Oracle;
use pyrate_core::{Decision, Grant, RateItem, Rates, SlidingLog, Timestamp};

use crate::audit::Audit;

/// A call in absolute numbers, as a failure prints it.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Reserve {
        name: &'static str,
        weight: u64,
        now: Timestamp,
        max_delay: Duration,
    },
    /// Cancels the grant with this number, counted from 0 in order of granting.
    Cancel {
        grant: usize,
        now: Timestamp,
    },
    Leak {
        now: Timestamp,
    },
    Flush,
    /// Only looks, as all the other calls do afterwards.
    Look {
        now: Timestamp,
    },
}

impl Call {
    /// The same call for a log that keeps no names.
    pub(crate) fn nameless(self) -> Call {
        match self {
            Call::Reserve { weight, now, max_delay, .. } => {
                Call::Reserve { name: "", weight, now, max_delay }
            }
            call => call,
        }
    }
}

/// A case worth reaching.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reached {
    WaitsInLine,
    TakesFreePlace,
    DeniedByLongerRate,
    CancelsOne,
    CancelsInVain,
    LeaksSomething,
    GrantsWeightZero,
    GrantsByStamp,
}

impl Reached {
    pub(crate) const ALL: [Reached; 8] = [
        Reached::WaitsInLine,
        Reached::TakesFreePlace,
        Reached::DeniedByLongerRate,
        Reached::CancelsOne,
        Reached::CancelsInVain,
        Reached::LeaksSomething,
        Reached::GrantsWeightZero,
        Reached::GrantsByStamp,
    ];
}

/// What must hold after each call; `Err` prints what was called, what was expected and what was found.
pub(crate) type Check = Result<(), TestCaseError>;

/// A log under test beside the oracle.
pub(crate) struct Pair {
    log: SlidingLog,
    oracle: Oracle,
    audit: Audit,
    grants: Vec<Grant>,
    ids: HashSet<u64>,
    is_held: Vec<bool>,
    calls: Vec<Call>,
    reached: Vec<Reached>,
}

impl Pair {
    /// Two empty buckets.
    pub(crate) fn new(rates: &Rates) -> Pair {
        Pair::beside(SlidingLog::new(rates.clone()))
    }

    /// The oracle starts empty beside `log`, whose grants must all have left its windows.
    pub(crate) fn beside(log: SlidingLog) -> Pair {
        let rates = log.rates().clone();
        Pair {
            oracle: Oracle::new(rates.clone(), log.seen()),
            audit: Audit::new(rates),
            log,
            grants: Vec::new(),
            ids: HashSet::new(),
            is_held: Vec::new(),
            calls: Vec::new(),
            reached: Vec::new(),
        }
    }

    /// All grants so far, cancelled ones too.
    pub(crate) fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The numbers of the grants that wait in line at `now`.
    pub(crate) fn waiting_at(&self, now: Timestamp) -> Vec<usize> {
        let now = now.max(self.log.seen());
        (0..self.grants.len()).filter(|i| self.is_held[*i] && self.grants[*i].at > now).collect()
    }

    /// Says that a case came up which calls don't show.
    pub(crate) fn reach(&mut self, case: Reached) {
        self.reached.push(case);
    }

    /// What came up, as often as it did.
    pub(crate) fn into_reached(self) -> Vec<Reached> {
        self.reached
    }

    /// Makes one call on both sides and compares its answer, then all that can be seen at its instant.
    pub(crate) fn call(&mut self, call: &Call) -> Check {
        self.calls.push(call.clone());
        match *call {
            Call::Reserve { name, weight, now, max_delay } => {
                self.reserve((name, weight), now, max_delay)?;
                self.look(now, weight)
            }
            Call::Cancel { grant, now } => {
                self.cancel(grant, now)?;
                self.look(now, 2)
            }
            Call::Leak { now } => {
                self.leak(now)?;
                self.look(now, 2)
            }
            Call::Flush => self.flush(),
            Call::Look { now } => self.look(now, 2),
        }
    }

    fn reserve(
        &mut self,
        (name, weight): (&str, u64),
        now: Timestamp,
        max_delay: Duration,
    ) -> Check {
        let item = RateItem::new(name, weight);
        let expected = self.oracle.reserve(self.grants.len(), (name, weight), now, max_delay);
        let found = self.log.reserve(&item, now, max_delay);
        self.same("reserve", &expected, &found.map(without_id))?;
        match found {
            Ok(Decision::Granted(grant)) => self.granted(grant),
            Ok(Decision::Denied(denial)) if denial.rate != self.log.rates()[0] => {
                self.reached.push(Reached::DeniedByLongerRate);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn granted(&mut self, grant: Grant) -> Check {
        let line = self.waiting_at(grant.at);
        self.reached.extend((!grant.delay.is_zero()).then_some(Reached::WaitsInLine));
        self.reached
            .extend((!line.is_empty() && grant.weight > 0).then_some(Reached::TakesFreePlace));
        self.reached.extend((grant.weight == 0).then_some(Reached::GrantsWeightZero));
        self.grants.push(grant);
        self.is_held.push(true);
        self.identity(&grant)?;
        self.audit.grant(&grant).map_err(|rate| self.report("windows", &rate, &"one is too full"))
    }

    /// A grant in the future has a number that no other grant ever had.
    fn identity(&mut self, grant: &Grant) -> Check {
        let is_new = grant.id() != 0 && self.ids.insert(grant.id());
        self.same("a new id for what lies ahead", &!grant.delay.is_zero(), &is_new)
    }

    fn cancel(&mut self, ticket: usize, now: Timestamp) -> Check {
        let grant = self.grants[ticket];
        let (expected, found) = (self.oracle.cancel(ticket, now), self.log.cancel(&grant, now));
        self.same("cancel", &expected, &found)?;
        if found == Ok(true) {
            self.audit.cancel(&grant);
            self.is_held[ticket] = false;
        }
        self.reached.push(if found == Ok(true) {
            Reached::CancelsOne
        } else {
            Reached::CancelsInVain
        });
        Ok(())
    }

    fn leak(&mut self, now: Timestamp) -> Check {
        let found = self.log.leak(now);
        let is_possible = self.oracle.leak(found.unwrap_or(0), now);
        self.same("leaked so many, or none", &is_possible, &found.map(|_| true))?;
        self.reached
            .extend(found.is_ok_and(|removed| removed > 0).then_some(Reached::LeaksSomething));
        let second = self.log.leak(now);
        self.same("a second leak", &found.map(|_| 0), &second)
    }

    fn flush(&mut self) -> Check {
        self.log.flush();
        self.oracle.flush();
        self.audit.flush();
        self.is_held.fill(false);
        self.look(self.log.seen(), 2)
    }

    /// Compares all that can be seen at `now`, and when the next in line is due.
    fn look(&self, now: Timestamp, weight: u64) -> Check {
        let next = self.waiting_at(now).into_iter().map(|i| self.grants[i].at).min();
        next.into_iter().chain([now]).try_for_each(|at| self.look_at(at, weight))
    }

    /// Compares everything that can be asked without changing anything.
    fn look_at(&self, now: Timestamp, weight: u64) -> Check {
        self.same("seen", &self.oracle.seen(), &self.log.seen())?;
        self.same("count", &self.oracle.count(now), &self.log.count(now))?;
        let limit = self.log.rates()[0].limit();
        for weight in [0, 1, weight, limit, limit + 1] {
            let expected = self.oracle.waiting(weight, now);
            self.same("waiting", &expected, &self.log.waiting(&RateItem::new("", weight), now))?;
        }
        self.available(now)?;
        self.listing(now)
    }

    /// The largest weight that waits for nothing: one more waits, or never fits.
    fn available(&self, now: Timestamp) -> Check {
        let most = match self.log.available(now) {
            Ok(most) => most,
            Err(error) => return self.same("available", &self.oracle.count(now), &Err(error)),
        };
        let (enough, too_much) =
            (self.oracle.waiting(most, now), self.oracle.waiting(most + 1, now));
        self.same("waiting for what is available", &enough, &Ok(Some(Duration::ZERO)))?;
        self.same("one more waits", &true, &(too_much != Ok(Some(Duration::ZERO))))
    }

    /// Compares `peek` with the oracle's list: the two newest units and the two oldest ones of each holder.
    fn listing(&self, now: Timestamp) -> Check {
        let shown = match self.oracle.shown(now) {
            Ok(shown) => shown,
            Err(error) => return self.same("peek", &Err(error), &self.log.peek(0, now)),
        };
        let mut newer = 0;
        for (at, amount, name) in shown {
            let unit = RateItem { timestamp: Some(at), ..RateItem::new(name, 1) };
            for index in [0, 1, amount.saturating_sub(2), amount - 1] {
                let index = newer + index.min(amount - 1);
                self.same("peek", &Ok(Some(unit.clone())), &self.log.peek(index, now))?;
            }
            newer += amount;
        }
        self.same("peek beyond the oldest", &Ok(None), &self.log.peek(newer, now))
    }

    fn same<T: PartialEq + Debug>(&self, what: &str, expected: &T, found: &T) -> Check {
        if expected == found { Ok(()) } else { Err(self.report(what, expected, found)) }
    }

    fn report(&self, what: &str, expected: &dyn Debug, found: &dyn Debug) -> TestCaseError {
        let mut text =
            format!("{what}: expected {expected:?}, found {found:?}\nrates {}\n", self.log.rates());
        for call in &self.calls {
            let _ = writeln!(text, "  {call:?}");
        }
        TestCaseError::fail(text)
    }
}

fn without_id(decision: Decision) -> Decision {
    match decision {
        Decision::Granted(grant) => Decision::Granted(grant.with_id(0)),
        denied @ Decision::Denied(_) => denied,
    }
}
