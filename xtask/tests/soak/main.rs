//! The soak: what it must find, and a short run of every backend.

#![cfg(test)]

mod findings;
mod planted;
mod short;
