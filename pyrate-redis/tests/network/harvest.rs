//! What callers were told, all of them together, and what must hold of it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use pyrate_conformance::audit;
use pyrate_redis::{BucketError, Decision, Grant, Outcome, Rates, RedisError, Timestamp};

use crate::{LATE, TIMEOUT, source};

/// A call for units: each bears a name that no other has.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) weight: u64,
}

/// What the caller knows of its units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    ChargedAt(Timestamp),
    NotCharged,
    Unknown,
}

#[derive(Debug, Default)]
pub(crate) struct Harvest {
    wishes: Vec<(Wish, Fate)>,
    given_back: u64,
    /// How many calls failed how.
    pub(crate) failures: BTreeMap<&'static str, u64>,
    /// Of any call, and of any call beyond what the machine held it up.
    longest: Duration,
    longest_of_its_own: Duration,
}

impl Harvest {
    /// Takes down the answer to a call, and hands back what may still be given back.
    pub(crate) fn decided(
        &mut self,
        wish: &Wish,
        decision: Result<Decision, BucketError>,
    ) -> Option<Grant> {
        match decision {
            Ok(Decision::Granted(grant)) if !grant.delay.is_zero() => return Some(grant),
            Ok(Decision::Granted(grant)) => self.keep(wish, &grant),
            Ok(Decision::Denied(_)) => self.add(wish, Fate::NotCharged),
            Err(error) => {
                let fate = self.failed(&error, Fate::NotCharged);
                self.add(wish, fate);
            }
        }
        None
    }

    /// Units that nobody gives back.
    pub(crate) fn keep(&mut self, wish: &Wish, grant: &Grant) {
        self.add(wish, Fate::ChargedAt(grant.at));
    }

    /// A caller who left before the answer came. What was granted at once is charged, the rest is given back.
    pub(crate) fn left(&mut self, wish: &Wish) {
        self.add(wish, Fate::Unknown);
    }

    pub(crate) fn cancelled(
        &mut self,
        wish: &Wish,
        grant: &Grant,
        answer: Result<bool, BucketError>,
    ) {
        let charged = Fate::ChargedAt(grant.at);
        let fate = match answer {
            Ok(true) => Fate::NotCharged,
            Ok(false) => charged,
            Err(error) => self.failed(&error, charged),
        };
        self.given_back += u64::from(fate == Fate::NotCharged);
        self.add(wish, fate);
    }

    /// A call took so long, in which the machine let somebody who only sleeps wait for so long.
    pub(crate) fn took(&mut self, time: Duration, held_up: Duration) {
        self.longest = self.longest.max(time);
        self.longest_of_its_own = self.longest_of_its_own.max(time.saturating_sub(held_up));
    }

    fn add(&mut self, wish: &Wish, fate: Fate) {
        self.wishes.push((wish.clone(), fate));
    }

    /// A call that failed because of the network says so, and says the outcome that goes with it. All is `as_before` if that
    /// is that nothing was recorded.
    fn failed(&mut self, error: &BucketError, as_before: Fate) -> Fate {
        let (kind, outcome, fate) = match source(error) {
            RedisError::Unreachable(_) => ("Unreachable", Outcome::NotRecorded, as_before),
            RedisError::NotSent(_) => ("NotSent", Outcome::NotRecorded, as_before),
            RedisError::TimedOut(_) => ("TimedOut", Outcome::Unknown, Fate::Unknown),
            RedisError::ConnectionLost(_) => ("ConnectionLost", Outcome::Unknown, Fate::Unknown),
            other => panic!("a network does not make this: {other:?}"),
        };
        assert_eq!(error.outcome(), outcome, "{error}");
        *self.failures.entry(kind).or_default() += 1;
        fate
    }

    /// Checks all against the units that are charged in truth, by name.
    pub(crate) fn check(&self, rates: &Rates, charged: &HashMap<String, u64>) {
        self.print(charged);
        assert!(self.longest_of_its_own < TIMEOUT + LATE, "{:?}", self.longest_of_its_own);
        let granted: Vec<_> = self.granted().collect();
        assert_eq!(audit(rates, &granted), [], "a window above its limit");
        for (wish, fate) in &self.wishes {
            let units = charged.get(&wish.name).copied().unwrap_or(0);
            let is_right = match fate {
                Fate::ChargedAt(_) => units == wish.weight,
                Fate::NotCharged => units == 0,
                Fate::Unknown => units == 0 || units == wish.weight,
            };
            assert!(is_right, "{units} units are charged of {wish:?}, {fate:?}");
        }
        assert!(granted.len() > 100 && self.given_back > 10, "there is too little to see");
    }

    fn granted(&self) -> impl Iterator<Item = (Timestamp, u64)> {
        self.wishes.iter().filter_map(|(wish, fate)| match fate {
            Fate::ChargedAt(at) => Some((*at, wish.weight)),
            _ => None,
        })
    }

    fn print(&self, charged: &HashMap<String, u64>) {
        let units = |is: fn(&Fate) -> bool| -> u64 {
            let those = self.wishes.iter().filter(|(_, fate)| is(fate));
            those.map(|(wish, _)| wish.weight).sum()
        };
        let known = units(|fate| matches!(fate, Fate::ChargedAt(_)));
        let unknown = units(|fate| *fate == Fate::Unknown);
        println!(
            "{} calls; {known} units granted, {unknown} unknown, {} charged; {} places given back; failed: {:?}; longest \
             call {:?}, of its own {:?}",
            self.wishes.len(),
            charged.values().sum::<u64>(),
            self.given_back,
            self.failures,
            self.longest,
            self.longest_of_its_own
        );
    }
}
