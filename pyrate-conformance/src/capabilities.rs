//! What a bucket can do beyond putting, waiting and counting: the words for the macro's `capabilities`.

// Written by users in a list, as the words that they are.
#![allow(non_upper_case_globals)]

/// It grants in the future: `reserve` with a delay, and `cancel`. Without it, it refuses every delay.
pub const reservations: () = ();
/// `peek` shows the names that were granted, not only the key.
pub const names: () = ();
/// One store holds buckets of different keys; needs `store:`.
pub const keys: () = ();
/// Several handles, or connections, share a bucket; needs `store:`.
pub const shared: () = ();
/// A bucket outlives its handles; needs `store:`.
pub const reopening: () = ();
/// Its store can be made to fail; needs `faults:`.
pub const faults: () = ();
/// How much it stores can be told; needs `footprint:`.
pub const footprint: () = ();
