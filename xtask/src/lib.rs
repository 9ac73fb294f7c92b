//! What the benches of the other crates share, the [`paired`] runner; and what the program `soak` is made of, which is there only
//! with the feature of that name.
//!
//! The commands of `cargo xtask` are not here, they are the binary's.

#![allow(clippy::print_stdout, reason = "a benchmark's line is its result")]

pub mod paired;
#[cfg(feature = "soak")]
pub mod soak;
