//! The checks, each a public function over a [`Subject`].

mod admission;
mod backend_calls;
mod cancellation;
mod concurrency;
mod denials;
mod doors;
mod failures;
mod history;
mod leaking;
mod looking;
mod names;
mod storage;
mod time;
mod waiting;
mod weights;

use crate::failure::Verdict;
use crate::subject::Subject;

/// A check: its name, what it proves, and how to run it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Check {
    /// Its name, which is also that of its function and of its tests.
    pub name: &'static str,
    /// What it proves, in one sentence.
    pub proves: &'static str,
    /// The capability that a bucket needs for it; empty if none.
    pub needs: &'static str,
    /// Runs it.
    pub run: fn(&Subject) -> Verdict,
}

/// The functions of the checks, and the list of them.
#[doc(hidden)]
#[macro_export]
macro_rules! __check_functions {
    ($(($check:ident, $time:ident, [$($needs:ident)?], $proves:literal))*) => {
        $(
            #[doc = concat!("Proves that ", $proves, ".")]
            ///
            /// # Errors
            ///
            /// [`Failure`](crate::Failure) if it isn't so.
            pub fn $check(subject: &Subject) -> Verdict {
                implementations::$check(subject).map_err(|mut failure| {
                    (failure.check, failure.proves) = (stringify!($check), $proves);
                    failure
                })
            }
        )*

        /// All checks, by topic.
        pub const ALL: &[Check] = &[$(Check {
            name: stringify!($check),
            proves: $proves,
            needs: concat!($(stringify!($needs))?),
            run: $check,
        }),*];
    };
}

/// Where the checks are written, by topic.
mod implementations {
    pub(super) use super::admission::*;
    pub(super) use super::backend_calls::*;
    pub(super) use super::cancellation::*;
    pub(super) use super::concurrency::*;
    pub(super) use super::denials::*;
    pub(super) use super::doors::*;
    pub(super) use super::failures::*;
    pub(super) use super::history::*;
    pub(super) use super::leaking::*;
    pub(super) use super::looking::*;
    pub(super) use super::names::*;
    pub(super) use super::storage::*;
    pub(super) use super::time::*;
    pub(super) use super::waiting::*;
    pub(super) use super::weights::*;
}

crate::__for_each_check! { __check_functions }
