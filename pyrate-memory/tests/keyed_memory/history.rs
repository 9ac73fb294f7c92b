//! Random histories of a few names: gaps measured in windows, weights measured in limits, so that edges are hit often.
//!
//! A step names its instant by what happened before it, so that it still means the same while a history shrinks.

use std::fmt;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pyrate_memory::{Grant, Rates, Timestamp};

use crate::rates::rates;

/// The names of a history: empty, in place, and too long for that.
pub(crate) const NAMES: [&str; 5] = ["a", "b", "", "user-7", "a name of more than 23 bytes"];

/// What may happen: rates of two kinds, which the names have by turns, and what is done.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) kinds: [Rates; 2],
    pub(crate) steps: Vec<Step>,
}

impl History {
    pub(crate) fn rates_of(&self, name: usize) -> &Rates {
        &self.kinds[name % 2]
    }
}

/// One step a line.
impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rates {} and {}", self.kinds[0], self.kinds[1])?;
        self.steps.iter().try_for_each(|step| write!(f, "\n  {step:?}"))
    }
}

/// A deed on one of the names, after some time has passed.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) gap: Gap,
    pub(crate) stamp: Stamp,
    pub(crate) name: usize,
    pub(crate) door: Door,
    pub(crate) deed: Deed,
}

/// How the clock moves before a deed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gap {
    Ticks(u64),
    /// So many eighths of an interval.
    Eighths(u8, u64),
    /// To the end of a grant's window, or one tick beside it.
    Edge(u8, i64),
    /// The clock has been set back.
    Back(u64),
}

/// What stands in for the clock's reading.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stamp {
    None,
    /// So far on the way from the clock's last position to the present one, in eighths.
    OnTheWay(u64),
    /// So many eighths of the longest interval ahead.
    Ahead(u64),
    /// So many eighths of the longest interval ago.
    Ago(u64),
}

/// By which way a name is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Factory,
    /// A handle that was got when the history began.
    OldHandle,
    FreshHandle,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Reserve(Weight, Patience),
    /// Single units, so many of them, a tick apart.
    Burst(u8),
    /// So many new names are used once, by the step's stamp.
    Crowd(u8),
    Cancel(u8),
    Leak,
    LeakAll,
    Flush,
    Look(Weight),
}

/// A weight, measured by the shortest rate.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Weight {
    Of(u64),
    /// So many eighths of the limit.
    Eighths(u64),
    LimitPlus(u64),
    /// More than a packed entry can hold.
    Heavy(u64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    None,
    Eighths(u64),
    Ever,
}

impl Gap {
    /// Where the clock stands then.
    pub(crate) fn to(self, clock: u64, rates: &Rates, grants: &[Grant]) -> u64 {
        match self {
            Gap::Ticks(by) => clock + by,
            Gap::Eighths(rate, eighths) => clock + micros(rates, rate) / 8 * eighths,
            Gap::Edge(back, off) => match grants.len().checked_sub(1 + usize::from(back)) {
                Some(index) => (grants[index].at.as_micros() + micros(rates, back))
                    .saturating_add_signed(off)
                    .max(clock),
                None => clock,
            },
            Gap::Back(eighths) => clock.saturating_sub(micros(rates, 3) / 8 * eighths + 1),
        }
    }
}

impl Stamp {
    /// The instant it means, where the clock went from `before` to `clock`.
    pub(crate) fn instant(self, before: u64, clock: u64, rates: &Rates) -> Option<Timestamp> {
        let part = |eighths| micros(rates, 3) / 8 * eighths;
        let instant = match self {
            Stamp::None => return None,
            Stamp::OnTheWay(eighths) => before + clock.saturating_sub(before) / 8 * eighths,
            Stamp::Ahead(eighths) => clock + part(eighths) + 1,
            Stamp::Ago(eighths) => clock.saturating_sub(part(eighths) + 1),
        };
        Some(Timestamp::from_micros(instant))
    }
}

impl Weight {
    pub(crate) fn units(self, rates: &Rates) -> u64 {
        match self {
            Weight::Of(units) => units,
            Weight::Eighths(eighths) => rates.shortest().limit() * eighths / 8,
            Weight::LimitPlus(more) => rates.shortest().limit() + more,
            Weight::Heavy(less) => (1 << 21) - less,
        }
    }
}

