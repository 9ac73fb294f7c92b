//! Trips: round trips to the server, which calls for one bucket share.

use std::time::{Duration, Instant};

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
    pub(super) fn shared(mut jobs: Vec<Job>) -> Vec<Trip> {
        jobs.iter_mut().rev().fold(Instant::now(), |behind, job| job.sets_out(behind));
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

    /// When the call that has waited longest began.
    pub(super) fn begun(&self) -> Instant {
        self.first.begun
    }

    /// The trip without those calls whose callers have left, or whose time is as good as over; `None` if nobody is left.
    pub(super) fn wanted(self, timeout: Duration) -> Option<Trip> {
        let Trip { first, others } = self;
        let now = Instant::now();
        if others.is_empty() {
            let first = Trip::in_time(first, now, timeout)?;
            return Some(Trip { first, others });
        }
        let jobs = [first].into_iter().chain(others);
        let mut wanted = jobs.filter_map(|job| Trip::in_time(job, now, timeout));
        Some(Trip { first: wanted.next()?, others: wanted.collect() })
    }

    /// The call, if somebody waits for its answer and the answer can come in time.
    ///
    /// Where the server hangs, those who stood behind a trip that had no answer have next to no time left. Sent all the same,
    /// they would end with an open outcome, and so would all others on their trip, which ends when the oldest of its calls must.
    fn in_time(job: Job, now: Instant, timeout: Duration) -> Option<Job> {
        if job.is_abandoned() {
            return None;
        }
        if now.saturating_duration_since(job.begun) < timeout / 8 * 7 {
            return Some(job);
        }
        job.finish(Err(RedisError::NotSent(timeout)));
        None
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
