//! Traffic: which buckets of a way have a call on its way, and who waits for it to come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{slice, thread};

use fred::bytes::Bytes;

use super::convoy::Convoy;
use super::job::Job;
use super::line::Line;
use super::trip::Trip;
use super::way::Way;

/// How many trips of a bucket are on their way at most: each takes a few kilobytes.
const MOST: usize = 256;

/// Who waits for the next trip of a bucket, for each that has one on its way.
type Waiting = HashMap<Bytes, Vec<Job>>;

/// A way, and the calls that arrived while one for the same bucket is on its way there: they share the next trip.
#[derive(Debug)]
pub(super) struct Traffic {
    way: Way,
    waiting: Mutex<Waiting>,
}

impl Traffic {
    pub(super) fn new(way: Way) -> Traffic {
        Traffic { way, waiting: Mutex::default() }
    }

    pub(super) const fn way(&self) -> &Way {
        &self.way
    }

    /// Sends calls, at once or with the next trip of their bucket.
    pub(super) fn send(self: &Arc<Self>, jobs: Vec<Job>) {
        let mut first = Vec::new();
        {
            let mut waiting = self.lock();
            for job in jobs {
                if let Some(others) = waiting.get_mut(job.request.key()) {
                    others.push(job);
                } else {
                    waiting.insert(job.request.key().clone(), Vec::new());
                    first.push(vec![job]);
                }
            }
        }
        self.depart(first);
    }

    /// Sends the calls of several buckets, none of which has any on its way. Lone ones go together.
    fn depart(self: &Arc<Self>, mut buckets: Vec<Vec<Job>>) {
        if buckets.len() > 1
            && let Some(line) = self.way.convoy_line()
        {
            let lone = buckets.extract_if(.., |jobs| Convoy::may_join(jobs));
            for convoy in Convoy::shared(lone.flatten()) {
                tokio::spawn(Arc::clone(self).convey(Arc::clone(line), convoy));
            }
        }
        for jobs in buckets {
            tokio::spawn(Arc::clone(self).serve(jobs));
        }
    }

    /// Makes the trip of a convoy, then those of its buckets that are left to be made.
    async fn convey(self: Arc<Self>, line: Arc<Line>, convoy: Convoy) {
        let keys = convoy.keys();
        let served = Served { waiting: &self.waiting, keys: &keys };
        let mut undecided = line.convey(convoy).await;
        let mut next = Vec::new();
        for key in &keys {
            match undecided.extract_if(.., |job| job.request.key() == key).next() {
                // By itself, or it would come back undecided again.
                Some(job) => drop(tokio::spawn(Arc::clone(&self).serve(vec![job]))),
                None => next.push(self.next(key)),
            }
        }
        drop(served);
        next.retain(|jobs| !jobs.is_empty());
        self.depart(next);
    }

    /// Makes trip after trip for the bucket of `jobs`, until nobody waits there any more.
    async fn serve(self: Arc<Self>, mut jobs: Vec<Job>) {
        while let Some(first) = jobs.first() {
            let key = first.request.key().clone();
            let _served = Served { waiting: &self.waiting, keys: slice::from_ref(&key) };
            let mut trips = Trip::shared(jobs).into_iter().peekable();
            while let Some(trip) = trips.next() {
                // What is sent behind a trip overtakes it where that must be sent again with its script's text, and where all
                // of them wait for a connection.
                let keeps_place = self.way.is_straight_for(&trip);
                let mut together = vec![trip];
                while keeps_place
                    && together.len() < MOST
                    && let Some(next) = trips.next_if(|next| self.way.is_straight_for(next))
                {
                    together.push(next);
                }
                Traffic::one_behind_the_other(&self.way, together).await;
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
        let mut all = self.lock();
        let waiting = all.get_mut(key).map(std::mem::take).unwrap_or_default();
        if waiting.is_empty() {
            all.remove(key);
        }
        waiting
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        lock(&self.waiting)
    }
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Buckets whose trips are being made. If a trip panics, which no code of ours should make it do, nobody would ever serve
/// those who wait: they are told that there is no answer, and later calls begin anew.
struct Served<'a> {
    waiting: &'a Mutex<Waiting>,
    keys: &'a [Bytes],
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let mut waiting = lock(self.waiting);
            self.keys.iter().for_each(|key| drop(waiting.remove(key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_trip_that_panics_leaves_nobody_waiting_for_ever() {
        let (waiting, keys) = (Mutex::new(Waiting::new()), [Bytes::from_static(b"a")]);
        lock(&waiting).insert(Bytes::from_static(b"a"), Vec::new());
        let panics = || {
            let _served = Served { waiting: &waiting, keys: &keys };
            panic!("on the way");
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert!(lock(&waiting).is_empty());
    }
}
