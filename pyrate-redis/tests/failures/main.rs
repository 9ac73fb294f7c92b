//! What happens when the server, the way to it or what it stores fails: each call ends in time, each error says what it
//! was, nothing is granted twice, and all works once it is mended.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

#[path = "../support/mod.rs"]
mod support;

mod desk;
mod memory;
mod rights;
mod scripts;
mod server;
mod values;
mod way;
