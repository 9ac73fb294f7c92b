//! A server that answers 429 beyond its limit, and two clients over real HTTP: one sends as it likes, one asks pyrate first.

// An example prints: that is its job.
#![allow(clippy::print_stdout)]

mod client;
mod server;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use client::{Connection, Failure, Tally};
use pyrate_memory::{InMemoryBucket, Limiter, Rate, Rates};
use tokio::task::JoinSet;

const LIMIT: u32 = 10;
const INTERVAL: Duration = Duration::from_millis(500);
/// A request arrives between 0 and this long after its grant: the task must wake, the bytes must travel, and the server
/// must come to count them. On loopback that takes a millisecond, on a busy machine many.
const LATE: Duration = Duration::from_millis(150);
const CONNECTIONS: u32 = 4;
const REQUESTS_EACH: u32 = 15;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let rate = Rate::new(LIMIT.into(), INTERVAL)?;
    let requests = CONNECTIONS * REQUESTS_EACH;
    println!("A server allows {rate}; {requests} requests over {CONNECTIONS} connections:");
    let hasty = hasty_client().await?;
    let polite = polite_client(Rates::from(rate).with_tolerance(LATE)).await?;
    print_cost(requests, polite.latest);

    assert!(hasty.refused > 0, "the server holds nobody to its limit");
    assert_eq!(polite.refused, 0, "a request was later than {LATE:?}, or pyrate is wrong");
    Ok(())
}

async fn hasty_client() -> Result<Tally, Failure> {
    // Each client has a server, and so a window, for itself.
    let server = server::start(LIMIT as usize, INTERVAL).await?;
    over_all_connections("without pyrate", server, |connection| {
        connection.send_hastily(REQUESTS_EACH)
    })
    .await
}

async fn polite_client(rates: Rates) -> Result<Tally, Failure> {
    let server = server::start(LIMIT as usize, INTERVAL).await?;
    let limiter = Limiter::new(InMemoryBucket::new(rates));
    over_all_connections("with pyrate", server, |connection| {
        connection.send_politely(REQUESTS_EACH, limiter.clone())
    })
    .await
}

/// Sends over all connections at once.
async fn over_all_connections<F>(
    who: &str,
    server: SocketAddr,
    send: impl Fn(Connection) -> F,
) -> Result<Tally, Failure>
where
    F: Future<Output = Result<Tally, Failure>> + Send + 'static,
{
    // Opened before the first grant: connecting would make the first requests late.
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(server).await?);
    }
    let start = Instant::now();
    let mut tasks: JoinSet<_> = connections.into_iter().map(send).collect();
    let mut sum = Tally::default();
    while let Some(tally) = tasks.join_next().await {
        sum = sum.plus(tally??);
    }
    let (Tally { served, refused, .. }, took) = (sum, start.elapsed().as_millis());
    println!("  {who:14}  {served:2} served, {refused:2} times 429, in {took:4} ms");
    Ok(sum)
}

/// What the tolerance costs in time, and how much of it was needed.
fn print_cost(requests: u32, latest: Duration) {
    // The last request goes when this many windows, each full, have passed.
    let windows = requests.div_ceil(LIMIT) - 1;
    let (shortest, tolerant) = (windows * INTERVAL, windows * (INTERVAL + LATE));
    println!("The shortest possible time for {requests} served is {shortest:?}. A tolerance of");
    println!("{LATE:?} makes each of {windows} windows that much longer: {tolerant:?}.");
    println!("All requests arrived at most {latest:.1?} after their grant.");
}
