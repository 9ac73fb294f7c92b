//! Random histories of a few names, beside a `SlidingLog` for each.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use pyrate_conformance::audit;
use pyrate_conformance::histories::{self, Act, Deed, Mix, Moment, back};
use pyrate_sqlite::{
    BucketFactory, Decision, Grant, KeyedSqlite, ManualClock, RateItem, Rates, SlidingLog,
    SqliteStore, Timestamp,
};

use crate::at;

const NAMES: [&str; 3] = ["a", "b", "c"];

type Check = Result<(), TestCaseError>;

fn cases(normal: u32) -> Config {
    let is_long = std::env::var_os("PYRATE_LONG").is_some();
    let cases = if is_long { normal * 10 } else { normal };
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// What happens before an act.
#[derive(Clone, Debug)]
enum Before {
    Nothing,
    Sweep,
    Dispose(&'static str),
}

struct Pair {
    keyed: KeyedSqlite,
    logs: HashMap<&'static str, SlidingLog>,
    /// How often each was disposed of.
    lives: HashMap<&'static str, u32>,
    clock: ManualClock,
    grants: Vec<Granted>,
}

#[derive(Clone, Copy)]
struct Granted {
    name: &'static str,
    life: u32,
    ours: Grant,
    due: Grant,
}

impl Pair {
    fn of(rates: &Rates) -> Pair {
        let clock = ManualClock::new();
        let store = SqliteStore::builder_in_memory().clock(clock.clone()).build().unwrap();
        Pair {
            keyed: store.keyed(rates.clone()),
            logs: NAMES.map(|name| (name, SlidingLog::new(rates.clone()))).into(),
            lives: NAMES.map(|name| (name, 0)).into(),
            clock,
            grants: Vec::new(),
        }
    }

    fn play(&mut self, rates: &Rates, acts: &[(Before, Act)]) -> Check {
        let mut latest = 1_000;
        for (before, (moment, deed)) in acts {
            let grants: Vec<Grant> = self.grants.iter().map(|it| it.ours).collect();
            let mut reading = latest;
            let stamp = moment.instant(rates, &grants, &mut reading);
            latest = latest.max(reading);
            self.clock.set(at(latest));
            self.before(before, rates);
            // Time doesn't run back: what was seen of a name is no longer known once it has vanished.
            let stamp = matches!(moment, Moment::Stamp(_)).then_some(stamp.max(at(latest)));
            self.act(deed, at(latest), stamp)?;
            NAMES.iter().try_for_each(|name| self.look(name, at(latest)))?;
        }
        self.vanish(rates, latest)
    }

    fn before(&mut self, before: &Before, rates: &Rates) {
        match before {
            Before::Nothing => {}
            Before::Sweep => drop(self.keyed.leak().unwrap()),
            Before::Dispose(name) => {
                self.keyed.dispose(name);
                self.logs.insert(name, SlidingLog::new(rates.clone()));
                *self.lives.entry(name).or_default() += 1;
            }
        }
    }

    fn act(&mut self, deed: &Deed, now: Timestamp, stamp: Option<Timestamp>) -> Check {
        match *deed {
            Deed::Reserve { name, weight, max_delay } => {
                let item = RateItem { timestamp: stamp, ..RateItem::new(name, weight) };
                let ours = if weight % 2 == 0 {
                    self.keyed.reserve(&item, max_delay).unwrap()
                } else {
                    pollster::block_on(self.keyed.reserve_async(&item, max_delay)).unwrap()
                };
                let log = self.logs.get_mut(name).unwrap();
                let due = log.reserve(&item, stamp.unwrap_or(now), max_delay).unwrap();
                prop_assert_eq!(nameless(ours), nameless(due), "{:?} at {}", item, now);
                if let (Decision::Granted(ours), Decision::Granted(due)) = (ours, due) {
                    self.grants.push(Granted { name, life: self.lives[name], ours, due });
                }
            }
            Deed::Cancel { grant } | Deed::Leave { waiting: grant } => {
                let Some(index) = back(self.grants.len(), grant) else { return Ok(()) };
                let Granted { name, life, ours, due } = self.grants[index];
                let is_stale = life < self.lives[name];
                let log = self.logs.get_mut(name).unwrap();
                let is_due = !is_stale && log.cancel(&due, now).unwrap();
                let item = RateItem::new(name, 1);
                prop_assert_eq!(self.keyed.cancel(&item, &ours).unwrap(), is_due);
            }
            Deed::Flush => {
                self.keyed.flush().unwrap();
                self.logs.values_mut().for_each(SlidingLog::flush);
            }
            _ => {}
        }
        Ok(())
    }

    fn look(&self, name: &'static str, now: Timestamp) -> Check {
        let (log, item) = (&self.logs[name], RateItem::new(name, 1));
        let bucket = self.keyed.get(&item).unwrap();
        prop_assert_eq!(bucket.count().unwrap(), log.count(now).unwrap());
        prop_assert_eq!(bucket.available().unwrap(), log.available(now).unwrap());
        prop_assert_eq!(self.keyed.waiting(&item).unwrap(), log.waiting(&item, now).unwrap());
        prop_assert_eq!(bucket.peek(0).unwrap(), log.peek(0, now).unwrap());
        Ok(())
    }

    /// Once everything is over, no name is left.
    fn vanish(&self, rates: &Rates, latest: u64) -> Check {
        let last = self.grants.iter().map(|it| it.ours.at.as_micros()).max().unwrap_or(0);
        let seen = self.logs.values().map(|log| log.seen().as_micros()).max().unwrap_or(0);
        let over = last.max(latest).max(seen) + rates.longest().interval_micros();
        self.clock.set(at(over));
        self.keyed.leak().unwrap();
        prop_assert_eq!(self.keyed.buckets().len(), 0);
        Ok(())
    }
}

fn nameless(decision: Decision) -> Decision {
    match decision {
        Decision::Granted(grant) => Decision::Granted(grant.with_id(0)),
        denied @ Decision::Denied(_) => denied,
    }
}

fn before() -> impl Strategy<Value = Before> {
    prop_oneof![
        8 => Just(Before::Nothing),
        3 => Just(Before::Sweep),
        1 => (0..3_usize).prop_map(|name| Before::Dispose(NAMES[name])),
    ]
}

/// With clocks that run back, only what was granted is looked at.
fn audit_setbacks(rates: &Rates, acts: &[Act]) -> Check {
    let clock = ManualClock::new();
    let store = SqliteStore::builder_in_memory().clock(clock.clone()).build().unwrap();
    let (keyed, mut reading) = (store.keyed(rates.clone()), 1_000);
    let mut held: Vec<(&str, Grant)> = Vec::new();
    for (moment, deed) in acts {
        let grants: Vec<Grant> = held.iter().map(|(_, grant)| *grant).collect();
        let now = moment.instant(rates, &grants, &mut reading);
        clock.set(at(reading));
        let stamp = matches!(moment, Moment::Stamp(_)).then_some(now);
        match *deed {
            Deed::Reserve { name, weight, max_delay } => {
                let item = RateItem { timestamp: stamp, ..RateItem::new(name, weight) };
                if let Decision::Granted(grant) = keyed.reserve(&item, max_delay).unwrap() {
                    held.push((name, grant));
                }
            }
            Deed::Leave { waiting } => {
                let Some(index) = back(held.len(), waiting) else { continue };
                let (name, grant) = held[index];
                if keyed.cancel(&RateItem::new(name, 1), &grant).unwrap() {
                    held.remove(index);
                }
            }
            _ => drop(keyed.leak().unwrap()),
        }
    }
    for name in NAMES {
        let of_name = held.iter().filter(|(held, _)| *held == name);
        let granted: Vec<_> = of_name.map(|(_, grant)| (grant.at, grant.weight)).collect();
        prop_assert_eq!(audit(rates, &granted), Vec::new(), "{}", name);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn each_name_decides_as_a_bucket_of_its_own_does_and_vanishes_in_the_end(
        rates in histories::rates(),
        acts in vec((before(), histories::acts(Mix { setbacks: false, ..Mix::ALL }, 1)), 1..=60),
    ) {
        let acts: Vec<_> =
            acts.into_iter().map(|(before, act)| (before, act[0].clone())).collect();
        Pair::of(&rates).play(&rates, &acts)?;
    }

    #[test]
    fn sweeps_under_clocks_that_run_back_let_no_window_pass_its_limit(
        rates in histories::rates(),
        acts in histories::acts(Mix { flushes: false, ..Mix::ALL }, 80),
    ) {
        audit_setbacks(&rates, &acts)?;
    }
}
