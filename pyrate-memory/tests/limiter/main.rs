//! The limiter over buckets in memory: who waits and in which order, what is refused and how, and what is given back.
//!
//! One crate, so that its files share `desk`: clocks that are moved by hand, futures that are polled by hand. Only
//! `audit` runs on real time.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod blocking;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod keyed;
#[cfg(test)]
mod line;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod order;
#[cfg(test)]
mod patience;
#[cfg(test)]
mod places;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod surface;
#[cfg(test)]
mod wrap;
