//! Servers for tests: each test binary starts one of its own, which ends with it.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod chance;
pub(crate) mod cluster;
pub(crate) mod held_up;
pub(crate) mod proxy;
pub(crate) mod script;
pub(crate) mod server;
pub(crate) mod valkey;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use pyrate_redis::{RedisStore, RedisStoreBuilder};
use server::Server;

/// The server that all tests of this binary share.
pub(crate) fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(Server::start)
}

/// What a user with limited rights needs, as the docs say.
pub(crate) const RIGHTS: &str =
    "+eval +evalsha +time +@string +@list +@sortedset +del +exists +unlink +pexpire +pttl";

/// A prefix that nobody else has.
pub(crate) fn fresh_prefix() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("t{}:", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Settings for an empty store on the shared server.
pub(crate) fn builder() -> RedisStoreBuilder {
    RedisStore::builder(shared().url()).prefix(fresh_prefix())
}

/// An empty store on the shared server.
pub(crate) fn store() -> RedisStore {
    builder().build().unwrap()
}
