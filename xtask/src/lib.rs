//! What the benches of the other crates share: the [`paired`] runner.
//!
//! The commands of `cargo xtask` are not here, they are the binary's.

#![allow(clippy::print_stdout, reason = "a benchmark's line is its result")]

pub mod paired;
