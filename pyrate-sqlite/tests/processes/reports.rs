//! What children tell of their calls, written and read back.

use std::time::Duration;

use pyrate_sqlite::{Grant, Timestamp};

use crate::child::tell;

/// A grant that was answered, of the bucket of that key.
pub(crate) fn granted(key: &str, grant: &Grant) {
    tell(&format!("granted {key} {} {}", grant.at.as_micros(), grant.weight));
}

/// The longest time for which a call worked, not counting what it slept in line.
pub(crate) fn took(longest: Duration) {
    tell(&format!("took {}", longest.as_micros()));
}

pub(crate) fn failed(error: &impl std::fmt::Debug) {
    tell(&format!("failed {error:?}"));
}

/// All that children told.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    grants: Vec<(String, Timestamp, u64)>,
    pub(crate) longest: Duration,
}

impl Reports {
    /// Reads one more line, which must not tell of a failure.
    pub(crate) fn read(&mut self, line: &str) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["granted", key, at, weight] => {
                let at = Timestamp::from_micros(at.parse().unwrap());
                self.grants.push((key.to_owned(), at, weight.parse().unwrap()));
            }
            ["took", micros] => {
                self.longest = self.longest.max(Duration::from_micros(micros.parse().unwrap()));
            }
            _ => panic!("a child {line}"),
        }
    }

    pub(crate) fn of(&self, key: &str) -> Vec<(Timestamp, u64)> {
        let of_key = self.grants.iter().filter(|(of, ..)| of == key);
        of_key.map(|(_, at, weight)| (*at, *weight)).collect()
    }

    pub(crate) fn units(&self, key: &str) -> u64 {
        self.of(key).iter().map(|(_, weight)| weight).sum()
    }
}
