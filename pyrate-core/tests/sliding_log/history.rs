//! Random histories, played on a log beside its oracle: also with lengthened rates, without names, and far ahead in time.

use std::fmt;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use pyrate_conformance::histories::{Act, Deed, Mix, Moment, acts, back, rates};
use pyrate_core::{Rate, RateItem, Rates, SlidingLog, Timestamp};

use crate::pair::{Call, Pair, Reached};

/// Rates, by how much they are lengthened, whether names are kept, and what is done.
#[derive(Clone)]
pub(crate) struct History {
    valid: Rates,
    late: Duration,
    is_named: bool,
    steps: Vec<Act>,
}

impl History {
    /// Runs all steps on a log and its oracle; says what came up.
    pub(crate) fn play(&self) -> Result<Vec<Reached>, TestCaseError> {
        self.play_on(self.log(1), 1)
    }

    /// The same with all units `scale` times as heavy, on a log that granted `before` units long ago.
    pub(crate) fn play_heavily(&self, before: u128) -> Result<Vec<Reached>, TestCaseError> {
        let scale = Timestamp::MAX.as_micros() / self.valid.longest().limit();
        self.play_on(worn(self.log(scale), before), scale)
    }

    fn log(&self, scale: u64) -> SlidingLog {
        let log = SlidingLog::new(self.rates(scale));
        if self.is_named { log } else { log.without_names() }
    }

    fn rates(&self, scale: u64) -> Rates {
        let scaled = self.valid.iter().map(|r| Rate::new(r.limit() * scale, r.interval()).unwrap());
        Rates::new(scaled).unwrap().with_tolerance(self.late)
    }

    fn play_on(&self, log: SlidingLog, scale: u64) -> Result<Vec<Reached>, TestCaseError> {
        let (rates, mut clock) = (log.rates().clone(), log.seen().as_micros() + 1_000);
        let mut pair = Pair::beside(log);
        for (moment, deed) in &self.steps {
            let now = moment.instant(&rates, pair.grants(), &mut clock);
            let granted = pair.grants().len();
            if let Some(call) = call(deed, &pair, now, scale) {
                pair.call(&if self.is_named { call } else { call.nameless() })?;
            }
            if matches!(moment, Moment::Stamp(_)) && pair.grants().len() > granted {
                pair.reach(Reached::GrantsByStamp);
            }
        }
        Ok(pair.into_reached())
    }
}

/// `log` after as many grants as make up at most `units`, each of which left before the next came.
fn worn(mut log: SlidingLog, units: u128) -> SlidingLog {
    let (heaviest, gap) = (log.rates().shortest().limit(), log.rates().longest().interval());
    let mut now = log.seen();
    for _ in 0..units / u128::from(heaviest) {
        now = now.checked_add(gap).unwrap();
        let item = RateItem::new("long ago", heaviest);
        assert!(log.reserve(&item, now, Duration::ZERO).unwrap().is_granted());
    }
    log.leak(now.checked_add(gap).unwrap()).unwrap();
    log
}

/// One step a line.
impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rates {}, named {}", self.rates(1), self.is_named)?;
        self.steps.iter().try_for_each(|(moment, deed)| write!(f, "\n  {moment:?}: {deed:?}"))
    }
}

/// The call of a deed; `None`: there is no grant to cancel.
fn call(deed: &Deed, pair: &Pair, now: Timestamp, scale: u64) -> Option<Call> {
    Some(match *deed {
        Deed::Reserve { name, weight, max_delay } => {
            Call::Reserve { name, weight: weight * scale, now, max_delay }
        }
        Deed::Cancel { grant } => Call::Cancel { grant: back(pair.grants().len(), grant)?, now },
        Deed::Leave { waiting } => {
            let line = pair.waiting_at(now);
            Call::Cancel { grant: line[back(line.len(), waiting)?], now }
        }
        Deed::Leak => Call::Leak { now },
        Deed::Flush => Call::Flush,
        _ => Call::Look { now },
    })
}

// ---- Strategies ---------------------------------------------------------------------------------------------------

/// Histories of up to `steps` steps.
pub(crate) fn histories(steps: usize) -> impl Strategy<Value = History> {
    let late = prop_oneof![3 => Just(0), 1 => 1..=5_u64].prop_map(Duration::from_micros);
    let is_named = prop_oneof![7 => Just(true), 1 => Just(false)];
    (rates(), late, is_named, acts(Mix::ALL, steps))
        .prop_map(|(valid, late, is_named, steps)| History { valid, late, is_named, steps })
}
