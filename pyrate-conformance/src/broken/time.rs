//! Faults about instants: how they are kept, compared and told.

use std::collections::VecDeque;
use std::time::Duration;

use pyrate_core::{AbstractBucket, BucketError, Decision, Denial, RateItem, Timestamp};

use super::forward::forward;
use crate::ledger::{Entry, Habits};

/// Waits are told one tick too short or too long.
#[derive(Clone, Debug)]
pub struct WaitOffByOne<B> {
    inner: B,
    is_short: bool,
}

impl<B> WaitOffByOne<B> {
    /// Whoever waits as long as it says comes one tick early.
    pub fn too_short(inner: B) -> WaitOffByOne<B> {
        WaitOffByOne { inner, is_short: true }
    }

    /// Whoever waits as long as it says comes one tick late.
    pub fn too_long(inner: B) -> WaitOffByOne<B> {
        WaitOffByOne { inner, is_short: false }
    }

    fn off(&self, wait: Duration) -> Duration {
        const TICK: Duration = Duration::from_micros(1);
        match (wait.is_zero(), self.is_short) {
            (true, _) => wait,
            (false, true) => wait.saturating_sub(TICK),
            (false, false) => wait + TICK,
        }
    }
}

impl<B: AbstractBucket> AbstractBucket for WaitOffByOne<B> {
    forward! { now rates cancel leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        Ok(match self.inner.reserve(item, max_delay)? {
            Decision::Denied(Denial { rate, retry_after: Some(wait) }) => {
                Decision::Denied(Denial { rate, retry_after: Some(self.off(wait)) })
            }
            other => other,
        })
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        Ok(self.inner.waiting(item)?.map(|wait| self.off(wait)))
    }
}

/// Instants lose digits on their way to the store.
#[derive(Clone, Debug)]
pub struct LossyTime<B> {
    inner: B,
    through: fn(u64) -> u64,
}

impl<B: AbstractBucket> LossyTime<B> {
    /// Passes instants through an `f32`.
    pub fn through_float(inner: B) -> LossyTime<B> {
        LossyTime { inner, through: float }
    }

    /// Passes instants through a text of 14 digits, as Lua's `tostring` makes it.
    pub fn through_text(inner: B) -> LossyTime<B> {
        LossyTime { inner, through: text }
    }

    fn stamped<'a>(&self, item: &'a RateItem<'_>) -> Result<RateItem<'a>, BucketError> {
        let exact = item.timestamp.map_or_else(|| self.inner.now(), Ok)?;
        let lossy = Timestamp::from_micros((self.through)(exact.as_micros()));
        Ok(RateItem { timestamp: Some(lossy), ..RateItem::new(&*item.name, item.weight) })
    }
}

impl<B: AbstractBucket> AbstractBucket for LossyTime<B> {
    forward! { now rates cancel leak flush count available peek may_block }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        self.inner.reserve(&self.stamped(item)?, max_delay)
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        self.inner.waiting(&self.stamped(item)?)
    }
}

/// As an `f32` keeps it.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the fault"
)]
fn float(micros: u64) -> u64 {
    micros as f32 as u64
}

/// As a text of 14 digits keeps it.
fn text(micros: u64) -> u64 {
    let lost = 10_u64.pow(micros.checked_ilog10().unwrap_or(0).saturating_sub(13));
    micros / lost * lost
}

/// Grants are appended as they come, also after the clock was set back.
#[derive(Clone, Copy, Debug)]
pub struct OutOfOrder;

impl Habits for OutOfOrder {
    fn present(reading: u64, _seen: u64) -> u64 {
        reading
    }

    fn start(_last: u64, now: u64) -> u64 {
        now
    }

    fn add(entries: &mut VecDeque<Entry>, entry: Entry) {
        entries.push_back(entry);
    }
}

/// `now - last` wraps around where the last grant is the later one: all windows seem to be over.
#[derive(Clone, Copy, Debug)]
pub struct WrappingAge;

impl Habits for WrappingAge {
    fn present(reading: u64, _seen: u64) -> u64 {
        reading
    }

    fn start(_last: u64, now: u64) -> u64 {
        now
    }

    fn is_inside(at: u64, window: u64, now: u64) -> bool {
        now.wrapping_sub(at) < window
    }
}

/// What was granted for a later instant isn't counted before.
#[derive(Clone, Copy, Debug)]
pub struct FutureIgnored;

impl Habits for FutureIgnored {
    fn present(reading: u64, _seen: u64) -> u64 {
        reading
    }

    fn start(_last: u64, now: u64) -> u64 {
        now
    }

    fn is_ignored(at: u64, now: u64) -> bool {
        at > now
    }
}

/// A grant takes the place of the one before it at the same instant.
#[derive(Clone, Copy, Debug)]
pub struct Overwriting;

impl Habits for Overwriting {
    fn add(entries: &mut VecDeque<Entry>, entry: Entry) {
        entries.retain(|earlier| earlier.at != entry.at);
        entries.push_back(entry);
    }
}
