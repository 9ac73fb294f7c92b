//! One file and two connections, many threads and tasks: who gets what and in which order, and who gives it back.
//!
//! Each store of a test has a connection of its own, as that of another process would be. Time stands still unless a test
//! moves it.

#[cfg(test)]
mod admission;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod faults;
#[cfg(test)]
#[path = "../files/mod.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod files;
#[cfg(test)]
mod given_back;
#[cfg(test)]
mod locked;
#[cfg(test)]
mod order;
