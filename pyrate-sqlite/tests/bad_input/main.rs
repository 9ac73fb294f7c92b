//! Bad input: paths, files, tables, texts, numbers, connections and neighbours as they should not be.
//!
//! Whatever it is, the answer is a typed error or right: no panic, no hang, nothing half-written; and where the cause goes
//! away, the store works again.

#![cfg(test)]

mod busy;
mod connections;
mod corrupt;
mod desk;
#[path = "../files/mod.rs"]
mod files;
mod full;
mod gone;
mod many;
mod numbers;
mod paths;
mod tables;
mod tampered;
mod texts;
mod wakers;
