//! Values and arithmetic: no clock, no lock and no await in here.
//!
//! It is the memory bucket's state and the reference for every other bucket.

mod bisection;
mod decision;
mod log;
mod log_view;
mod marks;
mod names;
mod queue;
mod rate;
mod rate_text;
mod rates;
mod request;
#[cfg(feature = "serde")]
mod serde;
mod timestamp;

pub use decision::{Decision, Denial, Grant};
pub use log::SlidingLog;
pub use rate::{Rate, RateError};
pub use rates::{Rates, validate_rate_list};
pub use request::{RateItem, Request};
pub use timestamp::{Timestamp, TimestampError};

pub(crate) use bisection::Bisection;
