//! A `KeyedMemory` and one bucket for each name beside it, on the same clock.

use std::time::Duration;

use proptest::{prop_assert, prop_assert_eq};
use pyrate_memory::{
    AbstractBucket, AnyBucket, BucketFactory, Decision, Grant, InMemoryBucket, KeyedMemory,
    ManualClock, RateItem, Rates, Timestamp,
};

use crate::desk::{Check, per, us};
use crate::history::{Deed, Door, History, NAMES, Step};

pub(crate) struct Pair<'a> {
    history: &'a History,
    memory: KeyedMemory,
    handles: Vec<AnyBucket>,
    buckets: Vec<InMemoryBucket>,
    clock: ManualClock,
    /// Where the clock stood before it last moved, and where it stands.
    before: u64,
    now: u64,
    grants: Vec<Granted>,
    crowds: u64,
}

/// What both sides granted.
#[derive(Clone, Copy)]
struct Granted {
    name: usize,
    by_memory: Grant,
    by_bucket: Grant,
}

impl<'a> Pair<'a> {
    pub(crate) fn of(history: &'a History) -> Pair<'a> {
        let (clock, kinds) = (ManualClock::new(), history.kinds.clone());
        let memory = KeyedMemory::builder_with_rates(move |name| {
            match NAMES.iter().position(|known| *known == name) {
                Some(index) => kinds[index % 2].clone(),
                None => per(1, us(7)),
            }
        });
        let memory = memory.clock(clock.clone()).build();
        let handle = |name: &&str| memory.get(&RateItem::new(*name, 1)).unwrap().into_owned();
        let bucket =
            |name| InMemoryBucket::with_clock(history.rates_of(name).clone(), clock.clone());
        Pair {
            handles: NAMES.iter().map(handle).collect(),
            buckets: (0..NAMES.len()).map(bucket).collect(),
            history,
            memory,
            clock,
            before: 0,
            now: 0,
            grants: Vec::new(),
            crowds: 0,
        }
    }

    /// Every step, and at the end a look at every name.
    pub(crate) fn play(mut self) -> Check {
        self.history.steps.iter().try_for_each(|step| self.step(step))?;
        (0..NAMES.len()).try_for_each(|name| self.look(name, Door::FreshHandle, 1, None))?;
        self.all_names_vanish()
    }

    fn rates(&self, name: usize) -> &'a Rates {
        self.history.rates_of(name)
    }

    fn step(&mut self, step: &Step) -> Check {
        let (name, rates) = (step.name, self.rates(step.name));
        let of_name: Vec<Grant> =
            self.grants.iter().filter(|it| it.name == name).map(|it| it.by_bucket).collect();
        self.move_to(step.gap.to(self.now, rates, &of_name));
        let stamp = step.stamp.instant(self.before, self.now, rates);
        match step.deed {
            Deed::Reserve(weight, patience) => {
                let item = item(name, weight.units(rates), stamp);
                self.reserve(&item, name, step.door, patience.max_delay(rates))
            }
            Deed::Burst(units) => self.burst(name, step.door, units),
            Deed::Crowd(names) => self.crowd(names, stamp),
            Deed::Cancel(back) => self.cancel(back, step.door),
            // A stamp in the future raises what was seen only if something was dropped, which either side may have
            // done before: so these are not stamped.
            Deed::Leak => self.leak(name),
            Deed::LeakAll => self.leak_all(),
            Deed::Flush => self.flush(name),
            Deed::Look(weight) => self.look(name, step.door, weight.units(rates), stamp),
        }
    }

    fn move_to(&mut self, now: u64) {
        (self.before, self.now) = (self.now, now);
        self.clock.set(Timestamp::from_micros(now));
    }

    fn handle(&self, name: usize, door: Door) -> AnyBucket {
        match door {
            Door::OldHandle => self.handles[name].clone(),
            _ => self.memory.get(&item(name, 1, None)).unwrap().into_owned(),
        }
    }

    fn reserve(
        &mut self,
        item: &RateItem<'_>,
        name: usize,
        door: Door,
        max_delay: Duration,
    ) -> Check {
        let ours = match door {
            Door::Factory => self.memory.reserve(item, max_delay).unwrap(),
            _ => self.handle(name, door).reserve(item, max_delay).unwrap(),
        };
        let theirs = self.buckets[name].reserve(item, max_delay).unwrap();
        prop_assert_eq!(nameless(ours), nameless(theirs), "{:?} at {}", item, self.now);
        if let (Decision::Granted(by_memory), Decision::Granted(by_bucket)) = (ours, theirs) {
            prop_assert_eq!(by_memory.id() == 0, by_bucket.id() == 0);
            self.grants.push(Granted { name, by_memory, by_bucket });
        }
        Ok(())
    }

