//! One name's exact log: packed while it is small, a full sliding log while it is not. Instants are in microseconds.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use pyrate_core::{
    Decision, Denial, Grant, RateItem, Rates, SlidingLog, Timestamp, TimestampError,
};
use smol_str::SmolStr;

use super::packed::{LONGEST_WINDOW, PackedLog};
use super::plan::Plan;
use crate::ids;

/// A name and what was granted to it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    name: SmolStr,
    plan: Arc<Plan>,
    log: Log,
}

#[derive(Clone, Debug)]
enum Log {
    Packed(PackedLog),
    /// Somebody waits, too much was granted to be packed, or a window is too long for that. But for the last case it is
    /// packed again once nothing is charged.
    Full(Box<SlidingLog>),
}

impl Slot {
    /// An empty log for `name`, whose time doesn't run back behind `seen`.
    pub(super) fn new(name: SmolStr, plan: Arc<Plan>, seen: u64) -> Slot {
        let log = empty_log(&plan, seen);
        Slot { name, plan, log }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    pub(super) fn named_plan(&self) -> (SmolStr, Arc<Plan>) {
        (self.name.clone(), Arc::clone(&self.plan))
    }

    /// Grants `weight` if it is obvious that it fits now, and says at which instant; `None` proves nothing.
    #[inline]
    pub(super) fn grant_if_obvious(&mut self, weight: u64, now: Timestamp) -> Option<Timestamp> {
        let Log::Packed(log) = &mut self.log else {
            return None;
        };
        let at = now.as_micros().max(log.seen());
        let is_plain = weight > 0 && now <= Timestamp::MAX;
        (is_plain && log.add_if_obvious(at, weight, &self.plan))
            .then_some(Timestamp::from_micros(at))
    }

    /// See [`SlidingLog::reserve`].
    pub(super) fn reserve(
        &mut self,
        weight: u64,
        now: Timestamp,
        max_delay: Duration,
    ) -> Result<Decision, TimestampError> {
        if let Log::Packed(log) = &mut self.log {
            let now = effective(now, log.seen())?;
            if weight == 0 {
                return Ok(granted(now, 0));
            }
            let Some((at, rate)) = log.earliest(&self.plan.rates, weight, now) else {
                return Ok(denied_for_good(&self.plan.rates));
            };
            if at == now && log.add(now, weight, self.plan.longest) {
                return Ok(granted(now, weight));
            }
            let wait = Duration::from_micros(at - now);
            if wait > max_delay {
                return Ok(Decision::Denied(Denial { rate, retry_after: Some(wait) }));
            }
        }
        self.reserve_in_full(weight, now, max_delay)
    }

    #[cold]
    fn reserve_in_full(
        &mut self,
        weight: u64,
        now: Timestamp,
        max_delay: Duration,
    ) -> Result<Decision, TimestampError> {
        let now = Timestamp::from_micros(effective(now, self.seen())?);
        // Only for what is going to be recorded: an item that leaves no trace doesn't move time, and nothing may be
        // dropped before its time has come.
        let leaves_a_trace = (1..=self.plan.lowest_limit).contains(&weight);
        if leaves_a_trace && self.is_full() && self.expires_at() <= now.as_micros() {
            self.log = empty_log(&self.plan, self.seen());
            if !self.is_full() {
                return self.reserve(weight, now, max_delay);
            }
        }
        let item = RateItem::new("", weight);
        let decision = match &mut self.log {
            Log::Full(log) => {
                log.set_next_id(ids::next());
                log.reserve(&item, now, max_delay)?
            }
            Log::Packed(packed) => {
                let mut log = packed.unpacked(&self.plan.rates);
                log.set_next_id(ids::next());
                let decision = log.reserve(&item, now, max_delay)?;
                if decision.is_granted() {
                    self.log = Log::Full(Box::new(log));
                }
                decision
            }
        };
        Ok(decision)
    }

    /// See [`SlidingLog::waiting`].
    pub(super) fn waiting(
        &self,
        weight: u64,
        now: Timestamp,
    ) -> Result<Option<Duration>, TimestampError> {
        match &self.log {
            Log::Full(log) => log.waiting(&RateItem::new("", weight), now),
            Log::Packed(log) => {
                let now = effective(now, log.seen())?;
                if weight == 0 {
                    return Ok(Some(Duration::ZERO));
                }
                let earliest = log.earliest(&self.plan.rates, weight, now);
                Ok(earliest.map(|(at, _)| Duration::from_micros(at - now)))
            }
        }
    }

    /// See [`SlidingLog::cancel`].
    pub(super) fn cancel(&mut self, grant: &Grant, now: Timestamp) -> Result<bool, TimestampError> {
        match &mut self.log {
            Log::Full(log) => log.cancel(grant, now),
            // Nobody waits in a packed log.
            Log::Packed(log) => effective(now, log.seen()).map(|_| false),
        }
    }

    /// See [`SlidingLog::leak`].
    pub(super) fn leak(&mut self, now: Timestamp) -> Result<u64, TimestampError> {
        match &mut self.log {
            Log::Full(log) => log.leak(now),
            Log::Packed(log) => Ok(log.leak(effective(now, 0)?, self.plan.longest)),
        }
    }

    /// See [`SlidingLog::flush`].
    pub(super) fn flush(&mut self) {
        self.log = empty_log(&self.plan, self.seen());
    }

    /// See [`SlidingLog::count`].
    pub(super) fn count(&self, now: Timestamp) -> Result<u64, TimestampError> {
        match &self.log {
            Log::Full(log) => log.count(now),
            Log::Packed(log) => {
                let now = effective(now, log.seen())?;
                Ok(log.used(self.plan.longest, now))
            }
        }
    }

    /// See [`SlidingLog::available`].
    pub(super) fn available(&self, now: Timestamp) -> Result<u64, TimestampError> {
        match &self.log {
            Log::Full(log) => log.available(now),
            Log::Packed(log) => {
                let now = effective(now, log.seen())?;
                let room =
                    self.plan.rates.iter().map(|rate| {
                        rate.limit().saturating_sub(log.used(rate.interval_micros(), now))
                    });
                Ok(room.min().unwrap_or(0))
            }
        }
    }

    /// See [`SlidingLog::peek`]; every unit bears this name.
    pub(super) fn peek(
        &self,
        index: u64,
        now: Timestamp,
    ) -> Result<Option<RateItem<'static>>, TimestampError> {
        let at = match &self.log {
            Log::Full(log) => log.peek(index, now)?.and_then(|item| item.timestamp),
            Log::Packed(log) => {
                let now = effective(now, log.seen())?;
                let at = log.unit(index).filter(|at| at + self.plan.longest > now);
                at.map(Timestamp::from_micros)
            }
        };
        Ok(at.map(|at| RateItem {
            name: Cow::Owned(self.name.to_string()),
            weight: 1,
            timestamp: Some(at),
        }))
    }

