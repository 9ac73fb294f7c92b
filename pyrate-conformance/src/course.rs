//! The course of a history: a bucket beside the oracle, given the same calls; a check judges what it is about.

use std::fmt::Debug;
use std::time::Duration;

use proptest::prelude::*;
use pyrate_core::{Decision, Grant, RateItem, Rates, Timestamp};

use crate::audit::audit;
use crate::failure::{Failure, Verdict};
use crate::histories::{self, Act, Deed, Mix, Moment, back};
use crate::oracle::{Oracle, Shown};
use crate::rig::{Rig, decision_text};
use crate::subject::Subject;

/// Rates, and what is done to a bucket that holds them.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) rates: Rates,
    pub(crate) acts: Vec<Act>,
}

/// Histories of up to `count` acts.
pub(crate) fn histories(mix: Mix, count: usize) -> impl Strategy<Value = History> {
    (histories::rates(), histories::acts(mix, count))
        .prop_map(|(rates, acts)| History { rates, acts })
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Decision,
    Cancel,
    Leak,
    Count,
    Waiting,
    Available,
    Peek,
}

/// An answer beside that of the oracle.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) what: What,
    pub(crate) expected: String,
    pub(crate) found: String,
    /// Both decisions, the oracle's first; ids are left out.
    pub(crate) decisions: Option<(Decision, Decision)>,
}

impl Event {
    /// Whether both answer the same.
    pub(crate) fn agrees(&self) -> bool {
        self.expected == self.found
    }

    /// Whether the bucket went another way than the oracle.
    ///
    /// A look that shows something else, or a denial for another reason, changed nothing.
    fn parts_ways(&self) -> bool {
        let are_denials =
            self.decisions.is_some_and(|(due, found)| due.is_denied() && found.is_denied());
        let is_change = matches!(self.what, What::Decision | What::Cancel | What::Leak);
        is_change && !are_denials && !self.agrees()
    }
}

/// What a bucket shows.
struct Seen {
    count: u64,
    waits: [Option<Duration>; 2],
    most: u64,
    /// Where `peek` gives no names, it gives the key: only instants and weights are compared.
    ends: [Option<(Option<Timestamp>, u64)>; 3],
}

impl Seen {
    /// With the newest unit, the oldest of `count`, and the one beyond.
    fn of(rig: &Rig, count: u64) -> Result<Seen, Box<Failure>> {
        let nameless = |unit: RateItem<'_>| (unit.timestamp, unit.weight);
        let ends = [rig.peek(0)?, rig.peek(count.saturating_sub(1))?, rig.peek(count)?];
        Ok(Seen {
            count: rig.count()?,
            waits: [rig.waiting(1)?, rig.waiting(rig.rates().shortest().limit())?],
            most: rig.available()?,
            ends: ends.map(|unit| unit.map(nameless)),
        })
    }
}

/// A history while it is played.
pub(crate) struct Course<'a, J> {
    pub(crate) rig: Rig,
    /// Gone once the bucket went another way and the check doesn't mind.
    oracle: Option<Oracle>,
    judge: &'a J,
    /// All grants so far, and whether each is held still.
    pub(crate) grants: Vec<Grant>,
    is_held: Vec<bool>,
}

impl History {
    /// Plays all acts; `judge` says which answers matter.
    pub(crate) fn play<'a, J: Fn(&Rig, &Event) -> Verdict>(
        &self,
        subject: &Subject,
        judge: &'a J,
    ) -> Result<Course<'a, J>, Box<Failure>> {
        let rig = subject.rig(self.rates.clone());
        let oracle = Some(Oracle::new(self.rates.clone(), Timestamp::ZERO));
        let mut course = Course { rig, oracle, judge, grants: Vec::new(), is_held: Vec::new() };
        let mut clock = Rig::START.as_micros();
        for (moment, deed) in &self.acts {
            let now = moment.instant(&self.rates, &course.grants, &mut clock);
            course.rig.set(Timestamp::from_micros(clock));
            let stamp = matches!(moment, Moment::Stamp(_)).then_some(now);
            course.act(deed, now, stamp)?;
        }
        Ok(course)
    }
}

