//! Traffic: which buckets have a call on its way, and who waits for it to come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use fred::bytes::Bytes;

use super::job::Job;
use super::line::Line;
use super::trip::Trip;

/// How many trips of a bucket are on their way at most: each takes a few kilobytes.
const MOST: usize = 256;

/// The calls that arrived while one for the same bucket is on its way: they share the next trip.
#[derive(Debug, Default)]
pub(super) struct Traffic(Mutex<HashMap<Bytes, Vec<Job>>>);

impl Traffic {
    /// Sends a call, at once or with the next trip of its bucket.
    pub(super) fn send(self: &Arc<Self>, line: &Arc<Line>, job: Job) {
        let mut on_their_way = self.lock();
        if let Some(waiting) = on_their_way.get_mut(&job.request.key) {
            return waiting.push(job);
        }
        on_their_way.insert(job.request.key.clone(), Vec::new());
        drop(on_their_way);
        tokio::spawn(Arc::clone(self).serve(Arc::clone(line), job));
    }

    /// Makes trip after trip for the bucket of `job`, until nobody waits there any more.
    async fn serve(self: Arc<Self>, line: Arc<Line>, job: Job) {
        let key = job.request.key.clone();
        let _served = Served { traffic: &self, key: &key };
        let mut jobs = vec![job];
        while !jobs.is_empty() {
            let mut trips = Trip::shared(jobs).into_iter().peekable();
            while let Some(trip) = trips.next() {
                // What is sent behind a trip overtakes it where that must be sent again with its script's text, and where all
                // of them wait for a connection.
                let keeps_place = line.is_connected() && line.knows(&trip);
                let mut together = vec![trip];
                while keeps_place
                    && together.len() < MOST
                    && let Some(next) = trips.next_if(|next| line.knows(next))
                {
                    together.push(next);
                }
                Traffic::one_behind_the_other(&line, together).await;
            }
            jobs = self.next(&key);
        }
    }

    /// Sends all trips before the first one is back.
    async fn one_behind_the_other(line: &Arc<Line>, trips: Vec<Trip>) {
        let mut trips = trips.into_iter();
        let first = trips.next();
        let first = first.map(|trip| Box::pin(Arc::clone(line).serve(trip)));
        // What is spawned runs when this waits: behind the first.
        let others: Vec<_> = trips.map(|trip| tokio::spawn(Arc::clone(line).serve(trip))).collect();
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

    /// Forgets a bucket, with those who wait there.
    fn forget(&self, key: &Bytes) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Bytes, Vec<Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bucket whose trips are being made. If a trip panics, which no code of ours should make it do, nobody would ever serve
/// those who wait: they are told that there is no answer, and later calls begin anew.
struct Served<'a> {
    traffic: &'a Traffic,
    key: &'a Bytes,
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.traffic.forget(self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_trip_that_panics_leaves_nobody_waiting_for_ever() {
        let (traffic, key) = (Traffic::default(), Bytes::from_static(b"a"));
        traffic.lock().insert(key.clone(), Vec::new());
        let panics = || {
            let _served = Served { traffic: &traffic, key: &key };
            panic!("on the way");
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert!(traffic.lock().is_empty());
    }
}
