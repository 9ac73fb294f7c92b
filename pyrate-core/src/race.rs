//! Two futures, of which the first that is ready counts.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// What `first` ends with, or as an error what `second` ends with; if both are ready at once, `first` counts.
pub(crate) async fn race<F: Future, S: Future>(
    first: F,
    second: S,
) -> Result<F::Output, S::Output> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| match first.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending => second.as_mut().poll(context).map(Err),
    })
    .await
}
