//! What the benches of the other crates share, and what reads their results: the [`paired`] runner,
//! the [`record`] of a whole run, and [`json`], as which both are written; and what the program `soak` is made of, which
//! is there only with the feature of that name.
//!
//! The commands of `cargo xtask` are not here, they are the binary's.

#![allow(clippy::print_stdout, reason = "a benchmark's line is its result")]

pub mod json;
pub mod paired;
pub mod record;
#[cfg(feature = "soak")]
pub mod soak;
