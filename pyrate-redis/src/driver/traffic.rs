//! Traffic: which buckets of a line have a call on its way, and who waits for it to come back.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fred::bytes::Bytes;

use super::convoy::Convoy;
use super::job::Job;
use super::line::Line;
use super::trip::Trip;

/// A line, and the calls that arrived while one for the same bucket is on its way there: they share the next trip.
#[derive(Debug)]
pub(super) struct Traffic {
    line: Arc<Line>,
    waiting: Mutex<HashMap<Bytes, Vec<Job>>>,
}

impl Traffic {
    pub(super) fn new(line: Line) -> Traffic {
        Traffic { line: Arc::new(line), waiting: Mutex::default() }
    }

    pub(super) fn line(&self) -> Arc<Line> {
        Arc::clone(&self.line)
    }

    /// Sends calls, at once or with the next trip of their bucket.
    pub(super) fn send(self: &Arc<Self>, jobs: Vec<Job>) {
        let mut first = Vec::new();
        {
            let mut waiting = self.lock();
            for job in jobs {
                match waiting.entry(job.request.key.clone()) {
                    Entry::Occupied(others) => others.into_mut().push(job),
                    Entry::Vacant(nobody) => {
                        nobody.insert(Vec::new());
                        first.push(vec![job]);
                    }
                }
            }
        }
        self.depart(first);
    }

    /// Sends the calls of several buckets, none of which has any on its way. Lone ones go together.
    fn depart(self: &Arc<Self>, mut buckets: Vec<Vec<Job>>) {
        if buckets.len() > 1 && self.line.may_convey() {
            let lone = buckets.extract_if(.., |jobs| Convoy::may_join(jobs));
            for convoy in Convoy::shared(lone.flatten()) {
                tokio::spawn(Arc::clone(self).convey(convoy));
            }
        }
        for jobs in buckets {
            tokio::spawn(Arc::clone(self).serve(jobs));
        }
    }

    /// Makes the trip of a convoy, then those of its buckets that are left to be made.
    async fn convey(self: Arc<Self>, convoy: Convoy) {
        let keys = convoy.keys();
        let mut undecided = self.line.convey(convoy).await;
        let mut next = Vec::new();
        for key in keys {
            match undecided.extract_if(.., |job| job.request.key == key).next() {
                // By itself, or it would come back undecided again.
                Some(job) => drop(tokio::spawn(Arc::clone(&self).serve(vec![job]))),
                None => next.push(self.next(&key)),
            }
        }
        next.retain(|jobs| !jobs.is_empty());
        self.depart(next);
    }

    /// Makes trip after trip for the bucket of `jobs`, until nobody waits there any more.
    async fn serve(self: Arc<Self>, mut jobs: Vec<Job>) {
        while let Some(first) = jobs.first() {
            let key = first.request.key.clone();
            let trips = Trip::shared(jobs);
            if trips.iter().all(|trip| self.line.knows(trip)) {
                Traffic::one_behind_the_other(&self.line, trips).await;
            } else {
                // What has to be sent again with its text would be overtaken by what is sent behind it.
                for trip in trips {
                    Arc::clone(&self.line).serve(trip).await;
                }
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
        let mut all = self.lock();
        let waiting = all.get_mut(key).map(std::mem::take).unwrap_or_default();
        if waiting.is_empty() {
            all.remove(key);
        }
        waiting
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Bytes, Vec<Job>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
