//! A bucket in SQLite and a `SlidingLog` beside it, on the same clock.

use std::time::Duration;

use proptest::{prop_assert, prop_assert_eq};
use pyrate_conformance::histories::{Act, Deed, Moment, back};
use pyrate_sqlite::{
    AbstractBucket, Decision, Grant, ManualClock, RateItem, Rates, SlidingLog, SqliteBucket,
    SqliteStore, Timestamp,
};

use crate::{Check, at, item, nameless};

const START: u64 = 1_000;

pub(crate) struct Pair {
    pub(crate) bucket: SqliteBucket,
    pub(crate) log: SlidingLog,
    pub(crate) clock: ManualClock,
    /// What both granted, each with the bucket's number and the log's.
    pub(crate) grants: Vec<(Grant, Grant)>,
}

impl Pair {
    pub(crate) fn of(rates: &Rates) -> Pair {
        let clock = ManualClock::new();
        let store = SqliteStore::builder_in_memory().clock(clock.clone()).build().unwrap();
        let (bucket, log) = (store.bucket("a", rates.clone()), SlidingLog::new(rates.clone()));
        Pair { bucket, log, clock, grants: Vec::new() }
    }

    /// Plays a history, and looks at both after each act.
    pub(crate) fn play(&mut self, acts: &[Act]) -> Check {
        let mut reading = START;
        for (moment, deed) in acts {
            let now = self.instant(moment, &mut reading);
            self.play_one(moment, deed, now, at(reading))?;
        }
        Ok(())
    }

    /// The same on a clock that never goes back.
    pub(crate) fn play_forward(&mut self, acts: &[Act]) -> Check {
        let mut latest = START;
        for (moment, deed) in acts {
            let mut reading = latest;
            self.instant(moment, &mut reading);
            latest = latest.max(reading);
            self.play_one(moment, deed, at(latest), at(latest))?;
        }
        Ok(())
    }

    fn instant(&self, moment: &Moment, reading: &mut u64) -> Timestamp {
        let grants: Vec<Grant> = self.grants.iter().map(|(grant, _)| *grant).collect();
        moment.instant(self.log.rates(), &grants, reading)
    }

    fn play_one(
        &mut self,
        moment: &Moment,
        deed: &Deed,
        now: Timestamp,
        reading: Timestamp,
    ) -> Check {
        self.clock.set(reading);
        let stamp = matches!(moment, Moment::Stamp(_)).then_some(now);
        self.act(deed, now, stamp)?;
        self.look(reading, 1)
    }

    fn act(&mut self, deed: &Deed, now: Timestamp, stamp: Option<Timestamp>) -> Check {
        let reading = self.bucket.now().unwrap();
        match deed {
            Deed::Reserve { name, weight, max_delay } => {
                self.reserve(&item(name, *weight, stamp), now, *max_delay)
            }
            Deed::Cancel { grant } => self.cancel(back(self.grants.len(), *grant), reading),
            Deed::Leave { waiting } => self.cancel(self.in_line(*waiting, reading), reading),
            Deed::Leak => {
                self.bucket.leak(stamp).unwrap();
                self.log.leak(now).unwrap();
                Ok(())
            }
            Deed::Flush => {
                self.bucket.flush().unwrap();
                self.log.flush();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn reserve(
        &mut self,
        item: &RateItem<'_>,
        now: Timestamp,
        max_delay: Duration,
    ) -> Check {
        let waiting = self.bucket.waiting(item).unwrap();
        prop_assert_eq!(waiting, self.log.waiting(item, now).unwrap(), "{:?} at {}", item, now);
        let ours = self.bucket.reserve(item, max_delay).unwrap();
        let due = self.log.reserve(item, now, max_delay).unwrap();
        prop_assert_eq!(nameless(ours), nameless(due), "{:?} at {}", item, now);
        if let (Decision::Granted(ours), Decision::Granted(due)) = (ours, due) {
            prop_assert_eq!(ours.id() == 0, due.id() == 0);
            self.grants.push((ours, due));
        }
        Ok(())
    }

    pub(crate) fn cancel(&mut self, index: Option<usize>, now: Timestamp) -> Check {
        let Some((ours, due)) = index.map(|index| self.grants[index]) else { return Ok(()) };
        let is_cancelled = self.bucket.cancel(&ours).unwrap();
        prop_assert_eq!(is_cancelled, self.log.cancel(&due, now).unwrap(), "{:?} at {}", due, now);
        // Nobody can be cancelled twice.
        prop_assert!(!is_cancelled || !self.bucket.cancel(&ours).unwrap());
        Ok(())
    }

    /// One of the grants that lie in the future, in turn.
    fn in_line(&self, turn: u8, now: Timestamp) -> Option<usize> {
        let waits = |index: &usize| self.grants[*index].0.at > now;
        let waiting: Vec<usize> = (0..self.grants.len()).filter(waits).collect();
        waiting.get(usize::from(turn) % waiting.len().max(1)).copied()
    }

    /// All that both show, at the ends and beyond.
    pub(crate) fn look(&self, now: Timestamp, weight: u64) -> Check {
        let count = self.log.count(now).unwrap();
        prop_assert_eq!(self.bucket.count().unwrap(), count);
        prop_assert_eq!(self.bucket.available().unwrap(), self.log.available(now).unwrap());
        let item = item("a", weight, None);
        let waiting = self.bucket.waiting(&item).unwrap();
        prop_assert_eq!(waiting, self.log.waiting(&item, now).unwrap());
        for index in [0, 1, count / 2, count.saturating_sub(1), count, u64::MAX] {
            let shown = self.bucket.peek(index).unwrap();
            prop_assert_eq!(shown, self.log.peek(index, now).unwrap(), "unit {}", index);
        }
        Ok(())
    }
}
