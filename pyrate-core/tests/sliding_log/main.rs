//! `SlidingLog` against DESIGN.md section 1: each rule in plain sentences, and random histories beside an oracle.
//!
//! `rules` and `numbers` read as a list of promises; `histories` tries them all at once, `bytes` for as long as a log lives; `oracle` is what they are
//! measured by, `pair` runs both side by side, `audit` counts windows over whatever was granted.

#![allow(clippy::unchecked_time_subtraction, reason = "a test may stop at the first surprise")]

#[cfg(test)]
mod audit;
#[cfg(test)]
mod bytes;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod extreme;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod history;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod rules;
