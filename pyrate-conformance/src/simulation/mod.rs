//! A simulation of several hosts on one shared bucket, in virtual time.
//!
//! Callers come at random, ask through a [`Limiter`](pyrate_core::Limiter) of their host with random weights and
//! patience, wait, leave at any moment, or vanish with their host, which comes back with a handle of its own. One clock
//! drives the bucket and all who sleep, and jumps from event to event. Everything follows from a seed and happens on one
//! thread: who fails once fails again.
//!
//! After each event it must hold, from outside, that
//!
//! - whoever waits goes at the promised instant, neither earlier nor later;
//! - nobody goes before one who came earlier and still waits, but to a place that somebody left;
//! - nobody waits or is denied who would fit: each answer is that of the [`Oracle`](crate::Oracle), which
//!   tries all instants. What leaving callers cost is thus exactly what the rules allow;
//! - no window of any rate holds more than its limit, as [`audit`](crate::audit) counts.
//!
//! ```
//! use std::sync::Arc;
//! use pyrate_conformance::{MemoryStore, simulation};
//!
//! let tally = simulation::clean(0..20, |rates, clock| {
//!     let store = MemoryStore::new(clock);
//!     move || store.bucket("key", rates.clone())
//! });
//! assert!(tally.waited > 0 && tally.left > 0);
//! ```

mod books;
mod host;
mod schedule;
mod world;

use std::env;
use std::fmt;
use std::ops::Range;

use pyrate_core::{AbstractBucket, ManualClock, Rates};

use world::World;

/// The environment variable that names a seed to be played alone.
const SEED: &str = "PYRATE_SEED";

/// What happened in simulations that found nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Calls that were granted at once.
    pub at_once: u64,
    /// Calls that were granted after a wait.
    pub waited: u64,
    /// Calls that were denied.
    pub denied: u64,
    /// Callers who left the line.
    pub left: u64,
    /// Of the calls granted, those that took a place somebody had left.
    pub places: u64,
    /// Callers who vanished with their host, and told nobody.
    pub vanished: u64,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.at_once += other.at_once;
        self.waited += other.waited;
        self.denied += other.denied;
        self.left += other.left;
        self.places += other.places;
        self.vanished += other.vanished;
    }
}

/// What a simulation found: a bucket that broke a promise.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The seed that shows it again.
    pub seed: u64,
    /// What was promised, and what happened.
    pub what: String,
    /// Everything that happened before.
    pub story: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.story {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "seed {}: {}", self.seed, self.what)?;
        write!(
            f,
            "to play it alone: {SEED}={} cargo test --all-features --test simulation",
            self.seed
        )
    }
}

/// Plays the schedule of `seed`. `open` makes a bucket of rates and a clock; what it returns is called for each host,
/// and makes a handle on that bucket.
///
/// # Errors
///
/// [`Finding`] if a promise is broken.
pub fn play<B: AbstractBucket, F: FnMut() -> B>(
    seed: u64,
    open: impl FnOnce(Rates, ManualClock) -> F,
) -> Result<Tally, Box<Finding>> {
    let mut world = World::new(seed, open);
    match world.run() {
        Ok(()) => Ok(world.tally()),
        Err(what) => Err(Box::new(Finding { seed, what, story: world.into_story() })),
    }
}

/// Plays each of `seeds`, or only the one that the environment variable `PYRATE_SEED` names.
///
/// # Panics
///
/// If one finds something; the message is the [`Finding`].
#[expect(clippy::panic, reason = "that is how a test fails")]
pub fn clean<B: AbstractBucket, F: FnMut() -> B>(
    seeds: Range<u64>,
    open: impl Fn(Rates, ManualClock) -> F,
) -> Tally {
    let alone = env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    let seeds = alone.map_or(seeds, |seed| seed..seed + 1);
    let mut tally = Tally::default();
    for seed in seeds {
        match play(seed, &open) {
            Ok(played) => tally.add(played),
            Err(finding) => panic!("{finding}"),
        }
    }
    tally
}

/// Plays `seeds` until one finds something: how a planted fault is shown to be found.
pub fn first_finding<B: AbstractBucket, F: FnMut() -> B>(
    mut seeds: Range<u64>,
    open: impl Fn(Rates, ManualClock) -> F,
) -> Option<Box<Finding>> {
    seeds.find_map(|seed| play(seed, &open).err())
}
