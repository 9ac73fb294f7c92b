//! What children tell of their calls, written and read back.

use std::error::Error;
use std::time::Duration;

use pyrate_redis::{BucketError, Grant, Outcome, RedisError, Timestamp};

use crate::child::tell;

/// A grant that was answered, and the server's time before and after the call.
pub(crate) fn granted(thread: u64, grant: &Grant, between: (Timestamp, Timestamp)) {
    let decided = grant.at.as_micros() - u64::try_from(grant.delay.as_micros()).unwrap();
    let (from, to) = (between.0.as_micros(), between.1.as_micros());
    let at = grant.at.as_micros();
    tell(&format!("granted {thread} {at} {} {decided} {from} {to}", grant.weight));
}

/// The longest time that a call took, and the longest time for which the machine held up somebody who slept.
pub(crate) fn took(longest: Duration, held_up: Duration) {
    tell(&format!("took {} {}", longest.as_micros(), held_up.as_micros()));
}

/// A call for so many units failed.
pub(crate) fn failed(weight: u64, error: &BucketError) {
    let source = error.source().and_then(<dyn Error>::downcast_ref::<RedisError>);
    let kind = match source.expect("a RedisError behind it") {
        RedisError::Unreachable(_) => "Unreachable",
        RedisError::NotSent(_) => "NotSent",
        RedisError::TimedOut(_) => "TimedOut",
        RedisError::ConnectionLost(_) => "ConnectionLost",
        RedisError::Loading(_) => "Loading",
        other => panic!("nobody expects this: {other:?}"),
    };
    let unknown = if error.outcome() == Outcome::Unknown { weight } else { 0 };
    tell(&format!("failed {kind} {unknown}"));
}

/// How far its clock is ahead of the server's, in microseconds.
pub(crate) fn ahead(micros: i64) {
    tell(&format!("ahead {micros}"));
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) child: usize,
    pub(crate) thread: u64,
    pub(crate) at: u64,
    pub(crate) weight: u64,
    /// When the server decided it.
    pub(crate) decided: u64,
    /// The server's time before and after the call.
    pub(crate) between: (u64, u64),
}

/// All that children told.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    pub(crate) grants: Vec<Told>,
    pub(crate) failures: Vec<String>,
    /// Units of calls that failed, and may have been granted all the same.
    pub(crate) unknown: u64,
    pub(crate) longest: Duration,
    pub(crate) held_up: Duration,
    pub(crate) ahead: Vec<i64>,
}

impl Reports {
    /// Reads one more line, told by the child of that number.
    pub(crate) fn read(&mut self, child: usize, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |index: usize| words[index].parse::<u64>().unwrap();
        match words[0] {
            "granted" => self.grants.push(Told {
                child,
                thread: number(1),
                at: number(2),
                weight: number(3),
                decided: number(4),
                between: (number(5), number(6)),
            }),
            "took" => {
                self.longest = self.longest.max(Duration::from_micros(number(1)));
                self.held_up = self.held_up.max(Duration::from_micros(number(2)));
            }
            "failed" => {
                self.failures.push(words[1].to_owned());
                self.unknown += number(2);
            }
            "ahead" => self.ahead.push(words[1].parse().unwrap()),
            _ => panic!("a child tells: {line}"),
        }
    }

    /// For the audit.
    pub(crate) fn pairs(&self) -> Vec<(Timestamp, u64)> {
        let pair = |told: &Told| (Timestamp::from_micros(told.at), told.weight);
        self.grants.iter().map(pair).collect()
    }

    pub(crate) fn units(&self) -> u64 {
        self.grants.iter().map(|told| told.weight).sum()
    }
}
