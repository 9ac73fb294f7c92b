//! Random histories: rates whose edges are hit often, and calls at instants that matter.
//!
//! A step names its instant by what happened before it, so that it still means the same while a history shrinks.

use std::fmt;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use pyrate_core::{Grant, Rate, RateItem, Rates, SlidingLog, Timestamp};

use crate::pair::{Call, Pair, Reached};

/// When a call is made. Grants are picked from the latest one back.
#[derive(Clone, Debug)]
enum Moment {
    /// The clock has gone on.
    Later(u64),
    /// The clock has gone back.
    Earlier(u64),
    /// The clock stands at the end of a grant's window, or one tick beside it.
    Edge { grant: u8, rate: u8, off: i64 },
    /// The clock stands at a grant's instant, or one tick beside it.
    Due { grant: u8, off: i64 },
    /// A stamp this far from the clock, which itself stands still.
    Stamp(i64),
}

#[derive(Clone, Debug)]
enum Deed {
    Reserve {
        name: &'static str,
        weight: u64,
        max_delay: Duration,
    },
    Cancel {
        grant: u8,
    },
    /// Cancels one of those who still wait in line.
    Leave {
        waiting: u8,
    },
    Leak,
    Flush,
    Look,
}

/// Rates, by how much they are lengthened, whether names are kept, and what is done.
#[derive(Clone)]
pub(crate) struct History {
    valid: Rates,
    late: Duration,
    is_named: bool,
    steps: Vec<(Moment, Deed)>,
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
            if let Some(call) = deed.call(&pair, now, scale) {
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

impl Moment {
    /// The instant it means; moves `clock` there unless it is a stamp.
    fn instant(&self, rates: &Rates, grants: &[Grant], clock: &mut u64) -> Timestamp {
        let reading = match *self {
            Moment::Later(by) => *clock + by,
            Moment::Earlier(by) => clock.saturating_sub(by),
            Moment::Edge { grant, rate, off } => match pick(grants, grant) {
                Some(grant) => (grant + interval(rates, rate)).saturating_add_signed(off),
                None => *clock,
            },
            Moment::Due { grant, off } => {
                pick(grants, grant).map_or(*clock, |at| at.saturating_add_signed(off))
            }
            Moment::Stamp(by) => return Timestamp::from_micros(clock.saturating_add_signed(by)),
        };
        *clock = reading;
        Timestamp::from_micros(reading)
    }
}

impl Deed {
    /// `None`: there is no grant to cancel.
    fn call(&self, pair: &Pair, now: Timestamp, scale: u64) -> Option<Call> {
        Some(match *self {
            Deed::Reserve { name, weight, max_delay } => {
                Call::Reserve { name, weight: weight * scale, now, max_delay }
            }
            Deed::Cancel { grant } => {
                Call::Cancel { grant: back(pair.grants().len(), grant)?, now }
            }
            Deed::Leave { waiting } => {
                let line = pair.waiting_at(now);
                Call::Cancel { grant: line[back(line.len(), waiting)?], now }
            }
            Deed::Leak => Call::Leak { now },
            Deed::Flush => Call::Flush,
            Deed::Look => Call::Look { now },
        })
    }
}

fn pick(grants: &[Grant], back_by: u8) -> Option<u64> {
    back(grants.len(), back_by).map(|index| grants[index].at.as_micros())
}

fn back(grants: usize, by: u8) -> Option<usize> {
    Some(grants.checked_sub(1)? - usize::from(by) % grants)
}

fn interval(rates: &Rates, index: u8) -> u64 {
    let rate = rates[usize::from(index) % rates.len()];
    u64::try_from(rate.interval().as_micros()).unwrap()
}

// ---- Strategies ---------------------------------------------------------------------------------------------------

/// Histories of up to `steps` steps.
pub(crate) fn histories(steps: usize) -> impl Strategy<Value = History> {
    let late = prop_oneof![3 => Just(0), 1 => 1..=5_u64].prop_map(Duration::from_micros);
    let is_named = prop_oneof![7 => Just(true), 1 => Just(false)];
    (rates(), late, is_named, vec((moment(), deed()), 1..=steps))
        .prop_map(|(valid, late, is_named, steps)| History { valid, late, is_named, steps })
}

/// One to four valid rates of small numbers.
fn rates() -> impl Strategy<Value = Rates> {
    ((1..=6_u64, 1..=12_u64), vec((0..=6_u64, 0..=3_u64), 0..=3)).prop_map(|(first, more)| {
        let mut rates = vec![first];
        for (longer, higher) in more {
            rates.push(next_rate(rates[rates.len() - 1], longer, higher));
        }
        let rates = rates.into_iter().map(|(limit, micros)| rate(limit, micros));
        Rates::new(rates).unwrap()
    })
}

/// A rate that may stand behind another one: its interval is long enough for one unit more at no faster a pace.
fn next_rate((limit, micros): (u64, u64), longer: u64, higher: u64) -> (u64, u64) {
    let next = (micros * (limit + 1)).div_ceil(limit) + longer;
    ((limit + 1 + higher).min(limit * next / micros), next)
}

fn rate(limit: u64, micros: u64) -> Rate {
    Rate::new(limit, Duration::from_micros(micros)).unwrap()
}

fn moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        30 => Just(Moment::Later(0)),
        9 => (1..=3_u64).prop_map(Moment::Later),
        2 => (0..=19_u8, 0..=3_u8, -1..=1_i64).prop_map(|(grant, rate, off)| Moment::Edge { grant, rate, off }),
        3 => (0..=19_u8, -1..=1_i64).prop_map(|(grant, off)| Moment::Due { grant, off }),
        2 => (-9..=4_i64).prop_map(Moment::Stamp),
        1 => (1..=20_u64).prop_map(Moment::Earlier),
        2 => (4..=60_u64).prop_map(Moment::Later),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    let weight = prop_oneof![6 => Just(1), 3 => 1..=3_u64, 1 => 0..=9_u64];
    let max_delay = prop_oneof![
        2 => Just(Duration::ZERO),
        2 => (0..=24_u64).prop_map(|halves| Duration::from_nanos(halves * 500)),
        6 => Just(Duration::MAX),
    ];
    let reserve = (prop_oneof![Just("a"), Just("b"), Just("c")], weight, max_delay);
    prop_oneof![
        60 => reserve.prop_map(|(name, weight, max_delay)| Deed::Reserve { name, weight, max_delay }),
        6 => (0..=9_u8).prop_map(|grant| Deed::Cancel { grant }),
        24 => any::<u8>().prop_map(|waiting| Deed::Leave { waiting }),
        8 => Just(Deed::Leak),
        5 => Just(Deed::Look),
        1 => Just(Deed::Flush),
    ]
}
