//! Trips: round trips to the server, which calls for one bucket share.

use std::time::Instant;

use super::job::Job;
use crate::error::RedisError;
use crate::script::{Answer, Request, Script};

/// How many calls share a trip at most: the server does nothing else while it decides them.
const MOST: usize = 256;

/// Calls that are sent as one and answered one by one, in order of arrival.
#[derive(Debug)]
pub(super) struct Trip {
    first: Job,
    others: Vec<Job>,
}

impl Trip {
    /// Shares out `jobs` among as few trips as their order allows.
    pub(super) fn shared(jobs: impl IntoIterator<Item = Job>) -> Vec<Trip> {
        let mut trips: Vec<Trip> = Vec::new();
        for job in jobs {
            match trips.last_mut().filter(|trip| trip.has_room_for(&job)) {
                Some(trip) => trip.others.push(job),
                None => trips.push(Trip { first: job, others: Vec::new() }),
            }
        }
        trips
    }

    fn has_room_for(&self, job: &Job) -> bool {
        self.others.len() + 1 < MOST && self.first.request.can_carry(&job.request)
    }

    pub(super) fn script(&self) -> &'static Script {
        self.first.request.script
    }

    /// The bucket's key.
    pub(super) fn key(&self) -> &[u8] {
        &self.first.request.key
    }

    /// When the call that has waited longest began.
    pub(super) fn begun(&self) -> Instant {
        self.first.begun
    }

    /// The trip without those calls whose callers have left; `None` if nobody is left.
    pub(super) fn wanted(self) -> Option<Trip> {
        let Trip { first, others } = self;
        if others.is_empty() {
            return (!first.is_abandoned()).then_some(Trip { first, others });
        }
        let mut wanted = [first].into_iter().chain(others).filter(|job| !job.is_abandoned());
        Some(Trip { first: wanted.next()?, others: wanted.collect() })
    }

    /// All calls as one.
    pub(super) fn request(&self) -> Request {
        self.first.request.carrying(self.others.iter().map(|job| &job.request))
    }

    /// Tells each caller its own answer, or all the same failure.
    pub(super) fn finish(self, answer: Result<Answer, RedisError>) {
        let Trip { first, others } = self;
        if others.is_empty() {
            return first.finish(answer);
        }
        let mut answers = answer.map(|answer| answer.one_by_one(1 + others.len()));
        for job in [first].into_iter().chain(others) {
            job.finish(match &mut answers {
                Ok(answers) => {
                    answers.next().unwrap_or_else(|| Err(RedisError::Answer("too few".to_owned())))
                }
                Err(error) => Err(error.clone()),
            });
        }
    }
}
