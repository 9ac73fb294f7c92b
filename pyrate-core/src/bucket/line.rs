//! The line before a bucket that refuses every delay: its callers wait here, in order of arrival.
//!
//! The one at the head sleeps and asks again; those behind wait for their turn. Whenever the head says when it will ask
//! next, those who can't wait that long leave at once.

use std::future::pending;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::pure::{Rate, Timestamp};
use crate::race::race;

/// One bucket's line.
#[derive(Debug)]
pub(crate) struct Line {
    /// Tokio's semaphore serves in order of arrival, and whoever drops its future leaves the line.
    turn: Semaphore,
    /// When the head asks next, once it has said so.
    next: watch::Sender<Option<NextAsk>>,
}

/// When the head of the line asks next, and the rate that makes it wait until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NextAsk {
    pub(crate) at: Timestamp,
    /// How long the head sleeps until then.
    pub(crate) sleep: Duration,
    pub(crate) rate: Rate,
}

/// The head of the line, until dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    line: &'a Line,
    _permit: SemaphorePermit<'a>,
}

impl Line {
    pub(crate) fn new() -> Line {
        Line { turn: Semaphore::new(1), next: watch::Sender::new(None) }
    }

    pub(crate) fn is_occupied(&self) -> bool {
        self.turn.available_permits() == 0
    }

    /// Waits for the turn. Fails as soon as the head's next question is known to lie beyond `deadline`.
    pub(crate) async fn turn(&self, deadline: Timestamp) -> Result<Turn<'_>, NextAsk> {
        let mut next = self.next.subscribe();
        // The semaphore is never closed and the sender never dropped: only the first arms are ever taken.
        let too_late = async {
            let too_late = next.wait_for(|next| next.is_some_and(|next| next.at > deadline));
            match too_late.await.ok().and_then(|next| *next) {
                Some(next) => next,
                None => pending().await,
            }
        };
        let turn = async {
            match self.turn.acquire().await {
                Ok(permit) => Turn { line: self, _permit: permit },
                Err(_) => pending().await,
            }
        };
        race(turn, too_late).await
    }
}

impl Turn<'_> {
    /// Says when the head asks next.
    pub(crate) fn announce(&self, next: NextAsk) {
        self.line.next.send_replace(Some(next));
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.line.next.send_replace(None);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn turns_come_in_order_of_arrival() {
        let (line, mut context) = (Line::new(), Context::from_waker(Waker::noop()));
        let head = pollster::block_on(line.turn(at(9))).unwrap();
        let (mut second, mut third) = (Box::pin(line.turn(at(9))), Box::pin(line.turn(at(9))));
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(third.as_mut().poll(&mut context).is_pending());
        drop(head);
        assert!(third.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_ready());
        assert!(third.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn who_can_not_wait_for_the_heads_next_question_leaves_at_once() {
        let (line, mut context) = (Line::new(), Context::from_waker(Waker::noop()));
        let head = pollster::block_on(line.turn(at(100))).unwrap();
        let (mut hasty, mut patient) = (Box::pin(line.turn(at(49))), Box::pin(line.turn(at(50))));
        assert!(hasty.as_mut().poll(&mut context).is_pending());
        assert!(patient.as_mut().poll(&mut context).is_pending());
        let asks_next = NextAsk { at: at(50), sleep: Duration::ZERO, rate: Rate::per_second(1) };
        head.announce(asks_next);
        let Poll::Ready(Err(next)) = hasty.as_mut().poll(&mut context) else {
            panic!("the head asks next after the hasty one must leave");
        };
        assert_eq!(next, asks_next);
        assert!(patient.as_mut().poll(&mut context).is_pending());
    }
}
