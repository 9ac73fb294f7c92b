//! A bucket for each name, `KeyedMemory` and `KeyedFactory`: each decides as one bucket a name does, whatever happens.
//!
//! `history` tells what may happen to a few names and `equal` plays it beside one bucket each; `windows` counts over
//! whatever was granted where clocks run back. The rest are single promises, one topic a file.

#[cfg(test)]
mod async_only;
#[cfg(test)]
mod caps;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod equal;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod first_use;
#[cfg(test)]
mod gone;
#[cfg(test)]
mod history;
#[cfg(test)]
mod interleaved;
#[cfg(test)]
mod limiter_pair;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod rates;
#[cfg(test)]
mod stamps;
#[cfg(test)]
mod strange_names;
#[cfg(test)]
mod sweeps;
#[cfg(test)]
mod traces;
#[cfg(test)]
mod windows;
