//! What happens when the server, the way to it or what it stores fails: each call ends in time, each error says what it
//! was, nothing is granted twice, and all works once it is mended.

#[path = "../support/mod.rs"]
mod support;

mod desk;
mod scripts;
mod server;
mod values;
mod way;
