//! Traffic: which buckets of a way have a call on its way, and who waits for it to come back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{mem, slice, thread};

use fred::bytes::Bytes;

use super::convoy::Convoy;
use super::job::Job;
use super::line::Line;
use super::trip::Trip;
use super::way::Way;

/// How many trips of a bucket are sent one behind the other at most: each takes a few kilobytes.
const MOST: usize = 256;

/// So many who wait do not wait for the trip before theirs to be back: while the server decides for some, the client hears
/// of others. Fewer are better off together with those who come next.
const ENOUGH: usize = 16;

/// How many trips such callers have on their way at once.
const AT_ONCE: usize = 2;

/// The calls for a bucket that has some on their way.
#[derive(Debug, Default)]
struct Queue {
    /// Who waits for the next trip.
    waiting: Vec<Job>,
    /// How many make trips for the bucket.
    serving: usize,
    /// Whether what is sent now can't overtake what is on its way.
    in_order: bool,
}

impl Queue {
    /// One that somebody serves.
    fn begun() -> Queue {
        Queue { serving: 1, ..Queue::default() }
    }

    /// Whether a trip may be made behind the one that is on its way.
    fn may_follow(&self) -> bool {
        self.in_order && self.waiting.len() >= ENOUGH
    }
}

/// Those of all buckets that have any.
type Queues = HashMap<Bytes, Queue>;

/// A way, and the calls that arrived while one for the same bucket is on its way there: they share the next trip.
#[derive(Debug)]
pub(super) struct Traffic {
    way: Way,
    queues: Mutex<Queues>,
}

impl Traffic {
    pub(super) fn new(way: Way) -> Traffic {
        Traffic { way, queues: Mutex::default() }
    }

    pub(super) const fn way(&self) -> &Way {
        &self.way
    }

    /// Sends calls, at once or with the next trip of their bucket.
    pub(super) fn send(self: &Arc<Self>, jobs: Vec<Job>) {
        let (mut first, mut followed) = (Vec::new(), Vec::new());
        {
            let mut queues = self.lock();
            for job in jobs {
                let Some(queue) = queues.get_mut(job.request.key()) else {
                    queues.insert(job.request.key().clone(), Queue::begun());
                    first.push(vec![job]);
                    continue;
                };
                queue.waiting.push(job);
                if queue.serving < AT_ONCE && queue.may_follow() {
                    queue.serving += 1;
                    followed.extend(queue.waiting.first().map(|job| job.request.key().clone()));
                }
            }
        }
        for key in followed {
            tokio::spawn(Arc::clone(self).follow(key));
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
        let served = Served { queues: &self.queues, keys: &keys };
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

    /// Makes trips for the bucket of `key` beside somebody else.
    async fn follow(self: Arc<Self>, key: Bytes) {
        let jobs = self.next(&key);
        self.serve(jobs).await;
    }

    /// Makes trip after trip for the bucket of `jobs`, until nobody waits there any more.
    async fn serve(self: Arc<Self>, mut jobs: Vec<Job>) {
        while let Some(first) = jobs.first() {
            let key = first.request.key().clone();
            let _served = Served { queues: &self.queues, keys: slice::from_ref(&key) };
            let mut trips = Trip::shared(jobs).into_iter().peekable();
            while let Some(trip) = trips.next() {
                // What is sent behind a trip overtakes it where that must be sent again with its script's text, and where all
                // of them wait for a connection.
                let keeps_place = self.way.is_straight_for(&trip.key, trip.script);
                let mut together = vec![trip];
                while keeps_place
                    && together.len() < MOST
                    && let Some(next) =
                        trips.next_if(|next| self.way.is_straight_for(&next.key, next.script))
                {
                    together.push(next);
                }
                self.keep_order(&key, keeps_place && together.len() == 1 && trips.peek().is_none());
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

    /// Whether all who wait can go on one trip that overtakes none before it.
    fn keep_places(&self, waiting: &[Job]) -> bool {
        let first = waiting.first().map(|first| &first.request);
        Trip::holds(waiting)
            && first.is_some_and(|first| self.way.is_straight_for(first.key(), first.script))
    }

    /// Whether what is sent from now on can't overtake what is being sent for the bucket of `key`.
    fn keep_order(&self, key: &Bytes, in_order: bool) {
        if let Some(queue) = self.lock().get_mut(key) {
            queue.in_order = in_order;
        }
    }

    /// Whom somebody who has served a bucket serves next: nobody, if that is left to the other who does. If nobody else serves
    /// it and nobody waits, the bucket has no call on its way any more.
    fn next(&self, key: &Bytes) -> Vec<Job> {
        let mut queues = self.lock();
        let Some(queue) = queues.get_mut(key) else { return Vec::new() };
        if queue.serving < 2 || queue.may_follow() && self.keep_places(&queue.waiting) {
            let waiting = mem::take(&mut queue.waiting);
            if waiting.is_empty() {
                queues.remove(key);
            }
            return waiting;
        }
        queue.serving -= 1;
        Vec::new()
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        lock(&self.queues)
    }
}

fn lock(queues: &Mutex<Queues>) -> MutexGuard<'_, Queues> {
    queues.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Buckets whose trips are being made. If a trip panics, which no code of ours should make it do, nobody would ever serve
/// those who wait: they are told that there is no answer, and later calls begin anew.
struct Served<'a> {
    queues: &'a Mutex<Queues>,
    keys: &'a [Bytes],
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let mut queues = lock(self.queues);
            self.keys.iter().for_each(|key| drop(queues.remove(key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_trip_that_panics_leaves_nobody_waiting_for_ever() {
        let (queues, keys) = (Mutex::new(Queues::new()), [Bytes::from_static(b"a")]);
        lock(&queues).insert(Bytes::from_static(b"a"), Queue::begun());
        let panics = || {
            let _served = Served { queues: &queues, keys: &keys };
            panic!("on the way");
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert!(lock(&queues).is_empty());
    }
}
