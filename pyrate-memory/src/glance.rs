//! What a glance at a full bucket tells, without its lock.
//!
//! After a single unit was refused, nothing can be granted at once before a known instant, unless the log is changed.

use pyrate_core::{Denial, Rates, Timestamp};

use crate::sync::{AtomicU64, Ordering};

/// Instants stay below 2^53: above them, a word has room for the number of a rate.
const INSTANT_BITS: u32 = 53;
const INSTANT: u64 = (1 << INSTANT_BITS) - 1;

/// The last denial of a single unit, for as long as the log stays as it was.
///
/// Written under the bucket's lock only, read without it. A reader's denial counts from the moment at which it reads
/// `until`: the log was in that state then, and the clock, read later, has not come to `until` yet.
#[derive(Debug, Default)]
pub(crate) struct Glance {
    /// The instant at which a unit fits, and the rate that sets it; 0 if nothing is known.
    until: AtomicU64,
    /// The bucket's time when that was found out. A clock that shows less has been set back: only the log knows more.
    ///
    /// It never falls, since a reader of `until` may meet a later one than belongs to it.
    from: AtomicU64,
}

impl Glance {
    /// The instant until which nothing fits, if it is known.
    #[inline]
    pub(crate) fn read(&self) -> Option<Blocked> {
        let until = self.until.load(Ordering::Acquire);
        (until != 0).then_some(Blocked { until, from: self.from.load(Ordering::Relaxed) })
    }

    /// Remembers that a single unit was denied at `now`. Call under the lock.
    pub(crate) fn write(&self, denial: Denial, now: Timestamp, rates: &Rates) {
        // A clock that was set back shows nothing until it has caught up: `from` must not fall.
        if let Some(blocked) = Blocked::by(denial, now, rates)
            && blocked.from >= self.from.load(Ordering::Relaxed)
        {
            self.from.store(blocked.from, Ordering::Relaxed);
            self.until.store(blocked.until, Ordering::Release);
        }
    }

    /// Forgets it. Call under the lock: before a change, or behind a grant, which makes the log only fuller.
    #[inline]
    pub(crate) fn clear(&self) {
        // Mostly there is nothing to forget, and a load leaves other processors' copies of the line alone.
        if self.until.load(Ordering::Relaxed) != 0 {
            self.until.store(0, Ordering::Release);
        }
    }
}

/// A reading of a [`Glance`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blocked {
    until: u64,
    from: u64,
}

impl Blocked {
    /// What the denial of a single unit at `now` tells; `None` if it does not fit in two words.
    fn by(denial: Denial, now: Timestamp, rates: &Rates) -> Option<Blocked> {
        let rate = rates.iter().position(|rate| *rate == denial.rate)?;
        let rate = u64::try_from(rate).ok()?;
        let until = now.checked_add(denial.retry_after?)?;
        let fits = rate >> (u64::BITS - INSTANT_BITS) == 0;
        fits.then(|| Blocked {
            until: rate << INSTANT_BITS | until.as_micros(),
            from: now.as_micros(),
        })
    }

    /// The denial of a single unit at `now`; `None` if only the log can tell.
    #[inline]
    pub(crate) fn denial(self, now: Timestamp, rates: &Rates) -> Option<Denial> {
        let until = Timestamp::from_micros(self.until & INSTANT);
        if now >= until || now.as_micros() < self.from {
            return None;
        }
        let rate = rates.get(usize::try_from(self.until >> INSTANT_BITS).ok()?)?;
        Some(Denial { rate: *rate, retry_after: Some(until.saturating_since(now)) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn a_denial_is_repeated_with_what_is_left_of_its_wait() {
        let rates: Rates = "1/1s;5/1h".parse().unwrap();
        let retry_after = Some(Duration::from_micros(10));
        let blocked = Blocked::by(Denial { rate: rates[1], retry_after }, at(100), &rates).unwrap();
        let denial = blocked.denial(at(103), &rates).unwrap();
        assert_eq!(denial, Denial { rate: rates[1], retry_after: Some(Duration::from_micros(7)) });
        assert_eq!(blocked.denial(at(110), &rates), None);
        assert_eq!(blocked.denial(at(99), &rates), None);
    }
}