    fn burst(&mut self, name: usize, door: Door, units: u8) -> Check {
        for _ in 0..units {
            self.move_to(self.now + 1);
            self.reserve(&item(name, 1, None), name, door, Duration::ZERO)?;
        }
        Ok(())
    }

    fn crowd(&mut self, names: u8, stamp: Option<Timestamp>) -> Check {
        self.crowds += 1;
        for number in 0..names {
            let name = format!("crowd-{}-{number}", self.crowds);
            let item = RateItem { timestamp: stamp, ..RateItem::new(name, 1) };
            prop_assert!(self.memory.reserve(&item, Duration::ZERO).unwrap().is_granted());
        }
        Ok(())
    }

    fn cancel(&mut self, back: u8, door: Door) -> Check {
        let Some(index) = self.grants.len().checked_sub(1 + usize::from(back)) else {
            return Ok(());
        };
        let Granted { name, by_memory, by_bucket } = self.grants[index];
        let ours = match door {
            Door::Factory => self.memory.cancel(&item(name, 1, None), &by_memory).unwrap(),
            _ => self.handle(name, door).cancel(&by_memory).unwrap(),
        };
        prop_assert_eq!(ours, self.buckets[name].cancel(&by_bucket).unwrap());
        Ok(())
    }

    fn leak(&mut self, name: usize) -> Check {
        self.handles[name].leak(None).unwrap();
        self.buckets[name].leak(None).unwrap();
        self.look(name, Door::OldHandle, 1, None)
    }

    fn leak_all(&mut self) -> Check {
        self.memory.leak().unwrap();
        for bucket in &self.buckets {
            bucket.leak(None).unwrap();
        }
        let counting = self.buckets.iter().filter(|bucket| bucket.count().unwrap() > 0).count();
        prop_assert!(self.memory.names() >= counting, "a name that counts units was dropped");
        (0..NAMES.len()).try_for_each(|name| self.look(name, Door::OldHandle, 1, None))
    }

    fn flush(&mut self, name: usize) -> Check {
        self.handles[name].flush().unwrap();
        self.buckets[name].flush().unwrap();
        self.look(name, Door::OldHandle, 1, None)
    }

    fn look(&self, name: usize, door: Door, weight: u64, stamp: Option<Timestamp>) -> Check {
        let (ours, theirs, item) =
            (self.handle(name, door), &self.buckets[name], item(name, weight, stamp));
        prop_assert_eq!(ours.rates(), theirs.rates());
        let count = theirs.count().unwrap();
        prop_assert_eq!(ours.count().unwrap(), count);
        prop_assert_eq!(ours.available().unwrap(), theirs.available().unwrap());
        prop_assert_eq!(ours.waiting(&item).unwrap(), theirs.waiting(&item).unwrap());
        let asked = self.memory.waiting(&item).unwrap();
        prop_assert_eq!(asked, theirs.waiting(&item).unwrap());
        for index in [0, 1, count / 2, count.saturating_sub(1), count, u64::MAX] {
            prop_assert_eq!(ours.peek(index).unwrap(), theirs.peek(index).unwrap());
        }
        Ok(())
    }

    /// Once everything is over, no name is held.
    fn all_names_vanish(&mut self) -> Check {
        let last = self.grants.iter().map(|it| it.by_memory.at.as_micros()).max().unwrap_or(0);
        let longest = self.history.kinds.iter().map(|kind| kind.longest().interval()).max();
        let over = Timestamp::from_micros(last.max(self.now)).checked_add(longest.unwrap() * 8);
        self.clock.set(over.unwrap());
        self.memory.leak().unwrap();
        prop_assert_eq!((self.memory.names(), self.memory.buckets().len()), (0, 0));
        Ok(())
    }
}

pub(crate) fn item(name: usize, weight: u64, timestamp: Option<Timestamp>) -> RateItem<'static> {
    RateItem { timestamp, ..RateItem::new(NAMES[name], weight) }
}

/// The same decision without the number of the reservation, of which each log has its own.
fn nameless(decision: Decision) -> Decision {
    match decision {
        Decision::Granted(grant) => Decision::Granted(grant.with_id(0)),
        denied @ Decision::Denied(_) => denied,
    }
}
