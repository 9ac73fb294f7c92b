//! The limiters beside which ours is measured: so wide that nothing is denied, or so narrow that all is.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::FakeRelativeClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use ratelimit::Ratelimiter;
use xtask::paired::{Peer, Skill};

pub(crate) const GOVERNOR: Peer<'_> =
    Peer::new("governor").cannot(&[Skill::ExactWindows, Skill::SeveralRates, Skill::WaitingInLine]);
pub(crate) const LEAKY_BUCKET: Peer<'_> =
    Peer::new("leaky-bucket").cannot(&[Skill::ExactWindows, Skill::SeveralRates]);
pub(crate) const RATELIMIT: Peer<'_> = Peer::new("ratelimit").cannot(&[
    Skill::ExactWindows,
    Skill::SeveralRates,
    Skill::WaitingInLine,
]);

/// So many units a second that no call is denied: governor counts whole nanoseconds between them.
pub(crate) const PLENTY: u32 = 1_000_000_000;

const WEEK: Duration = Duration::from_hours(7 * 24);

pub(crate) fn governor_with_plenty() -> DefaultDirectRateLimiter {
    RateLimiter::direct(Quota::per_second(NonZeroU32::new(PLENTY).unwrap()))
}

pub(crate) fn governor_with_none() -> DefaultDirectRateLimiter {
    let peer = RateLimiter::direct(Quota::with_period(WEEK).unwrap());
    assert!(peer.check().is_ok() && peer.check().is_err());
    peer
}

pub(crate) type GovernorInHand =
    RateLimiter<NotKeyed, InMemoryState, FakeRelativeClock, NoOpMiddleware<Nanos>>;

/// A quota that is used up, and gives a unit each step.
pub(crate) fn governor_at_its_limit(
    units: u32,
    step: Duration,
    clock: &FakeRelativeClock,
) -> GovernorInHand {
    let burst = NonZeroU32::new(units).unwrap();
    let quota = Quota::with_period(step).unwrap().allow_burst(burst);
    let peer = RateLimiter::direct_with_clock(quota, clock.clone());
    assert!(peer.check_n(burst).unwrap().is_ok() && peer.check().is_err());
    peer
}

pub(crate) fn leaky_bucket_with_plenty() -> leaky_bucket::RateLimiter {
    let most = usize::MAX >> 1;
    leaky_bucket::RateLimiter::builder().max(most).initial(most).refill(1).build()
}

pub(crate) fn leaky_bucket_with_none() -> leaky_bucket::RateLimiter {
    leaky_bucket::RateLimiter::builder().max(1).initial(0).refill(1).interval(WEEK).build()
}

pub(crate) fn ratelimit_with_plenty() -> Ratelimiter {
    let most = u64::from(PLENTY) * 60;
    Ratelimiter::builder(PLENTY.into()).max_tokens(most).initial_available(most).build().unwrap()
}

pub(crate) fn ratelimit_with_none() -> Ratelimiter {
    Ratelimiter::builder(1).period(WEEK).max_tokens(1).initial_available(0).build().unwrap()
}
