//! A file shared by processes, and processes that are killed: what was granted counts, for all of them and ever after.
//!
//! A test starts its own program anew and is run there as the child, so these run on real time and take seconds.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod chance;
#[cfg(test)]
mod child;
#[cfg(test)]
#[path = "../files/mod.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod files;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod shared_file;
