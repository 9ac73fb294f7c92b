//! Blocking a thread on a future.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::task::unconstrained;

/// Drives `future` to its end on this thread.
///
/// Outside tokio's budget: a task that makes a blocking call may have used its budget up, and everything of tokio's
/// would answer "not yet" for as long as this call lasts.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    pollster::block_on(unconstrained(future))
}

/// Drives `future` on this thread for `duration` at most; answers whether it came to its end.
pub(crate) fn block_on_for(
    future: Pin<&mut (dyn Future<Output = ()> + Send)>,
    duration: Duration,
) -> bool {
    let until = Instant::now().checked_add(duration);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let (mut future, mut context) = (pin!(unconstrained(future)), Context::from_waker(&waker));
    while future.as_mut().poll(&mut context).is_pending() {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        match left {
            Some(Duration::ZERO) => return false,
            Some(left) => thread::park_timeout(left),
            None => thread::park(),
        }
    }
    true
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn a_task_whose_budget_is_used_up_is_served_too() {
        let semaphore = Semaphore::new(1);
        for _ in 0..1_000 {
            drop(block_on(semaphore.acquire()).unwrap());
        }
    }

    #[test]
    fn a_future_that_does_not_end_is_left_in_time() {
        assert!(!block_on_for(pin!(std::future::pending()), Duration::from_millis(1)));
        assert!(block_on_for(pin!(std::future::ready(())), Duration::ZERO));
    }
}
