//! The scripts that the server runs: their texts, what they are asked and what they answer.
//!
//! A bucket's arithmetic is in the Lua files beside this one. Nothing here speaks to a server.

mod answer;
mod request;
mod text;

pub(crate) use answer::{Answer, Placed};
pub(crate) use request::{Message, Moment, Plan, Request, Target};
pub(crate) use text::Script;

/// The greatest number that the scripts count with: a double of Lua is exact up to here.
pub(crate) const MAX_NUMBER: u64 = (1 << 53) - 1;

/// The version of the stored format, which stands in a bucket's trailer.
pub(crate) const VERSION: u8 = 1;
