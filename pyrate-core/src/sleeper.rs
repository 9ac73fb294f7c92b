//! Sleeping: the one seam through which all waiting passes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::Handle;

use crate::block_on::block_on_for;
use crate::error::{BucketError, DoorError};

/// Lets a limiter's callers wait.
///
/// A sleep may end late, never early. It counts time in the same seconds as the bucket's clock, whatever the base.
/// The default is [`TokioSleeper`]; [`ManualClock`](crate::ManualClock) is one for tests.
#[async_trait]
pub trait Sleeper: Send + Sync + 'static {
    /// Blocks this thread for `duration`.
    ///
    /// # Errors
    ///
    /// [`BucketError`] if this caller can't be made to wait; its place in line is then given back.
    fn sleep(&self, duration: Duration) -> Result<(), BucketError>;

    /// Waits for `duration` without blocking the thread. Dropping the future ends the wait.
    ///
    /// # Errors
    ///
    /// As [`Sleeper::sleep`].
    async fn sleep_async(&self, duration: Duration) -> Result<(), BucketError>;

    /// Blocks this thread until `woken` is ready, for `duration` at most; answers whether it is ready.
    ///
    /// The provided one counts real time.
    ///
    /// # Errors
    ///
    /// As [`Sleeper::sleep`].
    fn sleep_unless(
        &self,
        duration: Duration,
        woken: Pin<&mut (dyn Future<Output = ()> + Send)>,
    ) -> Result<bool, BucketError> {
        Ok(block_on_for(woken, duration))
    }
}

/// Threads sleep by the operating system, tasks by tokio's timer. The default.
///
/// Tokio's timer counts whole milliseconds and rounds up. Outside a tokio runtime, or in one whose timer is not
/// enabled, a task gets a [`BucketError`] whose source is [`DoorError::NoTimer`]. In the second case tokio panics and the
/// panic is caught here: the panic hook sees it, and where panics abort, the process ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioSleeper;

#[async_trait]
impl Sleeper for TokioSleeper {
    fn sleep(&self, duration: Duration) -> Result<(), BucketError> {
        std::thread::sleep(duration);
        Ok(())
    }

    async fn sleep_async(&self, duration: Duration) -> Result<(), BucketError> {
        tokio_sleep(duration)?.await;
        Ok(())
    }
}

fn tokio_sleep(duration: Duration) -> Result<tokio::time::Sleep, BucketError> {
    Handle::try_current().map_err(|_| DoorError::NoTimer)?;
    // A runtime without a timer can't be told apart by asking it: making the sleep panics, and nothing else does.
    let made = catch_unwind(AssertUnwindSafe(|| tokio::time::sleep(duration)));
    Ok(made.map_err(|_| DoorError::NoTimer)?)
}
