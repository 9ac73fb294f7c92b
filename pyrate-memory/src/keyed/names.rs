//! All names: the shards, the clock that they share, and the cap.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hashbrown::DefaultHashBuilder;
use parking_lot::{Mutex, MutexGuard};
use pyrate_core::{
    BucketError, Clock, Decision, Denial, Grant, RateItem, Timestamp, TimestampError,
};
use smol_str::SmolStr;

use super::plan::{Plan, Plans};
use super::shard::{Shard, Swept};
use super::slot::Slot;
use crate::clock::BucketClock;

/// So many parts that two threads rarely meet in one.
const SHARDS: usize = 64;

/// Which bits of a hash choose the shard: neither the low ones, by which the table places an entry, nor the seven
/// highest, by which it tells entries apart.
const SHARD_SHIFT: u32 = 51;

/// A caller who finds no place for its name asks again no sooner.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// When it asks again where not a single name may be held: time doesn't help then.
const NO_PLACE_WAIT: Duration = Duration::from_secs(1);

/// A shard has its cache lines to itself, the one that the processor fetches along with them included.
#[derive(Debug)]
#[repr(align(128))]
struct Apart(Mutex<Shard>);

/// The names of one `KeyedMemory`, each with its log.
pub(super) struct Names {
    shards: Box<[Apart]>,
    hasher: DefaultHashBuilder,
    plans: Plans,
    clock: BucketClock,
    most: usize,
    held: AtomicUsize,
}

impl Names {
    pub(super) fn new(plans: Plans, clock: BucketClock, most: usize) -> Names {
        Names {
            shards: (0..SHARDS).map(|_| Apart(Mutex::new(Shard::new()))).collect(),
            hasher: DefaultHashBuilder::default(),
            plans,
            clock,
            most,
            held: AtomicUsize::new(0),
        }
    }

    /// The plan of a name.
    pub(super) fn plan(&self, name: &str) -> Arc<Plan> {
        let hash = self.hash(name);
        let held = self.lock(hash).get(hash, name).map(|slot| Arc::clone(slot.plan()));
        held.unwrap_or_else(|| self.plans.of(name))
    }

    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// The clock's reading, for what is done without asking a log, which would refuse an instant that none can hold.
    pub(super) fn now(&self) -> Result<Timestamp, BucketError> {
        let now = self.clock.now()?;
        if now > Timestamp::MAX { Err(TimestampError(now).into()) } else { Ok(now) }
    }

    #[inline]
    fn hash(&self, name: &str) -> u64 {
        // A name is all that is hashed, so it needs no mark of its end, which `str` would write.
        let mut hasher = self.hasher.build_hasher();
        hasher.write(name.as_bytes());
        hasher.finish()
    }

