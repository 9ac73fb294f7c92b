//! Buckets: what holds the grants, and the two doors to it.
//!
//! [`AbstractBucket`] and [`AsyncBucket`] make the same promises to threads and to tasks; [`AnyBucket`] holds either.

mod any;
mod any_async;
mod asynchronous;
mod errands;
mod leaking;
mod line;
mod shared;
mod sync;

pub use any::AnyBucket;
pub use asynchronous::AsyncBucket;
pub use sync::AbstractBucket;

pub(crate) use line::{NextAsk, Turn};
