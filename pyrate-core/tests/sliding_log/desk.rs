//! A log with its clock at hand, for tests that read as sentences.

use std::time::Duration;

use pyrate_core::{Decision, Denial, Grant, Rate, RateItem, Rates, SlidingLog, Timestamp};

pub(crate) const NOW_OR_NEVER: Duration = Duration::ZERO;
pub(crate) const FOR_EVER: Duration = Duration::MAX;
pub(crate) const TICK: Duration = Duration::from_micros(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// A log, and the reading of the clock that each call is given.
pub(crate) struct Desk {
    pub(crate) log: SlidingLog,
    pub(crate) now: Timestamp,
}

impl Desk {
    /// An empty log at two hours past the clock's zero, so that the clock can go back.
    pub(crate) fn new(rates: &str) -> Desk {
        Desk::with_rates(rates.parse().unwrap())
    }

    pub(crate) fn with_rates(rates: Rates) -> Desk {
        Desk { log: SlidingLog::new(rates), now: Timestamp::ZERO.checked_add(2 * HOUR).unwrap() }
    }

    pub(crate) fn later(&mut self, by: Duration) {
        self.now = self.now.checked_add(by).unwrap();
    }

    pub(crate) fn earlier(&mut self, by: Duration) {
        self.now =
            Timestamp::ZERO.checked_add(self.now.saturating_since(Timestamp::ZERO) - by).unwrap();
    }

    pub(crate) fn ask(&mut self, name: &str, weight: u64, max_delay: Duration) -> Decision {
        self.log.reserve(&RateItem::new(name, weight), self.now, max_delay).unwrap()
    }

    /// Whether `weight` is admitted at once; if so, it is recorded.
    pub(crate) fn admits(&mut self, weight: u64) -> bool {
        self.ask("", weight, NOW_OR_NEVER).is_granted()
    }

    /// Reserves `weight` units, however long they take.
    pub(crate) fn stands(&mut self, name: &str, weight: u64) -> Grant {
        match self.ask(name, weight, FOR_EVER) {
            Decision::Granted(grant) => grant,
            Decision::Denied(denial) => panic!("{weight} denied: {denial:?}"),
        }
    }

    /// The same for one who is not heard of again.
    pub(crate) fn joins(&mut self, name: &str, weight: u64) {
        let _ = self.stands(name, weight);
    }

    /// Asks for `weight` units at once, in vain.
    pub(crate) fn denial(&mut self, weight: u64) -> Denial {
        match self.ask("", weight, NOW_OR_NEVER) {
            Decision::Denied(denial) => denial,
            Decision::Granted(grant) => panic!("{weight} granted: {grant:?}"),
        }
    }

    pub(crate) fn cancels(&mut self, grant: &Grant) -> bool {
        self.log.cancel(grant, self.now).unwrap()
    }

    pub(crate) fn count(&self) -> u64 {
        self.log.count(self.now).unwrap()
    }

    pub(crate) fn available(&self) -> u64 {
        self.log.available(self.now).unwrap()
    }

    pub(crate) fn waiting(&self, weight: u64) -> Option<Duration> {
        self.log.waiting(&RateItem::new("", weight), self.now).unwrap()
    }

    /// The names of all units that `peek` shows, the newest first.
    pub(crate) fn names(&self) -> Vec<String> {
        let units = (0..).map_while(|index| self.log.peek(index, self.now).unwrap());
        units.map(|unit| unit.name.into_owned()).collect()
    }
}

/// The rate that this text means.
pub(crate) fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}
