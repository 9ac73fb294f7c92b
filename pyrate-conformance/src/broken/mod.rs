//! Buckets that must fail: each has one fault, which the check that names it must find.

pub use crate::ledger::{Entry, Habits, Ledger, Right, Spot};
