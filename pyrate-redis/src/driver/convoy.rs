//! Convoys: one round trip for lone calls of different buckets.

use std::time::{Duration, Instant};

use fred::bytes::Bytes;
use pyrate_core::Outcome;

use super::job::{self, Job};
use super::trip::MOST_BYTES;
use crate::error::RedisError;
use crate::script::{Answer, Message};

/// How many buckets go together at most: the server does nothing else while it decides their calls.
const MOST: usize = 64;

/// Acquisitions, each of another bucket, that are sent as one.
#[derive(Debug)]
pub(super) struct Convoy {
    /// When the call that has waited longest began.
    pub(super) begun: Instant,
    jobs: Vec<Job>,
    bytes: usize,
}

impl Convoy {
    /// Whether all that waits for a bucket may travel with calls of others.
    pub(super) fn may_join(waiting: &[Job]) -> bool {
        matches!(waiting, [only] if only.request.is_reserve())
    }

    /// Shares out lone calls among as few convoys as may be.
    pub(super) fn shared(jobs: impl Iterator<Item = Job>) -> Vec<Convoy> {
        let mut convoys: Vec<Convoy> = Vec::new();
        for job in jobs {
            match convoys.last_mut().filter(|convoy| convoy.has_room_for(&job)) {
                Some(convoy) => convoy.take(job),
                None => convoys.push(Convoy::beginning_with(job)),
            }
        }
        convoys
    }

    fn beginning_with(job: Job) -> Convoy {
        Convoy { begun: job.begun, bytes: job.request.size(), jobs: vec![job] }
    }

    fn has_room_for(&self, job: &Job) -> bool {
        self.jobs.len() < MOST && self.bytes + job.request.size() <= MOST_BYTES
    }

    fn take(&mut self, job: Job) {
        self.begun = self.begun.min(job.begun);
        self.bytes += job.request.size();
        self.jobs.push(job);
    }

    /// The keys of all its buckets.
    pub(super) fn keys(&self) -> Vec<Bytes> {
        self.jobs.iter().map(|job| job.request.key().clone()).collect()
    }

    /// When the oldest call began, and all of them as one, without those whose callers have left or can't be answered in
    /// time; `None` if nobody is left.
    pub(super) fn request(&mut self, timeout: Duration) -> Option<(Instant, Message)> {
        job::keep_wanted(&mut self.jobs, timeout);
        let oldest = self.jobs.iter().map(|job| job.begun).min()?;
        Some((oldest, Message::together(self.jobs.iter().map(|job| &job.request))?))
    }

    /// Tells the callers their answers, and returns the calls that have to be made again, each by itself.
    pub(super) fn finish(self, answer: Result<Answer, RedisError>) -> Vec<Job> {
        match answer.and_then(|answer| answer.bucket_by_bucket(self.jobs.len())) {
            Ok(answers) => {
                let mut undecided = Vec::new();
                for (job, answer) in self.jobs.into_iter().zip(answers) {
                    match answer {
                        Some(answer) => job.finish(Ok(answer)),
                        None => undecided.push(job),
                    }
                }
                undecided
            }
            // Nothing was recorded: each hears what is wrong with its own.
            Err(error) if error.outcome() == Outcome::NotRecorded => self.jobs,
            Err(error) => {
                self.jobs.into_iter().for_each(|job| job.finish(Err(error.clone())));
                Vec::new()
            }
        }
    }
}
