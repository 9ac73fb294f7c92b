//! The store: a server, and the buckets on it.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use fred::clients::Client;
use pyrate_core::{Clock, Rates};

use crate::block_on::block_on;
use crate::bucket::RedisBucket;
use crate::builder::RedisStoreBuilder;
use crate::check::RedisCheck;
use crate::clock::RedisClock;
use crate::driver::{Driver, Settings};
use crate::error::RedisError;
use crate::key::redis_key;
use crate::keyed::KeyedRedis;
use crate::script::{Plan, Target};
use crate::windows::Windows;

/// A Redis or Valkey server, or a cluster of them, that holds buckets for any number of processes and hosts.
///
/// Clones are the same store. It speaks to the server on a thread of its own, which ends with the last clone and the last
/// bucket: neither threads nor tasks need anything else to wait for an answer.
///
/// ```no_run
/// use pyrate_redis::{Limiter, RedisStore, Rates};
///
/// let store = RedisStore::connect("redis://localhost")?;
/// let rates: Rates = "500/hour;1000/day".parse()?;
/// let limiter = Limiter::new(store.bucket("github", rates));
/// limiter.acquire("fetch")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RedisStore {
    inner: Arc<Inner>,
}

struct Inner {
    driver: Driver,
    prefix: String,
    clock: Option<Arc<dyn Clock>>,
    keeps_names: bool,
    windows: Windows,
}

impl RedisStore {
    /// Connects to the server at `url`, such as `redis://user:password@host:6379/0`; `rediss://` with the feature `tls`,
    /// `redis-cluster://` for a cluster, `redis-sentinel://host:26379/0?sentinelServiceName=name` for what sentinels watch over.
    ///
    /// This blocks the calling thread for as long as [`build`](RedisStoreBuilder::build) does, at a silent server for the
    /// connection timeout, five seconds; a task uses [`connect_async`](RedisStore::connect_async).
    ///
    /// # Errors
    ///
    /// [`RedisError`] if the address is none, or the server can't be reached or refuses.
    pub fn connect(url: impl AsRef<str>) -> Result<RedisStore, RedisError> {
        RedisStore::builder(url).build()
    }

    /// As [`connect`](RedisStore::connect), for async code.
    ///
    /// # Errors
    ///
    /// As [`connect`](RedisStore::connect).
    pub async fn connect_async(url: impl AsRef<str>) -> Result<RedisStore, RedisError> {
        RedisStore::builder(url).build_async().await
    }

    /// Settings for a store on the server at `url`.
    pub fn builder(url: impl AsRef<str>) -> RedisStoreBuilder {
        RedisStoreBuilder::new(Settings::of_url(url.as_ref()))
    }

    /// A store on the server that `client` is for, with its address, credentials, database, TLS and timeouts.
    ///
    /// It makes a connection of its own, since one that sends commands again after a failure could grant twice. Nothing is
    /// waited for here: the first call waits for the connection.
    ///
    /// The client's connections, reconnect policy, limits on attempts and on queued commands are left behind, and timeouts of
    /// zero, which stand for none. All else is as in [`builder`](RedisStore::builder): the prefix is `pyrate:`, and there is one
    /// connection; [`builder_from_client`](RedisStore::builder_from_client) sets them.
    ///
    /// # Errors
    ///
    /// [`RedisError::Stopped`] if no thread can be had.
    pub fn from_client(client: impl Borrow<Client>) -> Result<RedisStore, RedisError> {
        RedisStore::builder_from_client(client).build_lazily()
    }

    /// Settings for a store on the server that `client` is for; they begin with what [`from_client`](RedisStore::from_client)
    /// takes over.
    ///
    /// Unlike there, [`build`](RedisStoreBuilder::build) waits for the connection.
    pub fn builder_from_client(client: impl Borrow<Client>) -> RedisStoreBuilder {
        RedisStoreBuilder::new(Settings::of_client(client.borrow()))
    }

    /// The bucket of `key`, new or used by others already, with these rates. Asks the server nothing.
    ///
    /// Handles with other rates on one key each hold their own over all that was granted, as far back as it is kept: for
    /// the longest window of all handles that were used.
    pub fn bucket(&self, key: impl AsRef<str>, rates: impl Into<Rates>) -> RedisBucket {
        let plan = Arc::new(self.plan(rates.into()));
        let redis_key = redis_key(&self.inner.prefix, key.as_ref());
        let window = self.inner.windows.open(&redis_key, plan.longest());
        let target = Target { key: redis_key, plan, window: Some(window) };
        RedisBucket::new(self.clone(), key.as_ref().into(), target)
    }

    /// A bucket for each name, with these rates; the name is the key.
    pub fn keyed(&self, rates: impl Into<Rates>) -> KeyedRedis {
        KeyedRedis::new(self.clone(), self.plan(rates.into()))
    }

    /// The server's clock.
    #[must_use]
    pub fn clock(&self) -> RedisClock {
        RedisClock::new(self.clone())
    }

    /// Looks for what weakens the buckets' promises on this server, or on each master of a cluster: keys that are evicted,
    /// grants that a crash or a failover would forget, a version that can't run the scripts.
    ///
    /// It changes nothing, takes a few small questions (`INFO`, `CONFIG GET`), and ends within the command timeout. What
    /// the server doesn't show to this user is a finding too, [`Weakness::Unseen`](crate::Weakness::Unseen), and no error.
    /// A good place for it is the start of a service:
    ///
    /// ```no_run
    /// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
    /// use pyrate_redis::{RedisStore, Weakness};
    ///
    /// let store = RedisStore::connect_async("redis://localhost").await?;
    /// for weakness in store.check().await?.findings() {
    ///     match weakness {
    ///         Weakness::Evicts { .. } | Weakness::KeepsNothing => return Err(weakness.to_string().into()),
    ///         _ => eprintln!("a limit may be weaker than it looks: {weakness}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`RedisError`] if the server can't be reached, or doesn't answer in time.
    pub async fn check(&self) -> Result<RedisCheck, RedisError> {
        Ok(RedisCheck::of(&self.inner.driver.survey().await?))
    }

    /// As [`check`](RedisStore::check), for threads.
    ///
    /// # Errors
    ///
    /// As [`check`](RedisStore::check).
    pub fn check_blocking(&self) -> Result<RedisCheck, RedisError> {
        block_on(self.check())
    }

    pub(crate) fn new(
        driver: Driver,
        prefix: String,
        clock: Option<Arc<dyn Clock>>,
        keeps_names: bool,
    ) -> RedisStore {
        let windows = Windows::default();
        RedisStore { inner: Arc::new(Inner { driver, prefix, clock, keeps_names, windows }) }
    }

    /// The bucket of `name` for one call.
    pub(crate) fn view(&self, name: &str, plan: &Arc<Plan>) -> RedisBucket {
        let key = redis_key(&self.inner.prefix, name);
        RedisBucket::new(
            self.clone(),
            name.into(),
            Target { key, plan: Arc::clone(plan), window: None },
        )
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.inner.driver
    }

    /// The clock that stands in for the server's.
    pub(crate) fn injected_clock(&self) -> Option<&Arc<dyn Clock>> {
        self.inner.clock.as_ref()
    }

    pub(crate) fn keeps_names(&self) -> bool {
        self.inner.keeps_names
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.inner.prefix
    }

    fn plan(&self, rates: Rates) -> Plan {
        Plan::new(rates, self.inner.clock.is_some())
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.inner.prefix).finish_non_exhaustive()
    }
}