impl Patience {
    pub(crate) fn max_delay(self, rates: &Rates) -> Duration {
        match self {
            Patience::None => Duration::ZERO,
            Patience::Eighths(eighths) => Duration::from_micros(micros(rates, 0) * eighths / 8),
            Patience::Ever => Duration::MAX,
        }
    }
}

/// One of the intervals; of a high index, the longest.
fn micros(rates: &Rates, index: u8) -> u64 {
    let rate = rates.get(usize::from(index)).copied().unwrap_or(rates.longest());
    u64::try_from(rate.interval().as_micros()).unwrap()
}

// ---- Strategies ---------------------------------------------------------------------------------------------------

/// Histories in which time runs forwards: a name that vanished remembers no less than one that didn't.
pub(crate) fn forwards(steps: usize) -> impl Strategy<Value = History> {
    histories(steps, gap().boxed(), stamp().boxed())
}

/// Histories in which the clock is also set back, and stamps come from the past.
pub(crate) fn back_and_forth(steps: usize) -> impl Strategy<Value = History> {
    let gap = prop_oneof![8 => gap(), 1 => (0..=20_u64).prop_map(Gap::Back)];
    let stamp = prop_oneof![8 => stamp(), 1 => (0..=20_u64).prop_map(Stamp::Ago)];
    histories(steps, gap.boxed(), stamp.boxed())
}

fn histories(
    steps: usize,
    gap: BoxedStrategy<Gap>,
    stamp: BoxedStrategy<Stamp>,
) -> impl Strategy<Value = History> {
    let step = (gap, stamp, 0..NAMES.len(), door(), deed());
    let step =
        step.prop_map(|(gap, stamp, name, door, deed)| Step { gap, stamp, name, door, deed });
    ([rates(), rates()], vec(step, 1..=steps)).prop_map(|(kinds, steps)| History { kinds, steps })
}

fn gap() -> impl Strategy<Value = Gap> {
    prop_oneof![
        20 => Just(Gap::Ticks(0)),
        6 => (1..=3_u64).prop_map(Gap::Ticks),
        3 => (0..=3_u8, -1..=1_i64).prop_map(|(back, off)| Gap::Edge(back, off)),
        2 => (0..=3_u8, 0..=9_u64).prop_map(|(rate, eighths)| Gap::Eighths(rate, eighths)),
        1 => (0..=3_u8, 9..=40_u64).prop_map(|(rate, eighths)| Gap::Eighths(rate, eighths)),
    ]
}

fn stamp() -> impl Strategy<Value = Stamp> {
    prop_oneof![
        16 => Just(Stamp::None),
        2 => (0..=8_u64).prop_map(Stamp::OnTheWay),
        1 => (0..=20_u64).prop_map(Stamp::Ahead),
    ]
}

fn door() -> impl Strategy<Value = Door> {
    prop_oneof![3 => Just(Door::Factory), 1 => Just(Door::OldHandle), 1 => Just(Door::FreshHandle)]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        30 => (weight(), patience()).prop_map(|(weight, patience)| Deed::Reserve(weight, patience)),
        3 => (1..=60_u8).prop_map(Deed::Burst),
        1 => any::<u8>().prop_map(Deed::Crowd),
        4 => (0..=9_u8).prop_map(Deed::Cancel),
        2 => Just(Deed::Leak),
        3 => Just(Deed::LeakAll),
        1 => Just(Deed::Flush),
        4 => weight().prop_map(Deed::Look),
    ]
}

fn weight() -> impl Strategy<Value = Weight> {
    prop_oneof![
        10 => (0..=3_u64).prop_map(Weight::Of),
        6 => (0..=8_u64).prop_map(Weight::Eighths),
        1 => (0..=1_u64).prop_map(Weight::LimitPlus),
        1 => (0..=2_u64).prop_map(Weight::Heavy),
        1 => Just(Weight::Of(u64::MAX)),
    ]
}

fn patience() -> impl Strategy<Value = Patience> {
    prop_oneof![
        5 => Just(Patience::None),
        2 => (0..=12_u64).prop_map(Patience::Eighths),
        2 => Just(Patience::Ever),
    ]
}
