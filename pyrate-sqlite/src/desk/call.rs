//! A call on its way through the desk: what is to be done, and who waits for the answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use pyrate_core::BucketError;
use tokio::sync::oneshot;

use crate::transaction::{Failed, Transaction};
use crate::trouble::Trouble;

/// What a call may do to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It only looks. It waits for nobody who writes, unless it shares a transaction with a call that may write.
    Look,
    /// It may write.
    Change,
}

/// Whether a call is made although nobody waits for it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Only as long as its caller waits.
    ByCaller,
    /// Also without: it gives something back.
    Always,
}

/// The work of a call. It may be done anew, where a transaction failed that it shared with others.
pub(crate) trait Work<T>:
    FnMut(&mut Transaction<'_>) -> Result<T, Failed> + Send + 'static
{
}

impl<T, F: FnMut(&mut Transaction<'_>) -> Result<T, Failed> + Send + 'static> Work<T> for F {}

/// A call in the queue.
pub(super) struct Call {
    pub(super) effect: Effect,
    pub(super) arrived: Instant,
    pub(super) wanted: Wanted,
    job: Box<dyn Job>,
}

/// Where a caller waits for what its work answered.
pub(super) type Answer<T> = oneshot::Receiver<Result<T, BucketError>>;

impl Call {
    /// A call, and where its answer will be. `hand_over` makes the answer of what the work found, once it is committed.
    pub(super) fn new<T: Send + 'static, U: Send + 'static>(
        effect: Effect,
        wanted: Wanted,
        work: impl Work<T>,
        hand_over: impl FnOnce(T) -> U + Send + 'static,
    ) -> (Call, Answer<U>) {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Task { work, found: None, hand_over, reply });
        (Call { effect, arrived: Instant::now(), wanted, job }, answer)
    }

    /// Whether it is still to be made.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted == Wanted::Always || self.job.is_awaited()
    }

    pub(super) fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), Trouble> {
        self.job.run(transaction)
    }

    /// Tells the caller: what was found is in the file, or the transaction came to nothing.
    pub(super) fn finish(self, committed: Result<(), BucketError>) {
        // A waker is its caller's code: its panic must not keep the others from their answers.
        let _ = catch_unwind(AssertUnwindSafe(|| self.job.finish(committed)));
    }
}

trait Job: Send {
    fn is_awaited(&self) -> bool;
    fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), Trouble>;
    fn finish(self: Box<Self>, committed: Result<(), BucketError>);
}

struct Task<T, U, W, H> {
    work: W,
    found: Option<Result<T, BucketError>>,
    hand_over: H,
    reply: oneshot::Sender<Result<U, BucketError>>,
}

impl<T, U, W, H> Job for Task<T, U, W, H>
where
    T: Send,
    U: Send,
    W: Work<T>,
    H: FnOnce(T) -> U + Send,
{
    fn is_awaited(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), Trouble> {
        self.found = match (self.work)(transaction) {
            Ok(found) => Some(Ok(found)),
            Err(Failed::Refused(error)) => Some(Err(error)),
            Err(Failed::Broken(trouble)) => return Err(trouble),
        };
        Ok(())
    }

    fn finish(self: Box<Self>, committed: Result<(), BucketError>) {
        let Task { found, hand_over, reply, .. } = *self;
        let answer = match (committed, found) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(found)) => found.map(hand_over),
            // Only a call that was run is committed.
            (Ok(()), None) => return,
        };
        // Where nobody waits any more, the answer is dropped, and gives back by itself what it holds.
        let _ = reply.send(answer);
    }
}
