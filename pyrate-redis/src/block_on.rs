//! Blocking a thread on a call.

use tokio::task::unconstrained;

/// Drives `future` to its end on this thread.
///
/// Outside tokio's budget: a task that makes a blocking call may have used its budget up, and the channel on which the answer
/// comes would say "not yet" for as long as this call lasts.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    pollster::block_on(unconstrained(future))
}
