//! Traffic: which buckets have a call on its way, and who waits for it to come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fred::bytes::Bytes;

use super::job::Job;
use super::trip::Trip;
use super::way::Way;

/// The calls that arrived while one for the same bucket is on its way: they share the next trip.
#[derive(Debug, Default)]
pub(super) struct Traffic(Mutex<HashMap<Bytes, Vec<Job>>>);

impl Traffic {
    /// Sends a call, at once or with the next trip of its bucket.
    pub(super) fn send(self: &Arc<Self>, way: Way, job: Job) {
        let mut on_their_way = self.lock();
        if let Some(waiting) = on_their_way.get_mut(&job.request.key) {
            return waiting.push(job);
        }
        on_their_way.insert(job.request.key.clone(), Vec::new());
        drop(on_their_way);
        tokio::spawn(Arc::clone(self).serve(way, job));
    }

    /// Makes trip after trip for the bucket of `job`, until nobody waits there any more.
    async fn serve(self: Arc<Self>, way: Way, job: Job) {
        let key = job.request.key.clone();
        let mut jobs = vec![job];
        while !jobs.is_empty() {
            let trips = Trip::shared(jobs);
            if trips.iter().all(|trip| way.knows(trip)) {
                Traffic::one_behind_the_other(&way, trips).await;
            } else {
                // What has to be sent again with its text would be overtaken by what is sent behind it.
                for trip in trips {
                    way.clone().serve(trip).await;
                }
            }
            jobs = self.next(&key);
        }
    }

    /// Sends all trips before the first one is back.
    async fn one_behind_the_other(way: &Way, trips: Vec<Trip>) {
        let mut trips = trips.into_iter();
        let first = trips.next();
        let first = first.map(|trip| Box::pin(way.clone().serve(trip)));
        // What is spawned runs when this waits: behind the first.
        let others: Vec<_> = trips.map(|trip| tokio::spawn(way.clone().serve(trip))).collect();
        if let Some(first) = first {
            first.await;
        }
        for other in others {
            let _ = other.await;
        }
    }

    /// Who waits for the next trip of a bucket. If nobody does, the bucket has no call on its way any more.
    fn next(&self, key: &Bytes) -> Vec<Job> {
        let mut on_their_way = self.lock();
        let waiting = on_their_way.get_mut(key).map(std::mem::take).unwrap_or_default();
        if waiting.is_empty() {
            on_their_way.remove(key);
        }
        waiting
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Bytes, Vec<Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
