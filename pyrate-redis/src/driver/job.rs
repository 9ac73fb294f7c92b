//! Jobs: calls on their way to the server and back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use tokio::sync::oneshot;

use super::Driver;
use crate::error::RedisError;
use crate::script::{Answer, Request, Target};

/// A call, and who waits for its answer.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) begun: Instant,
    /// Nobody waits for what gives places back.
    reply: Option<oneshot::Sender<Result<Handover, RedisError>>>,
    /// Whose reservations are given back if nobody takes the answer.
    undo: Option<Target>,
    /// Keeps the driver going until the call is over.
    driver: Driver,
}

impl Job {
    /// A call, and where its answer will come.
    pub(super) fn new(
        request: Request,
        undo: Option<Target>,
        driver: Driver,
    ) -> (Job, oneshot::Receiver<Result<Handover, RedisError>>) {
        let (reply, answer) = oneshot::channel();
        (Job { request, begun: Instant::now(), reply: Some(reply), undo, driver }, answer)
    }

    /// A call whose answer nobody waits for.
    pub(super) fn errand(request: Request, driver: Driver) -> Job {
        Job { request, begun: Instant::now(), reply: None, undo: None, driver }
    }

    /// It has waited for the trip before it. The time of an errand begins only now, or with that of the caller behind it, who
    /// must not wait for longer: nobody's place should be lost because thousands are given back at once, or because the server
    /// hangs. Answers when its time begins.
    pub(super) fn sets_out(&mut self, behind: Instant) -> Instant {
        if self.reply.is_none() {
            self.begun = self.begun.max(behind);
        }
        self.begun
    }

    /// Whether somebody waited for the answer, and left.
    pub(super) fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_some_and(oneshot::Sender::is_closed)
    }

    pub(super) fn finish(self, answer: Result<Answer, RedisError>) {
        let Job { reply: Some(reply), undo, driver, .. } = self else { return };
        let undo = undo.map(|target| (target, driver));
        let handover = answer.map(|answer| Handover { answer: Some(answer), undo });
        // If the caller is gone, this drops the answer. If it is there, this wakes it by code of its runtime's, whose panic must
        // not hold up the others.
        let _ = catch_unwind(AssertUnwindSafe(|| reply.send(handover)));
    }
}

/// An answer on its way to its caller. Reservations that nobody takes are given back.
#[derive(Debug)]
pub(super) struct Handover {
    answer: Option<Answer>,
    undo: Option<(Target, Driver)>,
}

impl Handover {
    pub(super) fn taken(mut self) -> Option<Answer> {
        self.answer.take()
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        let (Some(answer), Some((target, driver))) = (&self.answer, &self.undo) else { return };
        for placed in answer.placed() {
            driver.send(target.undo(&placed));
        }
    }
}
