//! Ways: how a bucket's calls reach the server that holds it.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use super::Opening;
use super::cluster::Cluster;
use super::line::Line;
use super::settings::Settings;
use super::trip::Trip;
use crate::error::RedisError;

/// All ways that a store has.
#[derive(Debug)]
pub(super) enum Ways {
    OneServer(Vec<Arc<Line>>),
    Cluster(Arc<Cluster>),
}

/// The way of one bucket.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Line(Arc<Line>),
    Cluster(Arc<Cluster>),
}

impl Ways {
    pub(super) async fn open(settings: Settings, opening: Opening) -> Result<Ways, RedisError> {
        let settings = Arc::new(settings);
        if settings.is_cluster() {
            return Ok(Ways::Cluster(Arc::new(Cluster::open(settings, opening).await?)));
        }
        let mut lines = Vec::new();
        for _ in 0..settings.connections.max(1) {
            lines.push(Arc::new(match opening {
                Opening::AtOnce => Line::connect(Arc::clone(&settings)).await?,
                Opening::Lazy => Line::lazy(Arc::clone(&settings)),
            }));
        }
        Ok(Ways::OneServer(lines))
    }

    pub(super) fn of(&self, key: &[u8]) -> Option<Way> {
        Some(match self {
            Ways::OneServer(lines) => Way::Line(Arc::clone(line_for(lines, key)?)),
            Ways::Cluster(cluster) => Way::Cluster(Arc::clone(cluster)),
        })
    }
}

impl Way {
    /// Makes a trip, which ends within the command timeout, counted from when its first call was handed over.
    pub(super) async fn serve(self, trip: Trip) {
        match self {
            Way::Line(line) => line.serve(trip).await,
            // Apart, since its future is larger.
            Way::Cluster(cluster) => Box::pin(cluster.serve(trip)).await,
        }
    }

    /// Whether the server that gets `trip` has run its script before.
    pub(super) fn knows(&self, trip: &Trip) -> bool {
        match self {
            Way::Line(line) => line.knows(trip),
            Way::Cluster(cluster) => cluster.knows(trip),
        }
    }
}

/// Calls for one bucket take one line, on which they keep their order.
pub(super) fn line_for<'a>(lines: &'a [Arc<Line>], key: &[u8]) -> Option<&'a Arc<Line>> {
    if let [only] = lines {
        return Some(only);
    }
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
    lines.get(usize::try_from(hash % lines.len() as u64).ok()?)
}
