//! The kill matrix as it stands: the faults of the [broken buckets](crate::broken), and the checks that find them.
//!
//! Checks that leave it to threads what they meet are listed only where a fault has their name. `cargo test` runs the
//! [matrix](crate::kill_matrix) and fails where this page is not of today.
//!
#![doc = include_str!("../docs/kill_matrix.md")]
