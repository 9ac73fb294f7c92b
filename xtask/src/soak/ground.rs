//! The backends: what each is called, how its limiter is made, and what may happen to it.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use pyrate_memory::{BucketError, InMemoryBucket, KeyedMemory, Limiter, Rates};
use pyrate_sqlite::{SqliteError, SqliteStore};

use super::Trouble;
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
}

impl Backend {
    /// All of them.
    pub const ALL: [Backend; 3] = [Backend::Memory, Backend::Keyed, Backend::Sqlite];

    const fn name(self) -> &'static str {
        match self {
            Backend::Memory => "memory",
            Backend::Keyed => "keyed",
            Backend::Sqlite => "sqlite",
        }
    }

    /// How many processes share the limit. Where it is more than one, they are killed now and then.
    pub const fn processes(self) -> usize {
        match self {
            Backend::Memory | Backend::Keyed => 1,
            Backend::Sqlite => 3,
        }
    }

    /// The names that callers use. Where each has a limit of its own, they are audited apart.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Backend::Memory | Backend::Sqlite => &["all"],
            Backend::Keyed => &["a", "b", "a name that is too long for its slot"],
        }
    }

    /// The rates of each limit: less than what the callers want, so that many wait, and less than the backend can do.
    ///
    /// # Errors
    ///
    /// Never: the texts are tested.
    pub fn rates(self) -> Result<Rates, Trouble> {
        let text = match self {
            Backend::Memory => "600/10ms;40000/s",
            Backend::Keyed => "200/10ms;13000/s",
            Backend::Sqlite => "200/10ms;16000/s",
        };
        Ok(text.parse()?)
    }

    /// A limiter of this process, on the clock that `weather` moves; what is shared lies in `folder`.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if the store can't be opened.
    pub(crate) fn limiter(self, folder: &Path, weather: &Arc<Weather>) -> Result<Limiter, Trouble> {
        let (rates, clock) = (self.rates()?, Arc::clone(weather));
        Ok(match self {
            Backend::Memory => Limiter::new(InMemoryBucket::with_clock(rates, clock)),
            Backend::Keyed => {
                Limiter::with_factory(KeyedMemory::builder(rates).clock(clock).build())
            }
            Backend::Sqlite => {
                let store = SqliteStore::builder(database(folder)).clock(clock).build()?;
                Limiter::new(store.bucket("all", rates))
            }
        })
    }
}

/// Whether `error` is what an injected fault brings about.
pub(crate) fn is_expected(error: &BucketError) -> bool {
    let cause = error.source();
    let is_busy = cause.and_then(|cause| cause.downcast_ref::<SqliteError>());
    error.is_retryable()
        && (matches!(is_busy, Some(SqliteError::Busy { .. }))
            || cause.is_some_and(|cause| cause.to_string() == Weather::FAILURE))
}

/// Where the file of [`Backend::Sqlite`] lies.
pub(crate) fn database(folder: &Path) -> std::path::PathBuf {
    folder.join("limits.db")
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Backend {
    type Err = String;

    fn from_str(text: &str) -> Result<Backend, String> {
        let known = Backend::ALL.into_iter().find(|backend| backend.name() == text);
        known.ok_or_else(|| format!("{text} is no backend: choose of {:?}", Backend::ALL))
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

    #[test]
    fn only_injected_faults_are_expected() {
        use pyrate_memory::Outcome::{NotRecorded, Unknown};
        assert!(is_expected(&BucketError::new(NotRecorded, Weather::FAILURE)));
        assert!(!is_expected(&BucketError::new(Unknown, Weather::FAILURE)));
        assert!(!is_expected(&BucketError::new(NotRecorded, "whatever")));
        assert!(!is_expected(&SqliteError::AnswerLost.into()));
    }
}
