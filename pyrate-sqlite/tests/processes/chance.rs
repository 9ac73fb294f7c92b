//! Random numbers from a seed that is printed: a run can be repeated, as far as its processes' turns can.

use std::env;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pyrate_conformance::Dice;

#[derive(Clone, Debug)]
pub(crate) struct Chance(Dice);

impl Chance {
    pub(crate) fn of(seed: u64) -> Chance {
        Chance(Dice::new(seed))
    }

    /// From anywhere, or from what `PYRATE_SEED` says.
    pub(crate) fn new() -> Chance {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        let given = env::var("PYRATE_SEED").ok().map(|seed| seed.parse().unwrap());
        let seed = given.unwrap_or(u64::try_from(now).unwrap());
        println!("PYRATE_SEED={seed}");
        Chance(Dice::new(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.bits()
    }

    pub(crate) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        self.0.within(range)
    }

    pub(crate) fn one_of<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        let last = u64::try_from(values.len()).unwrap() - 1;
        &values[usize::try_from(self.within(0..=last)).unwrap()]
    }

    pub(crate) fn micros(&mut self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_micros(self.within(range))
    }
}
