//! Waiting in line.
//!
//! A bucket that grants in the future keeps the line itself: one call reserves, then the caller sleeps. A bucket that
//! refuses delays is asked again and again by the head of a line kept in this process.

use std::pin::pin;
use std::time::Duration;

use super::Limiter;
use super::error::AcquireError;
use super::patience::{Patience, check_patience};
use super::reserved::Reserved;
use crate::block_on::block_on;
use crate::bucket::{AnyBucket, NextAsk, Turn};
use crate::error::BucketError;
use crate::pure::{Decision, Grant, RateItem, Request, Timestamp};
use crate::race::race;

impl Limiter {
    /// Takes the units, waiting in line for as long as `max_delay` allows: the request's, else the limiter's, else for
    /// ever. Blocks this thread while it waits.
    ///
    /// First come, first served: a light item doesn't pass a heavy one. A call that would have to wait too long fails
    /// at once, having taken nothing. Only where the bucket refuses delays and others wait for it already, the call may
    /// stand in this process's line before it fails: until the head's next question is known to come too late for it,
    /// its own turn has come, or `max_delay` has passed, whichever is first.
    ///
    /// # Errors
    ///
    /// [`AcquireError::DelayExceeded`] says how long the wait would be; [`AcquireError::TooHeavy`] that no wait is long
    /// enough; [`AcquireError::Bucket`] that the bucket failed.
    pub fn acquire<'a>(&self, request: impl Into<Request<'a>>) -> Result<Grant, AcquireError> {
        let request = request.into();
        let (item, max_delay) = self.wanted(&request);
        let bucket = self.inner.factory.get(&item)?;
        if !bucket.has_line() {
            let decision = bucket.reserve(&item, max_delay)?;
            self.wake_leaker();
            match decision {
                Decision::Granted(grant) => return self.sleep_until_due(&bucket, grant),
                Decision::Denied(denial) => check_patience(denial, &item, max_delay)?,
            }
        }
        self.ask_in_line(&bucket, &item, max_delay)
    }

    /// [`acquire`](Limiter::acquire) for tasks: takes its place in line when first polled, and doesn't block.
    ///
    /// A future that is dropped while it waits gives its place back.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Limiter::acquire).
    pub fn acquire_async<'a>(
        &self,
        request: impl Into<Request<'a>>,
    ) -> impl Future<Output = Result<Grant, AcquireError>> + Send {
        let (item, max_delay) = self.wanted(&request.into());
        async move {
            let bucket = self.inner.factory.get(&item)?;
            if !bucket.has_line() {
                let decision = bucket.reserve_async(&item, max_delay).await?;
                self.wake_leaker();
                match decision {
                    Decision::Granted(grant) => {
                        return self.sleep_until_due_async(&bucket, grant).await;
                    }
                    Decision::Denied(denial) => check_patience(denial, &item, max_delay)?,
                }
            }
            self.ask_in_line_async(&bucket, &item, max_delay).await
        }
    }

    fn wanted<'a>(&self, request: &Request<'a>) -> (RateItem<'a>, Duration) {
        let max_delay = request.max_delay.or(self.inner.max_delay).unwrap_or(Duration::MAX);
        (self.inner.factory.wrap_item(request), max_delay)
    }

    fn sleep_until_due(&self, bucket: &AnyBucket, grant: Grant) -> Result<Grant, AcquireError> {
        if grant.delay.is_zero() {
            return Ok(grant);
        }
        let reserved = Reserved::new(bucket, grant);
        self.inner.sleeper.sleep(grant.delay)?;
        Ok(reserved.used())
    }

    async fn sleep_until_due_async(
        &self,
        bucket: &AnyBucket,
        grant: Grant,
    ) -> Result<Grant, AcquireError> {
        if grant.delay.is_zero() {
            return Ok(grant);
        }
        let reserved = Reserved::new(bucket, grant);
        self.inner.sleeper.sleep_async(grant.delay).await?;
        Ok(reserved.used())
    }

    fn ask_in_line(
        &self,
        bucket: &AnyBucket,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Grant, AcquireError> {
        self.wake_leaker();
        let mut patience = Patience::from(bucket.now()?, max_delay);
        let turn = self.turn(bucket, patience.deadline(), max_delay)?;
        let turn = turn.ok_or_else(|| patience.ended(item, bucket.rates().shortest()))?;
        let turn = turn.map_err(|next| patience.outlasted(next, item))?;
        loop {
            let now = bucket.now()?;
            let asked = patience.at(item, now);
            match bucket.reserve(&asked, patience.left(now))? {
                Decision::Granted(grant) => return self.sleep_until_due(bucket, grant),
                Decision::Denied(denial) => {
                    let next = patience.next_ask(denial, &asked, now)?;
                    turn.announce(next);
                    self.inner.sleeper.sleep(next.sleep)?;
                    patience.has_slept(next.sleep);
                }
            }
        }
    }

    async fn ask_in_line_async(
        &self,
        bucket: &AnyBucket,
        item: &RateItem<'_>,
        max_delay: Duration,
    ) -> Result<Grant, AcquireError> {
        self.wake_leaker();
        let mut patience = Patience::from(bucket.now_async().await?, max_delay);
        let turn = self.turn_async(bucket, patience.deadline(), max_delay).await?;
        let turn = turn.ok_or_else(|| patience.ended(item, bucket.rates().shortest()))?;
        let turn = turn.map_err(|next| patience.outlasted(next, item))?;
        loop {
            let now = bucket.now_async().await?;
            let asked = patience.at(item, now);
            match bucket.reserve_async(&asked, patience.left(now)).await? {
                Decision::Granted(grant) => return self.sleep_until_due_async(bucket, grant).await,
                Decision::Denied(denial) => {
                    let next = patience.next_ask(denial, &asked, now)?;
                    turn.announce(next);
                    self.inner.sleeper.sleep_async(next.sleep).await?;
                    patience.has_slept(next.sleep);
                }
            }
        }
    }

    /// The turn in the bucket's line; `None` if it didn't come within `max_delay`.
    fn turn<'a>(
        &self,
        bucket: &'a AnyBucket,
        deadline: Timestamp,
        max_delay: Duration,
    ) -> Result<Option<TurnOrLate<'a>>, BucketError> {
        let turn = bucket.line().turn(deadline);
        // Who waits for ever needs no timer until it is at the head.
        if max_delay == Duration::MAX {
            return Ok(Some(block_on(turn)));
        }
        let mut come = None;
        {
            let woken = pin!(async { come = Some(turn.await) });
            self.inner.sleeper.sleep_unless(max_delay, woken)?;
        }
        Ok(come)
    }

    async fn turn_async<'a>(
        &self,
        bucket: &'a AnyBucket,
        deadline: Timestamp,
        max_delay: Duration,
    ) -> Result<Option<TurnOrLate<'a>>, BucketError> {
        let turn = bucket.line().turn(deadline);
        // As in `turn`: no timer for who waits for ever.
        if max_delay == Duration::MAX {
            return Ok(Some(turn.await));
        }
        match race(turn, self.inner.sleeper.sleep_async(max_delay)).await {
            Ok(turn) => Ok(Some(turn)),
            Err(slept) => slept.map(|()| None),
        }
    }
}

/// The turn, or the head's next question where that comes too late.
type TurnOrLate<'a> = Result<Turn<'a>, NextAsk>;
