//! Random histories: rates whose edges are hit often, and calls at instants that matter.
//!
//! A step names its instant by what happened before it, so that it still means the same while a history shrinks.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pyrate_core::{Grant, Rate, Rates, Timestamp};

/// When a call is made. Grants are picked from the latest one back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Moment {
    /// The clock has gone on by so many microseconds.
    Later(u64),
    /// The clock has gone back by so many microseconds.
    Earlier(u64),
    /// The clock stands at the end of a grant's window, or one tick beside it.
    Edge {
        /// How many grants back.
        grant: u8,
        /// Which rate's window, in turn.
        rate: u8,
        /// Microseconds beside it.
        off: i64,
    },
    /// The clock stands at a grant's instant, or one tick beside it.
    Due {
        /// How many grants back.
        grant: u8,
        /// Microseconds beside it.
        off: i64,
    },
    /// A stamp this far from the clock, which itself stands still.
    Stamp(i64),
}

/// What is called.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Deed {
    /// Reserves.
    Reserve {
        /// Whose units.
        name: &'static str,
        /// How many.
        weight: u64,
        /// How long they may wait.
        max_delay: Duration,
    },
    /// Cancels a grant, whether it can be cancelled or not.
    Cancel {
        /// How many grants back.
        grant: u8,
    },
    /// Cancels one of those who still wait in line.
    Leave {
        /// Which of them, in turn.
        waiting: u8,
    },
    /// Leaks.
    Leak,
    /// Flushes.
    Flush,
    /// Only looks, as all other calls do afterwards.
    Look,
}

/// One call at its moment.
pub type Act = (Moment, Deed);

/// What histories are made of, besides puts as time goes on.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands for a kind of step that may come up"
)]
pub struct Mix {
    /// Reservations in the future, and cancels.
    pub reservations: bool,
    /// Leaks.
    pub leaks: bool,
    /// Flushes.
    pub flushes: bool,
    /// Clocks that are set back.
    pub setbacks: bool,
    /// Stamps of the past and of the future.
    pub stamps: bool,
}

impl Mix {
    /// Everything.
    pub const ALL: Mix =
        Mix { reservations: true, leaks: true, flushes: true, setbacks: true, stamps: true };
}

impl Moment {
    /// The instant it means; moves `clock` there unless it is a stamp.
    #[must_use]
    pub fn instant(&self, rates: &Rates, grants: &[Grant], clock: &mut u64) -> Timestamp {
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

fn pick(grants: &[Grant], back_by: u8) -> Option<u64> {
    let index = back(grants.len(), back_by)?;
    grants.get(index).map(|grant| grant.at.as_micros())
}

/// The index of what stands `by` places before the last of `count`, in turn.
#[must_use]
pub fn back(count: usize, by: u8) -> Option<usize> {
    Some(count.checked_sub(1)? - usize::from(by) % count)
}

fn interval(rates: &Rates, index: u8) -> u64 {
    let index = usize::from(index) % rates.len();
    rates.get(index).map_or(0, Rate::interval_micros)
}

// ---- Strategies ---------------------------------------------------------------------------------------------------

/// Up to `count` acts of these kinds.
pub fn acts(mix: Mix, count: usize) -> impl Strategy<Value = Vec<Act>> {
    vec((moment(mix), deed(mix)), 1..=count)
}

/// One to four valid rates of small numbers: limits from 1 up, intervals of a few microseconds.
pub fn rates() -> impl Strategy<Value = Rates> {
    ((1..=6_u64, 1..=12_u64), vec((0..=6_u64, 0..=3_u64), 0..=3)).prop_filter_map(
        "rates that make a valid list",
        |(first, more)| {
            let mut last = first;
            let mut rates = vec![first];
            for (longer, higher) in more {
                last = next_rate(last, longer, higher);
                rates.push(last);
            }
            let rates = rates
                .into_iter()
                .map(|(limit, micros)| Rate::new(limit, Duration::from_micros(micros)));
            Rates::new(rates.collect::<Result<Vec<_>, _>>().ok()?).ok()
        },
    )
}

/// A rate that may stand behind another one: its interval is long enough for one unit more at no faster a pace.
fn next_rate((limit, micros): (u64, u64), longer: u64, higher: u64) -> (u64, u64) {
    let next = (micros * (limit + 1)).div_ceil(limit) + longer;
    ((limit + 1 + higher).min(limit * next / micros), next)
}

fn moment(mix: Mix) -> impl Strategy<Value = Moment> {
    let only = |weight: u32, holds: bool| if holds { weight } else { 0 };
    prop_oneof![
        30 => Just(Moment::Later(0)),
        9 => (1..=3_u64).prop_map(Moment::Later),
        2 => (0..=19_u8, 0..=3_u8, -1..=1_i64)
            .prop_map(|(grant, rate, off)| Moment::Edge { grant, rate, off }),
        only(3, mix.reservations) => (0..=19_u8, -1..=1_i64)
            .prop_map(|(grant, off)| Moment::Due { grant, off }),
        only(2, mix.stamps) => (-9..=4_i64).prop_map(Moment::Stamp),
        only(1, mix.setbacks) => (1..=20_u64).prop_map(Moment::Earlier),
        2 => (4..=60_u64).prop_map(Moment::Later),
    ]
}

fn deed(mix: Mix) -> impl Strategy<Value = Deed> {
    let only = |weight: u32, holds: bool| if holds { weight } else { 0 };
    let weight = prop_oneof![6 => Just(1), 3 => 1..=3_u64, 1 => 0..=9_u64];
    let max_delay = prop_oneof![
        2 => Just(Duration::ZERO),
        only(2, mix.reservations) => (0..=24_u64).prop_map(|halves| Duration::from_nanos(halves * 500)),
        only(6, mix.reservations) => Just(Duration::MAX),
    ];
    let reserve = (prop_oneof![Just("a"), Just("b"), Just("c")], weight, max_delay);
    prop_oneof![
        60 => reserve.prop_map(|(name, weight, max_delay)| Deed::Reserve { name, weight, max_delay }),
        only(6, mix.reservations) => (0..=9_u8).prop_map(|grant| Deed::Cancel { grant }),
        only(24, mix.reservations) => any::<u8>().prop_map(|waiting| Deed::Leave { waiting }),
        only(8, mix.leaks) => Just(Deed::Leak),
        5 => Just(Deed::Look),
        only(1, mix.flushes) => Just(Deed::Flush),
    ]
}