    fn lock(&self, hash: u64) -> MutexGuard<'_, Shard> {
        #[expect(clippy::indexing_slicing, reason = "a remainder is below its divisor")]
        self.shards[(hash >> SHARD_SHIFT) as usize % SHARDS].0.lock()
    }

    /// Decides on `item` by the log of its name.
    #[inline]
    pub(super) fn reserve(
        &self,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        let hash = self.hash(&item.name);
        let mut shard = self.lock(hash);
        if let Some(slot) = shard.get_mut(hash, &item.name) {
            // Under the lock, so that readings are ordered as the changes are.
            let now = self.clock.now_for(item)?;
            let longest = slot.plan().longest;
            if let Some(at) = slot.grant_if_obvious(item.weight, now) {
                shard.expiry().outlive(at.as_micros() + longest);
                return Ok(Decision::Granted(Grant::new(at, Duration::ZERO, item.weight)));
            }
            if let Some(decision) = shard.reserve_exactly(hash, item, now, max_delay)? {
                return Ok(decision);
            }
        }
        drop(shard);
        self.reserve_first(hash, item, max_delay)
    }

    /// Decides on the first item of a name.
    #[cold]
    fn reserve_first(
        &self,
        hash: u64,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Decision, BucketError> {
        // Without the lock: this may be the author's code.
        let plan = self.plans.of(&item.name);
        if let Some(decision) = self.try_first(hash, item, max_delay, &plan)? {
            return Ok(decision);
        }
        self.make_room()?;
        if let Some(decision) = self.try_first(hash, item, max_delay, &plan)? {
            return Ok(decision);
        }
        let wait = self.crowded_for()?.max(SHORTEST_WAIT);
        Ok(Decision::Denied(Denial { rate: plan.rates.shortest(), retry_after: Some(wait) }))
    }

    /// Sweeps until there is a place for one name more, or nothing is left to sweep.
    fn make_room(&self) -> Result<(), BucketError> {
        for shard in &self.shards {
            let mut shard = shard.0.lock();
            let now = self.now()?;
            if shard.next_crowded_sweep().is_some_and(|due| due <= now.as_micros()) {
                self.sweep(&mut shard, now);
            }
            if self.held() < self.most {
                break;
            }
        }
        Ok(())
    }

    /// How long there is no place for one name more, at least and as far as is known.
    fn crowded_for(&self) -> Result<Duration, BucketError> {
        if self.held() < self.most {
            return Ok(Duration::ZERO);
        }
        let due = self.shards.iter().filter_map(|shard| shard.0.lock().next_crowded_sweep()).min();
        let now = self.now()?;
        Ok(due.map_or(NO_PLACE_WAIT, |due| Timestamp::from_micros(due).saturating_since(now)))
    }

    /// As `reserve`, for a name that may have come in the meantime; `None` if it is one name too many.
    fn try_first(
        &self,
        hash: u64,
        item: &RateItem<'_>,
        max_delay: Duration,
        plan: &Arc<Plan>,
    ) -> Result<Option<Decision>, BucketError> {
        let mut shard = self.lock(hash);
        let now = self.clock.now_for(item)?;
        if let Some(decision) = shard.reserve_exactly(hash, item, now, max_delay)? {
            return Ok(Some(decision));
        }
        let mut slot = Slot::new(SmolStr::new(&item.name), Arc::clone(plan), shard.floor());
        let decision = slot.reserve(item.weight, now, max_delay)?;
        // What was denied, or weighs nothing, leaves no trace.
        if decision.is_denied() || item.weight == 0 {
            return Ok(Some(decision));
        }
        // Before the table grows, what has expired makes room: memory follows the window even if nobody leaks.
        if shard.is_full() {
            // By the clock, not by this item's stamp, which says nothing about other names. Without a clock they stay.
            let _ = self.sweep_if_due(&mut shard);
            shard.grow(|name| self.hash(name));
        }
        // In one step: one name too many, if only for a moment, would keep others out that have a place.
        let one_more = |held| (held < self.most).then_some(held + 1);
        if self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_err() {
            return Ok(None);
        }
        shard.insert(hash, slot, |name| self.hash(name));
        Ok(Some(decision))
    }

    /// What `look` sees of a name at `stamp`, or at the clock's reading; `None` if the name isn't held.
    pub(super) fn look<T>(
        &self,
        name: &str,
        stamp: Option<Timestamp>,
        look: impl FnOnce(&Slot, Timestamp) -> T,
    ) -> Result<Option<T>, BucketError> {
        let hash = self.hash(name);
        let shard = self.lock(hash);
        let now = stamp.map_or_else(|| self.now(), Ok)?;
        Ok(shard.get(hash, name).map(|slot| look(slot, now)))
    }

    /// What `change` does to a name at `stamp`, or at the clock's reading; `None` if the name isn't held.
    pub(super) fn change<T>(
        &self,
        name: &str,
        stamp: Option<Timestamp>,
        change: impl FnOnce(&mut Slot, Timestamp) -> T,
    ) -> Result<Option<T>, BucketError> {
        let hash = self.hash(name);
        let mut shard = self.lock(hash);
        let now = stamp.map_or_else(|| self.now(), Ok)?;
        let Some(slot) = shard.get_mut(hash, name) else { return Ok(None) };
        let (changed, expires_at) = (change(slot, now), slot.expires_at());
        shard.expiry().note(expires_at);
        Ok(Some(changed))
    }

    /// Cancels at a name; `false` if the name isn't held.
    pub(super) fn cancel(&self, name: &str, grant: &Grant) -> Result<bool, BucketError> {
        let cancelled = self.change(name, None, |slot, now| slot.cancel(grant, now))?;
        Ok(cancelled.transpose()?.unwrap_or(false))
    }

    /// How long an item of a name would have to wait.
    pub(super) fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        let look = |slot: &Slot, now| slot.waiting(item.weight, now);
        if let Some(waiting) = self.look(&item.name, item.timestamp, look)? {
            return Ok(waiting?);
        }
        let (plan, hash) = (self.plans.of(&item.name), self.hash(&item.name));
        let crowded = if item.weight == 0 { Duration::ZERO } else { self.crowded_for()? };
        let shard = self.lock(hash);
        let slot = Slot::new(SmolStr::default(), plan, shard.floor());
        let waiting = slot.waiting(item.weight, self.clock.now_for(item)?)?;
        Ok(waiting.map(|waiting| waiting.max(crowded)))
    }

    /// Forgets a name; `false` if it isn't held.
    pub(super) fn forget(&self, name: &str) -> bool {
        let hash = self.hash(name);
        let is_held = self.lock(hash).remove(hash, name);
        self.held.fetch_sub(usize::from(is_held), Ordering::Relaxed);
        is_held
    }

    /// Every name with its plan.
    pub(super) fn list(&self) -> Vec<(SmolStr, Arc<Plan>)> {
        let mut names = Vec::with_capacity(self.held());
        for shard in &self.shards {
            names.extend(shard.0.lock().slots().map(Slot::named_plan));
        }
        names
    }

    pub(super) fn flush(&self) {
        for shard in &self.shards {
            shard.0.lock().flush();
        }
    }

    /// Forgets the names that hold nothing, in every shard, and returns the units removed.
    pub(super) fn leak(&self) -> Result<u64, BucketError> {
        let mut units = 0_u64;
        for shard in &self.shards {
            let mut shard = shard.0.lock();
            let now = self.now()?;
            units = units.saturating_add(self.sweep(&mut shard, now).units);
        }
        Ok(units)
    }

    /// The same, in the shards where a sweep is worth its while.
    pub(super) fn sweep_due(&self) -> Result<(), BucketError> {
        self.shards.iter().try_for_each(|shard| self.sweep_if_due(&mut shard.0.lock()))
    }

    /// Sweeps a shard if that is worth its while.
    fn sweep_if_due(&self, shard: &mut Shard) -> Result<(), BucketError> {
        if let Some(due) = shard.next_sweep() {
            let now = self.now()?;
            if due <= now.as_micros() {
                self.sweep(shard, now);
            }
        }
        Ok(())
    }

    /// How long after `now` the next sweep is worth its while; `None` if no name is held.
    pub(super) fn next_sweep(&self, now: Timestamp) -> Option<Duration> {
        let due = self.shards.iter().filter_map(|shard| shard.0.lock().next_sweep()).min()?;
        Some(Timestamp::from_micros(due).saturating_since(now))
    }

    fn sweep(&self, shard: &mut Shard, now: Timestamp) -> Swept {
        let swept = shard.sweep(now, |name| self.hash(name));
        self.held.fetch_sub(swept.names, Ordering::Relaxed);
        swept
    }
}
