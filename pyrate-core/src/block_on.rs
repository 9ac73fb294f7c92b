//! Blocking a thread on a future.

use tokio::task::unconstrained;

/// Drives `future` to its end on this thread.
///
/// Outside tokio's budget: a task that makes a blocking call may have used its budget up, and everything of tokio's
/// would answer "not yet" for as long as this call lasts.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    pollster::block_on(unconstrained(future))
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::block_on;

    #[tokio::test]
    async fn a_task_whose_budget_is_used_up_is_served_too() {
        let semaphore = Semaphore::new(1);
        for _ in 0..1_000 {
            drop(block_on(semaphore.acquire()).unwrap());
        }
    }
}
