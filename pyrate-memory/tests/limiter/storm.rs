//! A storm: more callers than the limit serves, who leave when they have waited for a second.

use std::time::Duration;

use pyrate_memory::{Limiter, Rate, Timestamp};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::desk::{fullest, on_tokio};

const LIMIT: u64 = 20;
const SECONDS: u64 = 60;
const PATIENCE: Duration = Duration::from_secs(1);

/// The instants at which callers were served, who come at 1.5 times the limit.
async fn served(limiter: Limiter) -> Vec<Timestamp> {
    let mut callers = JoinSet::new();
    for _ in 0..LIMIT * SECONDS * 3 / 2 {
        let limiter = limiter.clone();
        callers.spawn(async move {
            let grant = timeout(PATIENCE, limiter.acquire_async("caller")).await.ok()?.unwrap();
            Some(grant.at)
        });
        sleep(Duration::from_secs(1) * 2 / 3 / u32::try_from(LIMIT).unwrap()).await;
    }
    callers.join_all().await.into_iter().flatten().collect()
}

#[tokio::test(start_paused = true)]
async fn callers_who_time_out_do_not_lower_what_is_served() {
    let served = served(on_tokio(Rate::per_second(LIMIT))).await;
    let (expected, count) = (LIMIT * SECONDS, u64::try_from(served.len()).unwrap());
    assert!(count * 10 >= expected * 9, "{count} of {expected} were served");
    assert!(fullest(&served, Duration::from_secs(1)) <= usize::try_from(LIMIT).unwrap());
}
