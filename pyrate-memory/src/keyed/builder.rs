//! Settings of a keyed memory.

use std::fmt;
use std::sync::Arc;

use pyrate_core::{Clock, Rates};

use super::KeyedMemory;
use super::names::Names;
use super::plan::{Plans, RatesOf};
use crate::clock::BucketClock;

/// A keyed memory in the making; made by [`KeyedMemory::builder`] and [`KeyedMemory::builder_with_rates`].
#[must_use = "a builder does nothing until it is built"]
pub struct KeyedMemoryBuilder {
    plans: Plans,
    clock: BucketClock,
    max_names: usize,
}

impl KeyedMemoryBuilder {
    pub(super) fn all(rates: Rates) -> KeyedMemoryBuilder {
        KeyedMemoryBuilder::of(Plans::all(rates))
    }

    pub(super) fn each(rates: Box<RatesOf>) -> KeyedMemoryBuilder {
        KeyedMemoryBuilder::of(Plans::each(rates))
    }

    fn of(plans: Plans) -> KeyedMemoryBuilder {
        KeyedMemoryBuilder { plans, clock: BucketClock::monotonic(), max_names: usize::MAX }
    }

    /// The most names that are held at once. Default: any number.
    ///
    /// A name that still counts units is never dropped to make room. Once so many are held, idle ones are looked for;
    /// while there are none, a *new* name is denied, whatever its own limit, with a `retry_after` of when the first may
    /// go. Callers who wait for a place are not served in order of arrival. Names that are held go on undisturbed.
    ///
    /// ```
    /// use pyrate_memory::{KeyedMemory, Limiter, Rate};
    ///
    /// let memory = KeyedMemory::builder(Rate::per_minute(5)).max_names(2).build();
    /// let limiter = Limiter::with_factory(memory);
    /// limiter.try_acquire("a")?;
    /// limiter.try_acquire("b")?;
    /// assert!(limiter.try_acquire("c").unwrap_err().is_denied());
    /// limiter.try_acquire("a")?;
    /// # Ok::<(), pyrate_memory::AcquireError>(())
    /// ```
    pub fn max_names(self, max_names: usize) -> KeyedMemoryBuilder {
        KeyedMemoryBuilder { max_names, ..self }
    }

    /// The clock, which is read under the lock of a name. Default: [`MonotonicClock`](crate::MonotonicClock).
    pub fn clock(self, clock: impl Clock) -> KeyedMemoryBuilder {
        KeyedMemoryBuilder { clock: BucketClock::other(clock), ..self }
    }

    /// The keyed memory, which holds no name yet.
    #[must_use]
    pub fn build(self) -> KeyedMemory {
        let KeyedMemoryBuilder { plans, clock, max_names } = self;
        KeyedMemory { names: Arc::new(Names::new(plans, clock, max_names)) }
    }
}

impl fmt::Debug for KeyedMemoryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clock, max_names, .. } = self;
        f.debug_struct("KeyedMemoryBuilder")
            .field("clock", clock)
            .field("max_names", max_names)
            .finish_non_exhaustive()
    }
}
