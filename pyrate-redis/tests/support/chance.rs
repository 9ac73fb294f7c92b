//! Random numbers from a seed that is printed: a run can be repeated, as far as its processes' turns can.

#![allow(clippy::print_stdout, reason = "so that a run can be repeated")]

use std::env;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `SplitMix64`, by Steele, Lea and Flood (2014): any seed is a good one.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn of(seed: u64) -> Chance {
        Chance(seed)
    }

    /// From anywhere, or from what `PYRATE_SEED` says.
    pub(crate) fn new() -> Chance {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        let given = env::var("PYRATE_SEED").ok().map(|seed| seed.parse().unwrap());
        let seed = given.unwrap_or(u64::try_from(now).unwrap());
        println!("PYRATE_SEED={seed}");
        Chance(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.next() % (range.end() - range.start() + 1)
    }

    pub(crate) fn micros(&mut self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_micros(self.within(range))
    }
}
