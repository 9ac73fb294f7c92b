//! "The exact rules" of DESIGN.md section 1, one small story each.
//!
//! Rule 7 stands in `numbers`; rule 10 is not about the log.

mod denials;
mod identity;
mod places;
mod shown;
mod time;
mod windows;
