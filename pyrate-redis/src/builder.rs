//! What can be set about a store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pyrate_core::Clock;

use crate::block_on::block_on;
use crate::driver::{Driver, Opening, Settings};
use crate::error::RedisError;
use crate::store::RedisStore;

/// Settings for a [`RedisStore`]; made by [`RedisStore::builder`] or
/// [`RedisStore::builder_from_client`]. What can't be used, `build` refuses with
/// [`RedisError::Settings`].
///
/// ```no_run
/// use std::time::Duration;
/// use pyrate_redis::RedisStore;
///
/// let store = RedisStore::builder("redis://localhost")
///     .prefix("billing:")
///     .command_timeout(Duration::from_millis(300))
///     .build()?;
/// # Ok::<(), pyrate_redis::RedisError>(())
/// ```
#[must_use]
pub struct RedisStoreBuilder {
    settings: Result<Settings, RedisError>,
    prefix: String,
    clock: Option<Arc<dyn Clock>>,
    keeps_names: bool,
}

impl RedisStoreBuilder {
    pub(crate) fn new(settings: Result<Settings, RedisError>) -> RedisStoreBuilder {
        let prefix = "pyrate:".to_owned();
        RedisStoreBuilder { settings, prefix, clock: None, keeps_names: true }
    }

    /// What the keys on the server begin with: `pyrate:` unless set. Stores with different prefixes share nothing.
    /// One with braces is refused by `build`: in a cluster they choose the server.
    pub fn prefix(self, prefix: impl Into<String>) -> RedisStoreBuilder {
        RedisStoreBuilder { prefix: prefix.into(), ..self }
    }

    /// How long a call may take, waiting for a connection included: a second unless set, a year at most. Zero is refused
    /// by `build`.
    pub fn command_timeout(self, timeout: Duration) -> RedisStoreBuilder {
        self.set(|settings| settings.command_timeout = timeout)
    }

    /// How long an attempt to connect may take: five seconds unless set, a year at most; zero is refused by `build`. Where the way
    /// to the server falls silent while a connection is made, calls fail for so long.
    pub fn connection_timeout(self, timeout: Duration) -> RedisStoreBuilder {
        self.set(|settings| settings.connection_timeout = timeout)
    }

    /// How many connections there are: one unless set, which is enough to keep a server busy; none is refused by `build`.
    /// Calls for one bucket take one of them, so that they keep their order.
    pub fn pool_size(self, connections: usize) -> RedisStoreBuilder {
        self.set(|settings| settings.connections = connections)
    }

    /// How long to wait before connecting again, once the first attempt has failed: `first`, then twice as long each time, up
    /// to `longest`; 5 and 200 milliseconds unless set. It is tried for ever, and never rests for longer than a quarter of
    /// the command timeout.
    pub fn reconnect_delays(self, first: Duration, longest: Duration) -> RedisStoreBuilder {
        self.set(|settings| settings.reconnect_delays = (first, longest))
    }

    /// Has buckets go by `clock` instead of the server's time, which is for tests. It is read before a call is sent.
    ///
    /// All who share a bucket must share the clock. Keys vanish an hour after their window, by the server's time.
    pub fn clock(self, clock: impl Clock) -> RedisStoreBuilder {
        RedisStoreBuilder { clock: Some(Arc::new(clock)), ..self }
    }

    /// Keeps no names: `peek` then shows the bucket's key instead.
    pub fn without_names(self) -> RedisStoreBuilder {
        RedisStoreBuilder { keeps_names: false, ..self }
    }

    /// Connects, and blocks the calling thread until the server has answered. One that stays silent is given up after
    /// the [connection timeout](RedisStoreBuilder::connection_timeout); in a cluster, each address is tried in turn. A task uses
    /// [`build_async`](RedisStoreBuilder::build_async).
    ///
    /// # Errors
    ///
    /// [`RedisError::Settings`] if a setting can't be used, another [`RedisError`] if the server can't be reached or refuses.
    pub fn build(self) -> Result<RedisStore, RedisError> {
        block_on(self.build_async())
    }

    /// As [`build`](RedisStoreBuilder::build), for async code.
    ///
    /// # Errors
    ///
    /// As [`build`](RedisStoreBuilder::build).
    pub async fn build_async(self) -> Result<RedisStore, RedisError> {
        let (driver, opened) = Driver::start(self.checked()?, Opening::AtOnce)?;
        match opened.await {
            Ok(opened) => opened?,
            Err(_) => return Err(RedisError::Stopped("it has ended".to_owned())),
        }
        Ok(self.store(driver))
    }

    pub(crate) fn build_lazily(self) -> Result<RedisStore, RedisError> {
        let (driver, _) = Driver::start(self.checked()?, Opening::Lazy)?;
        Ok(self.store(driver))
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> RedisStoreBuilder {
        if let Ok(settings) = &mut self.settings {
            set(settings);
        }
        self
    }

    fn checked(&self) -> Result<Settings, RedisError> {
        let settings = self.settings.clone()?;
        let refuse = |why: &str| Err(RedisError::Settings(why.to_owned()));
        if self.prefix.contains(['{', '}']) {
            return refuse("a prefix holds no braces: they part the buckets of a cluster");
        }
        if settings.connections == 0 {
            return refuse("a store needs at least 1 connection");
        }
        if settings.command_timeout.is_zero() || settings.connection_timeout.is_zero() {
            return refuse("a timeout of zero leaves no time for an answer");
        }
        Ok(settings.bounded())
    }

    fn store(self, driver: Driver) -> RedisStore {
        RedisStore::new(driver, self.prefix, self.clock, self.keeps_names)
    }
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the settings, which hold a password.
        f.debug_struct("RedisStoreBuilder").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
