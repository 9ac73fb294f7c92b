//! The backends: what a soak of each is like, and how a worker makes its limiter.
//!
//! Another backend is one more variant with a profile and a limiter here, and what may happen to it in
//! `ground`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use pyrate_memory::{InMemoryBucket, KeyedMemory, Limiter, Rates};
use pyrate_redis::RedisStore;
use pyrate_sqlite::SqliteStore;

use super::Trouble;
use super::planted::Planted;
use super::weather::Weather;

/// What holds the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One bucket in memory.
    Memory,
    /// A bucket for each name, in memory.
    Keyed,
    /// One bucket in a file, which processes share.
    Sqlite,
    /// One bucket on a server, which processes share.
    Redis,
}

/// What differs from backend to backend.
#[derive(Clone, Copy, Debug)]
struct Profile {
    name: &'static str,
    processes: usize,
    names: &'static [&'static str],
    rates: &'static str,
    timeout: Duration,
}

/// How long a busy machine may keep a caller from running, who would have had his answer.
const LEEWAY: Duration = Duration::from_secs(2);

impl Backend {
    /// All of them.
    pub const ALL: [Backend; 4] =
        [Backend::Memory, Backend::Keyed, Backend::Sqlite, Backend::Redis];

    const fn profile(self) -> Profile {
        let alone = Profile {
            name: "memory",
            processes: 1,
            names: &["all"],
            rates: "600/10ms;40000/s",
            timeout: Duration::ZERO,
        };
        match self {
            Backend::Memory => alone,
            Backend::Keyed => Profile {
                name: "keyed",
                names: &["a", "b", "a name that is too long for its slot"],
                rates: "200/10ms;13000/s",
                ..alone
            },
            Backend::Sqlite => Profile {
                name: "sqlite",
                processes: 3,
                rates: "200/10ms;16000/s",
                timeout: Duration::from_secs(2),
                ..alone
            },
            Backend::Redis => Profile {
                name: "redis",
                processes: 3,
                rates: "200/10ms;16000/s",
                timeout: Duration::from_millis(500),
                ..alone
            },
        }
    }

    /// How many processes share the limit. Where it is more than one, they are killed now and then.
    #[must_use]
    pub const fn processes(self) -> usize {
        self.profile().processes
    }

    /// The names that callers use. Where each has a limit of its own, they are audited apart.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        self.profile().names
    }

    /// The rates of each limit: less than what the callers want, so that many wait, and less than the backend can do.
    ///
    /// # Errors
    ///
    /// Never: the texts are tested.
    pub fn rates(self) -> Result<Rates, Trouble> {
        Ok(self.profile().rates.parse()?)
    }

    /// No call may take longer than this beyond the wait it was told: the store's timeout, and what the machine takes.
    #[must_use]
    pub const fn bound(self) -> Duration {
        self.profile().timeout.saturating_add(LEEWAY)
    }

    /// Whether limits go by the clock of the process that asks, which then is a bad one. A server has its own.
    pub(crate) const fn goes_by_clocks(self) -> bool {
        !matches!(self, Backend::Redis)
    }

    /// A limiter of this process, on the clock that `weather` moves, with what is `planted`; what is shared lies at `address`.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if the store can't be opened.
    pub(crate) fn limiter(
        self,
        address: &str,
        weather: &Arc<Weather>,
        planted: Planted,
    ) -> Result<Limiter, Trouble> {
        let rates = planted.rates(self.rates()?)?;
        let (clock, timeout) = (Arc::clone(weather), self.profile().timeout);
        Ok(match self {
            Backend::Memory => Limiter::new(InMemoryBucket::with_clock(rates, clock)),
            Backend::Keyed => {
                Limiter::with_factory(KeyedMemory::builder(rates).clock(clock).build())
            }
            Backend::Sqlite => {
                let store = SqliteStore::builder(address).busy_timeout(timeout).clock(clock);
                Limiter::new(store.build()?.bucket("all", rates))
            }
            Backend::Redis => {
                let store = RedisStore::builder(address).command_timeout(timeout);
                Limiter::new(store.build()?.bucket("all", rates))
            }
        })
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.profile().name)
    }
}

impl FromStr for Backend {
    type Err = String;

    fn from_str(text: &str) -> Result<Backend, String> {
        let known = Backend::ALL.into_iter().find(|backend| backend.profile().name == text);
        known.ok_or_else(|| {
            let names = Backend::ALL.map(|backend| backend.profile().name).join(", ");
            format!("{text} is no backend: choose one of {names}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backend_has_rates_and_a_name_that_reads_back() {
        for backend in Backend::ALL {
            assert!(backend.rates().is_ok());
            assert_eq!(backend.to_string().parse(), Ok(backend));
        }
    }
}
