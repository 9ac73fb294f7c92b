//! Jobs: calls on their way to the server and back.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::{Driver, Order};
use crate::error::RedisError;
use crate::script::{Answer, Request, Target};

/// How long it is tried to give a place back. It keeps a store's thread that has nothing else to do.
const LONGEST_ERRAND: Duration = Duration::from_secs(30);

/// How long an errand rests before it is run again.
const REST: Duration = Duration::from_millis(50);

/// A call, and who waits for its answer.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) begun: Instant,
    reply: Reply,
    /// Keeps the driver going until the call is over.
    driver: Driver,
}

/// Who waits for an answer.
#[derive(Debug)]
enum Reply {
    Caller(oneshot::Sender<Result<Handover, RedisError>>),
    /// Nobody waits for what gives a place back. It is tried until then, since it does no harm if it is done twice.
    Nobody(Instant),
}

impl Job {
    /// A call, and where its answer will come.
    pub(super) fn new(
        request: Request,
        driver: Driver,
    ) -> (Job, oneshot::Receiver<Result<Handover, RedisError>>) {
        let (reply, answer) = oneshot::channel();
        let reply = Reply::Caller(reply);
        (Job { request, begun: Instant::now(), reply, driver }, answer)
    }

    /// What gives back a place that is due after `delay`.
    pub(super) fn errand(request: Request, delay: Duration, driver: Driver) -> Job {
        let begun = Instant::now();
        let reply = Reply::Nobody(begun + delay.min(LONGEST_ERRAND));
        Job { request, begun, reply, driver }
    }

    /// It has waited for the trip before it. The time of an errand begins only now, or with that of the caller behind it, who
    /// must not wait for longer: nobody's place should be lost because thousands are given back at once, or because the server
    /// hangs. Answers when its time begins.
    pub(super) fn sets_out(&mut self, behind: Instant) -> Instant {
        if matches!(self.reply, Reply::Nobody(_)) {
            self.begun = self.begun.max(behind);
        }
        self.begun
    }

    /// Whether somebody waited for the answer, and left.
    fn is_abandoned(&self) -> bool {
        matches!(&self.reply, Reply::Caller(reply) if reply.is_closed())
    }

    /// The call, if somebody waits for its answer and the answer can come in time.
    ///
    /// Where the server hangs, those who stood behind a trip that had no answer have next to no time left. Sent all the same,
    /// they would end with an open outcome, and so would all others on their trip, which ends when the oldest of its calls must.
    fn in_time(self, now: Instant, timeout: Duration) -> Option<Job> {
        if self.is_abandoned() {
            return None;
        }
        if now.saturating_duration_since(self.begun) < timeout / 8 * 7 {
            return Some(self);
        }
        self.finish(Err(RedisError::NotSent(timeout)));
        None
    }

    pub(super) fn finish(self, answer: Result<Answer, RedisError>) {
        let reply = match self.reply {
            Reply::Caller(reply) => reply,
            Reply::Nobody(until) => return self.run_again(until, answer.err()),
        };
        let undo = self.request.is_reserve().then_some((self.request.target, self.driver));
        let handover = answer.map(|answer| Handover { answer: Some(answer), undo });
        // If the caller is gone, this drops the answer. If it is there, this wakes it by code of its runtime's, whose panic must
        // not hold up the others.
        let _ = catch_unwind(AssertUnwindSafe(|| reply.send(handover)));
    }

    /// Runs an errand once more after a failure that may pass.
    fn run_again(self, until: Instant, failure: Option<RedisError>) {
        if Instant::now() < until && failure.is_some_and(|failure| !failure.is_permanent()) {
            tokio::spawn(async move {
                sleep(REST).await;
                let driver = self.driver.clone();
                let again = Job { begun: Instant::now(), ..self };
                let _ = driver.orders.send(Order::Call(again));
            });
        }
    }
}

/// Drops the calls whose callers have left, and ends those that can't be answered in time.
pub(super) fn keep_wanted(jobs: &mut Vec<Job>, timeout: Duration) {
    let now = Instant::now();
    *jobs = mem::take(jobs).into_iter().filter_map(|job| job.in_time(now, timeout)).collect();
}

/// An answer on its way to its caller. Reservations that nobody takes are given back.
#[derive(Debug)]
pub(super) struct Handover {
    answer: Option<Answer>,
    /// How.
    undo: Option<(Arc<Target>, Driver)>,
}

impl Handover {
    pub(super) fn taken(mut self) -> Option<Answer> {
        self.answer.take()
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        let (Some(answer), Some((target, driver))) = (&self.answer, &self.undo) else { return };
        if let Some(placed) = answer.placed() {
            driver.give_back(target.undo(&placed), placed.delay);
        }
    }
}