impl<J: Fn(&Rig, &Event) -> Verdict> Course<'_, J> {
    /// That no window holds too much of what was granted and not cancelled.
    pub(crate) fn audit(&self) -> Verdict {
        let held = self.grants.iter().zip(&self.is_held).filter(|(_, is_held)| **is_held);
        let granted: Vec<_> = held.map(|(grant, _)| (grant.at, grant.weight)).collect();
        let findings = audit(self.rig.rates(), &granted);
        self.rig.holds(findings.is_empty(), "no window above its limit", &findings)
    }

    fn act(&mut self, deed: &Deed, now: Timestamp, stamp: Option<Timestamp>) -> Verdict {
        match *deed {
            Deed::Reserve { name, weight, max_delay } => {
                let item = RateItem { timestamp: stamp, ..RateItem::new(name, weight) };
                self.reserve(&item, now, max_delay)?;
            }
            Deed::Cancel { grant } => match back(self.grants.len(), grant) {
                Some(grant) => self.cancel(grant)?,
                None => return Ok(()),
            },
            Deed::Leave { waiting } => match self.pick_waiting(waiting)? {
                Some(grant) => self.cancel(grant)?,
                None => return Ok(()),
            },
            Deed::Leak => self.leak()?,
            Deed::Flush => self.flush()?,
            Deed::Look => {}
        }
        self.look()
    }

    fn reserve(&mut self, item: &RateItem<'_>, now: Timestamp, max_delay: Duration) -> Verdict {
        let found = if max_delay.is_zero() {
            self.rig.put_item(item)?
        } else {
            self.rig.reserve(item, max_delay)?
        };
        let (ticket, asked) = (self.grants.len(), (&*item.name, item.weight));
        let oracle = self.oracle.as_mut();
        let expected = oracle.and_then(|oracle| oracle.reserve(ticket, asked, now, max_delay).ok());
        if let Decision::Granted(grant) = found {
            self.grants.push(grant);
            self.is_held.push(true);
        }
        let Some(expected) = expected else { return Ok(()) };
        let found = without_id(found);
        self.judge(&Event {
            what: What::Decision,
            expected: decision_text(&expected),
            found: decision_text(&found),
            decisions: Some((expected, found)),
        })
    }

    fn pick_waiting(&self, which: u8) -> Result<Option<usize>, Box<Failure>> {
        let now = self.rig.now()?;
        let now = self.oracle.as_ref().map_or(now, |oracle| oracle.seen().max(now));
        let held = self.grants.iter().zip(&self.is_held).enumerate();
        let line: Vec<usize> =
            held.filter(|(_, (grant, held))| **held && grant.at > now).map(|(i, _)| i).collect();
        Ok(back(line.len(), which).and_then(|index| line.get(index).copied()))
    }

    fn cancel(&mut self, ticket: usize) -> Verdict {
        let Some(grant) = self.grants.get(ticket).copied() else { return Ok(()) };
        let now = self.rig.now()?;
        let found = self.rig.cancel(&grant)?;
        if let Some(is_held) = self.is_held.get_mut(ticket).filter(|_| found) {
            *is_held = false;
        }
        let oracle = self.oracle.as_mut();
        let expected = oracle.and_then(|oracle| oracle.cancel(ticket, now).ok());
        self.compare(What::Cancel, expected, found)
    }

    fn leak(&mut self) -> Verdict {
        let now = self.rig.now()?;
        let found = self.rig.leak()?;
        let oracle = self.oracle.as_mut();
        let is_possible = oracle.and_then(|oracle| oracle.leak(found, now).ok());
        self.compare(What::Leak, is_possible.map(|_| true), is_possible.unwrap_or(true))
    }

    fn flush(&mut self) -> Verdict {
        self.rig.flush()?;
        self.oracle.iter_mut().for_each(Oracle::flush);
        self.is_held.fill(false);
        Ok(())
    }

    /// Compares what can be asked without changing anything.
    fn look(&mut self) -> Verdict {
        let (rig, now) = (&self.rig, self.rig.unnoted(Rig::now)?);
        let Some(oracle) = &self.oracle else { return Ok(()) };
        let lowest = rig.rates().shortest().limit();
        let shown = oracle.shown(now).unwrap_or_default();
        let due = [shown.first().map(nameless), shown.last().map(nameless), None];
        let count = shown.iter().map(|(_, amount, _)| amount).sum::<u64>();
        let waits = [1, lowest].map(|weight| oracle.waiting(weight, now).ok().flatten());
        let most = (0..=lowest)
            .filter(|weight| oracle.waiting(*weight, now) == Ok(Some(Duration::ZERO)))
            .max();
        let found = rig.unnoted(|rig| Seen::of(rig, count))?;
        self.compare(What::Count, Some(count), found.count)?;
        self.compare(What::Waiting, Some(waits), found.waits)?;
        self.compare(What::Available, most, found.most)?;
        self.compare(What::Peek, Some(due), found.ends)
    }

    fn compare<T: Debug>(&mut self, what: What, expected: Option<T>, found: T) -> Verdict {
        let Some(expected) = expected.filter(|_| self.oracle.is_some()) else { return Ok(()) };
        let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
        self.judge(&Event { what, expected, found, decisions: None })
    }

    fn judge(&mut self, event: &Event) -> Verdict {
        (self.judge)(&self.rig, event)?;
        if event.parts_ways() {
            self.oracle = None;
        }
        Ok(())
    }
}

/// A unit of one holder, as it must be shown.
fn nameless((at, _, _): &Shown<'_>) -> (Option<Timestamp>, u64) {
    (Some(*at), 1)
}

fn without_id(decision: Decision) -> Decision {
    match decision {
        Decision::Granted(grant) => Decision::Granted(grant.with_id(0)),
        denied @ Decision::Denied(_) => denied,
    }
}
