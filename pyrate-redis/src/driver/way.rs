//! Ways: how a bucket's calls reach the server that holds it.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fred::bytes::Bytes;

use super::Opening;
use super::cluster::Cluster;
use super::line::Line;
use super::settings::Settings;
use super::trip::Trip;
use crate::error::RedisError;
use crate::script::Script;

/// One of a store's ways: each bucket takes the same one always.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Line(Arc<Line>),
    Cluster(Arc<Cluster>),
}

impl Way {
    /// All ways: as many as there are connections to the one server, or one to a cluster.
    pub(super) async fn open(settings: Settings, opening: Opening) -> Result<Vec<Way>, RedisError> {
        let settings = Arc::new(settings);
        if settings.is_cluster() {
            return Ok(vec![Way::Cluster(Arc::new(Cluster::open(settings, opening).await?))]);
        }
        let mut ways = Vec::new();
        for _ in 0..settings.connections.max(1) {
            ways.push(Way::Line(Arc::new(match opening {
                Opening::AtOnce => Line::connect(Arc::clone(&settings)).await?,
                Opening::Lazy => Line::lazy(Arc::clone(&settings)),
            })));
        }
        Ok(ways)
    }

    /// Makes a trip, which ends within the command timeout, counted from when its first call was handed over.
    pub(super) async fn serve(self, trip: Trip) {
        match self {
            Way::Line(line) => line.serve(trip).await,
            // Apart, since its future is larger.
            Way::Cluster(cluster) => Box::pin(cluster.serve(trip)).await,
        }
    }

    /// Whether what is sent to `key` behind a trip of `script` can't overtake it: there is a connection, and the server has run
    /// the script before.
    pub(super) fn is_straight_for(&self, key: &Bytes, script: &Script) -> bool {
        match self {
            Way::Line(line) => line.is_straight_for(script),
            Way::Cluster(cluster) => cluster.is_straight_for(key, script),
        }
    }

    /// The line on which lone calls of different buckets may go together, since all of them are on one server.
    pub(super) fn convoy_line(&self) -> Option<&Arc<Line>> {
        match self {
            Way::Line(line) => Some(line).filter(|line| line.may_convey()),
            Way::Cluster(_) => None,
        }
    }

    /// How long a call may take.
    pub(super) fn command_timeout(&self) -> Duration {
        match self {
            Way::Line(line) => line.command_timeout(),
            Way::Cluster(cluster) => cluster.command_timeout(),
        }
    }

    /// A line to each server that holds buckets.
    pub(super) async fn lines(&self, until: Instant) -> Result<Vec<Arc<Line>>, RedisError> {
        match self {
            Way::Line(line) => Ok(vec![Arc::clone(line)]),
            Way::Cluster(cluster) => cluster.masters(until).await,
        }
    }
}

/// Which of so many lines or ways the calls for a bucket take: always the same, so that they keep their order.
pub(super) fn index(key: &[u8], count: usize) -> usize {
    if count < 2 {
        return 0;
    }
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
    usize::try_from(hash % count as u64).unwrap_or_default()
}
