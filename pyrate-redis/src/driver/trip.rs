//! Trips: round trips to the server, which calls for one bucket share.

use std::time::{Duration, Instant};

use fred::bytes::Bytes;

use super::job::{self, Job};
use crate::error::RedisError;
use crate::script::{Answer, Message, Script};

/// How many calls share a trip at most: the server does nothing else while it decides them.
const MOST: usize = 256;

/// How many bytes they bring at most: names can be long, and nobody is to wait for the long ones of 255 others.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// Calls that are sent as one and answered one by one, in order of arrival.
#[derive(Debug)]
pub(super) struct Trip {
    pub(super) script: &'static Script,
    /// The bucket's key.
    pub(super) key: Bytes,
    /// When the call that has waited longest began.
    pub(super) begun: Instant,
    jobs: Vec<Job>,
    bytes: usize,
}

impl Trip {
    /// Shares out `jobs` among as few trips as their order allows.
    pub(super) fn shared(mut jobs: Vec<Job>) -> Vec<Trip> {
        jobs.iter_mut().rev().fold(Instant::now(), |behind, job| job.sets_out(behind));
        let mut trips: Vec<Trip> = Vec::new();
        for job in jobs {
            match trips.last_mut().filter(|trip| trip.has_room_for(&job)) {
                Some(trip) => trip.take(job),
                None => trips.push(Trip::beginning_with(job)),
            }
        }
        trips
    }

    fn beginning_with(job: Job) -> Trip {
        let (script, key) = (job.request.script, job.request.key().clone());
        let bytes = job.request.size();
        Trip { script, key, begun: job.begun, jobs: vec![job], bytes }
    }

    fn take(&mut self, job: Job) {
        self.bytes += job.request.size();
        self.jobs.push(job);
    }

    fn has_room_for(&self, job: &Job) -> bool {
        let first = self.jobs.first();
        first.is_some_and(|first| first.request.can_carry(&job.request))
            && is_short(self.jobs.len() + 1, self.bytes + job.request.size())
    }

    /// Whether all `jobs` fit into one trip.
    pub(super) fn holds(jobs: &[Job]) -> bool {
        let bytes = jobs.iter().take(MOST).map(|job| job.request.size()).sum();
        is_short(jobs.len(), bytes)
            && jobs
                .first()
                .is_some_and(|first| jobs.iter().all(|job| first.request.can_carry(&job.request)))
    }

    /// When the oldest call began, and all of them as one, without those whose callers have left or can't be answered in
    /// time; `None` if nobody is left.
    pub(super) fn request(&mut self, timeout: Duration) -> Option<(Instant, Message)> {
        job::keep_wanted(&mut self.jobs, timeout);
        let message = Message::of(self.jobs.iter().map(|job| &job.request))?;
        self.begun = self.jobs.first()?.begun;
        Some((self.begun, message))
    }

    /// Whether anybody is left who can wait for an attempt. Whose call began `patience` ago or more hears `trouble`.
    pub(super) fn goes_on(&mut self, patience: Duration, trouble: &RedisError) -> bool {
        let now = Instant::now();
        for late in self.jobs.extract_if(.., |job| now >= job.begun + patience) {
            late.finish(Err(trouble.clone()));
        }
        self.begun = self.jobs.iter().map(|job| job.begun).min().unwrap_or(self.begun);
        !self.jobs.is_empty()
    }

    /// Tells each caller its own answer, or all the same failure.
    pub(super) fn finish(self, answer: Result<Answer, RedisError>) {
        let answers = match (answer, self.jobs.len()) {
            // That to a lone call is its own, whatever was asked.
            (Ok(answer), 1) => Ok(vec![answer]),
            (Ok(answer), count) => answer.one_by_one(count),
            (Err(error), _) => Err(error),
        };
        match answers {
            Ok(answers) => {
                let each = self.jobs.into_iter().zip(answers);
                each.for_each(|(job, answer)| job.finish(Ok(answer)));
            }
            Err(error) => self.jobs.into_iter().for_each(|job| job.finish(Err(error.clone()))),
        }
    }
}

/// Whether a trip may bring so many calls and bytes.
const fn is_short(calls: usize, bytes: usize) -> bool {
    calls <= MOST && bytes <= MOST_BYTES
}
