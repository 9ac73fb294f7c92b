//! Decorators: functions that run only once they are let through.

use std::pin::Pin;
use std::sync::Arc;

use super::{AcquireError, Limiter};
use crate::pure::Request;

/// A future that can be spawned.
type Spawnable<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl Limiter {
    /// Wraps `f` so that each call first waits in line for what `mapping` makes of its argument.
    ///
    /// `f` runs only if granted. Several arguments are a tuple. The wrapped function borrows nothing: it can outlive
    /// this limiter.
    ///
    /// ```
    /// # use pyrate_core::{AcquireError, Limiter};
    /// fn polite(limiter: &Limiter) -> impl Fn((u64, String)) -> Result<usize, AcquireError> {
    ///     let by_user = |(user, _): &(u64, String)| format!("user-{user}");
    ///     limiter.wrap(by_user, |(_, text): (u64, String)| text.len())
    /// }
    /// ```
    pub fn wrap<A, R, T, M, F>(
        &self,
        mapping: M,
        f: F,
    ) -> impl Fn(A) -> Result<T, AcquireError> + use<A, R, T, M, F>
    where
        R: Into<Request<'static>>,
        M: Fn(&A) -> R,
        F: Fn(A) -> T,
    {
        let limiter = self.clone();
        move |argument| {
            limiter.acquire(mapping(&argument))?;
            Ok(f(argument))
        }
    }

    /// Wraps `f` so that each call runs now or not at all: [`wrap`](Limiter::wrap) without waiting.
    pub fn try_wrap<A, R, T, M, F>(
        &self,
        mapping: M,
        f: F,
    ) -> impl Fn(A) -> Result<T, AcquireError> + use<A, R, T, M, F>
    where
        R: Into<Request<'static>>,
        M: Fn(&A) -> R,
        F: Fn(A) -> T,
    {
        let limiter = self.clone();
        move |argument| {
            limiter.try_acquire(mapping(&argument))?;
            Ok(f(argument))
        }
    }

    /// Wraps the async function `f` so that each call first waits in line. The returned futures can be spawned.
    ///
    /// A call takes its place in line when its future is first polled; one that is dropped while it waits gives its
    /// place back.
    ///
    /// ```
    /// # use pyrate_core::Limiter;
    /// async fn fetch(page: u32) -> String {
    ///     format!("page {page}")
    /// }
    ///
    /// # async fn demo(limiter: Limiter) -> Result<(), Box<dyn std::error::Error>> {
    /// let fetch_politely = limiter.wrap_async(|_: &u32| "pages", fetch);
    /// let page = tokio::spawn(fetch_politely(7)).await??;
    /// # Ok(())
    /// # }
    /// ```
    pub fn wrap_async<A, R, T, M, F, Fut>(
        &self,
        mapping: M,
        f: F,
    ) -> impl Fn(A) -> Spawnable<Result<T, AcquireError>> + use<A, R, T, M, F, Fut>
    where
        A: Send + 'static,
        R: Into<Request<'static>>,
        T: 'static,
        M: Fn(&A) -> R,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send,
    {
        let (limiter, f) = (self.clone(), Arc::new(f));
        move |argument| {
            let (limiter, f) = (limiter.clone(), Arc::clone(&f));
            let request = mapping(&argument).into();
            Box::pin(async move {
                limiter.acquire_async(request).await?;
                Ok(f(argument).await)
            })
        }
    }

    /// Wraps the async function `f` so that each call runs now or not at all: [`wrap_async`](Limiter::wrap_async)
    /// without waiting in line.
    pub fn try_wrap_async<A, R, T, M, F, Fut>(
        &self,
        mapping: M,
        f: F,
    ) -> impl Fn(A) -> Spawnable<Result<T, AcquireError>> + use<A, R, T, M, F, Fut>
    where
        A: Send + 'static,
        R: Into<Request<'static>>,
        T: 'static,
        M: Fn(&A) -> R,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send,
    {
        let (limiter, f) = (self.clone(), Arc::new(f));
        move |argument| {
            let (limiter, f) = (limiter.clone(), Arc::clone(&f));
            let request = mapping(&argument).into();
            Box::pin(async move {
                limiter.try_acquire_async(request).await?;
                Ok(f(argument).await)
            })
        }
    }
}
