//! Planted faults: what is wrong with a worker on purpose, so that a soak can be seen to find it.

use std::fmt;
use std::str::FromStr;

use pyrate_memory::{Rate, Rates};

use super::Trouble;

/// What is wrong with each worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Planted {
    /// Nothing.
    #[default]
    Nothing,
    /// Its limits are one unit above those that are audited.
    OneUnitMore,
    /// One of its calls never ends.
    Hang,
    /// One of its callers panics.
    Panic,
}

const NAMES: [(Planted, &str); 4] = [
    (Planted::Nothing, "right"),
    (Planted::OneUnitMore, "one-unit-more"),
    (Planted::Hang, "hang"),
    (Planted::Panic, "panic"),
];

impl Planted {
    /// The rates that a worker keeps to, where `rates` are audited.
    pub(crate) fn rates(self, rates: Rates) -> Result<Rates, Trouble> {
        if self != Planted::OneUnitMore {
            return Ok(rates);
        }
        let more = rates.iter().map(|rate| Rate::new(rate.limit() + 1, rate.interval()));
        Ok(Rates::new(more.collect::<Result<Vec<_>, _>>()?)?)
    }
}

impl fmt::Display for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(planted, _)| planted == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

impl FromStr for Planted {
    type Err = String;

    fn from_str(text: &str) -> Result<Planted, String> {
        let known = NAMES.iter().find(|(_, name)| *name == text);
        known.map(|(planted, _)| *planted).ok_or_else(|| format!("{text} can not be planted"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planted_has_a_name_that_reads_back() {
        for (planted, name) in NAMES {
            assert_eq!((planted.to_string().as_str(), name.parse()), (name, Ok(planted)));
        }
    }

    #[test]
    fn one_unit_more_is_one_of_each_rate() {
        let rates: Rates = "2/10ms;30/s".parse().unwrap();
        let more = "3/10ms;31/s".parse().unwrap();
        assert_eq!(Planted::OneUnitMore.rates(rates.clone()).unwrap(), more);
        assert_eq!(Planted::Hang.rates(rates.clone()).unwrap(), rates);
    }
}
