//! Faults: what was done to a soak's workers and to what they share, and the errors that come of it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use pyrate_memory::BucketError;
use pyrate_redis::RedisError;
use pyrate_sqlite::SqliteError;

use super::weather::Weather;

/// Something that is done on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A clock was set, or failed for a moment.
    ClockMoved,
    /// A worker was killed, and another started.
    WorkerKilled,
    /// Somebody else held a file's lock.
    LockHeld,
    /// A server forgot its scripts.
    ScriptsForgotten,
    /// A server cut all connections.
    ConnectionsCut,
    /// A server paused.
    ServerPaused,
    /// A server ran somebody else's script without end, until that was killed.
    ServerBusy,
    /// A server was killed, and started again.
    ServerKilled,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::ClockMoved => "clocks moved or failed",
            Fault::WorkerKilled => "workers killed",
            Fault::LockHeld => "locks held",
            Fault::ScriptsForgotten => "times all scripts forgotten",
            Fault::ConnectionsCut => "times all connections cut",
            Fault::ServerPaused => "pauses of the server",
            Fault::ServerBusy => "scripts without end",
            Fault::ServerKilled => "servers killed",
        })
    }
}

/// How often each was done, and what workers made of it.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Faults by kind.
    pub done: BTreeMap<Fault, u64>,
    /// What workers did that they should not.
    pub findings: Vec<String>,
}

impl Faults {
    /// Counts one more.
    pub fn note(&mut self, fault: Fault) {
        *self.done.entry(fault).or_default() += 1;
    }

    /// How often `fault` was done.
    #[must_use]
    pub fn count(&self, fault: Fault) -> u64 {
        self.done.get(&fault).copied().unwrap_or_default()
    }
}

/// Says how often each was done.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each: Vec<String> =
            self.done.iter().map(|(fault, times)| format!("{times} {fault}")).collect();
        f.write_str(&each.join(", "))
    }
}

/// Whether `error` is what some fault brings about.
pub(crate) fn is_expected(error: &BucketError) -> bool {
    let Some(cause) = error.source() else { return false };
    if let Some(cause) = cause.downcast_ref::<RedisError>() {
        return is_expected_of_a_server(cause);
    }
    let is_busy = matches!(cause.downcast_ref(), Some(SqliteError::Busy { .. }));
    error.is_retryable() && (is_busy || cause.to_string() == Weather::FAILURE)
}

fn is_expected_of_a_server(cause: &RedisError) -> bool {
    use RedisError as E;
    match cause {
        E::TimedOut(_)
        | E::NotSent(_)
        | E::ConnectionLost(_)
        | E::Unreachable(_)
        | E::Loading(_) => true,
        E::Refused(why) => why.starts_with("BUSY "),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_injected_faults_are_expected() {
        use pyrate_memory::Outcome::{NotRecorded, Unknown};
        assert!(is_expected(&BucketError::new(NotRecorded, Weather::FAILURE)));
        assert!(!is_expected(&BucketError::new(Unknown, Weather::FAILURE)));
        assert!(!is_expected(&BucketError::new(NotRecorded, "whatever")));
        assert!(!is_expected(&SqliteError::AnswerLost.into()));
        assert!(is_expected(&RedisError::ConnectionLost(String::new()).into()));
        assert!(is_expected(&RedisError::NotSent(std::time::Duration::ZERO).into()));
        assert!(is_expected(&RedisError::Refused("BUSY Redis is busy".to_owned()).into()));
        assert!(!is_expected(&RedisError::Refused("ERR whatever".to_owned()).into()));
        assert!(!is_expected(&RedisError::Corrupt(String::new()).into()));
    }

    #[test]
    fn faults_are_counted_and_told() {
        let mut faults = Faults::default();
        for done in [Fault::WorkerKilled, Fault::ClockMoved, Fault::WorkerKilled] {
            faults.note(done);
        }
        assert_eq!(faults.count(Fault::WorkerKilled), 2);
        assert_eq!(faults.to_string(), "1 clocks moved or failed, 2 workers killed");
    }
}