    /// The instant from which this slot may be forgotten: nothing is charged, and its time has come.
    pub(super) fn expires_at(&self) -> u64 {
        let expires_at = match &self.log {
            Log::Full(log) => log.expires_at().as_micros(),
            Log::Packed(log) => log.expires_at(self.plan.longest),
        };
        expires_at.max(self.seen())
    }

    fn seen(&self) -> u64 {
        match &self.log {
            Log::Full(log) => log.seen().as_micros(),
            Log::Packed(log) => log.seen(),
        }
    }

    fn is_full(&self) -> bool {
        matches!(self.log, Log::Full(_))
    }
}

fn empty_log(plan: &Plan, seen: u64) -> Log {
    let packed = PackedLog::new(seen);
    // The ages of a packed log don't reach over longer windows.
    if plan.longest > LONGEST_WINDOW {
        return Log::Full(Box::new(packed.unpacked(&plan.rates)));
    }
    Log::Packed(packed)
}

/// The instant of a call: the clock's reading, but never before the last change.
fn effective(now: Timestamp, seen: u64) -> Result<u64, TimestampError> {
    if now > Timestamp::MAX {
        return Err(TimestampError(now));
    }
    Ok(now.as_micros().max(seen))
}

fn granted(now: u64, weight: u64) -> Decision {
    Decision::Granted(Grant::new(Timestamp::from_micros(now), Duration::ZERO, weight))
}

fn denied_for_good(rates: &Rates) -> Decision {
    // Several rates may never fit it: the shortest of them is named.
    Decision::Denied(Denial { rate: rates.shortest(), retry_after: None })
}

#[cfg(test)]
mod tests {
    use pyrate_core::Rate;

    use super::*;

    #[test]
    fn windows_as_long_as_the_age_of_an_entry_reaches_are_packed_and_no_longer_ones() {
        let is_packed = |micros| {
            let rate = Rate::new(1, Duration::from_micros(micros)).unwrap();
            !Slot::new("a".into(), Arc::new(Plan::new(rate.into())), 0).is_full()
        };
        let longest = (1 << 43) - 1;
        assert_eq!([1, longest, longest + 1].map(is_packed), [true, true, false]);
    }
}
