//! The memory bucket in every interleaving of its threads, and with every value that an atomic load may answer.
//!
//! It is made of the library's own files, on loom's lock and atomics in place of the real ones (`sync`), while the clock moves. What
//! must hold stands in `verdict`; who meets whom, in `puts`, `removals` and `set_back`.

#[cfg(test)]
mod history;
#[cfg(test)]
mod puts;
#[cfg(test)]
mod removals;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod set_back;
#[cfg(test)]
mod sync;
#[cfg(test)]
mod verdict;

// The library's own files. The models don't need all that is in them, nor does anybody reach it from outside.
#[cfg(test)]
#[allow(dead_code, unreachable_pub)]
#[path = "../../src/bucket.rs"]
mod bucket;
#[cfg(test)]
#[allow(dead_code)]
#[path = "../../src/clock.rs"]
mod clock;
#[cfg(test)]
#[path = "../../src/glance.rs"]
mod glance;
#[cfg(test)]
#[path = "../../src/ids.rs"]
mod ids;
