//! Functions that ask before they run, for threads and for tasks; and so iterators and streams at the pace of a limiter.

// An example prints: that is its job.
#![allow(clippy::print_stdout)]

use std::cell::Cell;
use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use pyrate_memory::{InMemoryBucket, Limiter, Rate, RateError};

/// How often `fetch` ran.
static FETCHES: AtomicU32 = AtomicU32::new(0);

async fn fetch(page: u32) -> String {
    FETCHES.fetch_add(1, Ordering::Relaxed);
    format!("page {page}")
}

fn main() -> Result<(), Box<dyn Error>> {
    a_denied_call_never_runs()?;
    calls_wait_in_line()?;
    an_iterator_waits()?;
    in_tasks()
}

/// Two at once, the third 100 ms after the first, and so on.
fn two_in_100_ms() -> Result<Limiter, RateError> {
    Ok(Limiter::new(InMemoryBucket::new(Rate::new(2, Duration::from_millis(100))?)))
}

fn a_denied_call_never_runs() -> Result<(), Box<dyn Error>> {
    let limiter = Limiter::new(InMemoryBucket::new(Rate::per_minute(10)));
    let runs = Cell::new(0);
    let length = |(_, text): (u64, &str)| {
        runs.set(runs.get() + 1);
        text.len()
    };
    // Several arguments are a tuple. The mapping sees them, and may set a name and a weight.
    let cost = |(user, text): &(u64, &str)| (format!("user-{user}"), text.len() as u64);
    let length = limiter.try_wrap(cost, length);

    assert_eq!(length((7, "hello"))?, 5);
    let refusal = length((7, "goodbye")).err();
    assert_eq!(runs.get(), 1);
    println!("try_wrap: one call ran, the other did not: {}", refusal.ok_or("7 more fitted")?);
    Ok(())
}

fn calls_wait_in_line() -> Result<(), Box<dyn Error>> {
    let double = two_in_100_ms()?.wrap(|_: &u32| "doubles", |number| number * 2);
    let start = Instant::now();
    let doubles = [double(1)?, double(2)?, double(3)?];
    assert_eq!(doubles, [2, 4, 6]);
    report("wrap: three calls", start, Duration::from_millis(100));
    Ok(())
}

fn an_iterator_waits() -> Result<(), Box<dyn Error>> {
    let limiter = two_in_100_ms()?;
    let start = Instant::now();
    let items: Result<Vec<u32>, _> = (1..=5).map(limiter.wrap(|_| "items", |item| item)).collect();
    assert_eq!(items?, [1, 2, 3, 4, 5]);
    report("an iterator of five", start, Duration::from_millis(200));
    Ok(())
}

// Apart from the above, because `wrap` blocks its thread: inside a task, use the async forms.
#[tokio::main(flavor = "current_thread")]
async fn in_tasks() -> Result<(), Box<dyn Error>> {
    a_denied_task_never_runs().await?;
    tasks_wait_in_line().await?;
    a_stream_waits().await
}

async fn a_denied_task_never_runs() -> Result<(), Box<dyn Error>> {
    let limiter = Limiter::new(InMemoryBucket::new(Rate::per_minute(1)));
    let fetch_now = limiter.try_wrap_async(|_: &u32| "pages", fetch);
    assert_eq!(fetch_now(1).await?, "page 1");
    let refusal = fetch_now(2).await.err();
    assert_eq!(FETCHES.load(Ordering::Relaxed), 1);
    println!("try_wrap_async: one call ran, the other did not: {}", refusal.ok_or("2 fitted")?);
    Ok(())
}

async fn tasks_wait_in_line() -> Result<(), Box<dyn Error>> {
    let fetch_politely = two_in_100_ms()?.wrap_async(|_: &u32| "pages", fetch);
    let start = Instant::now();
    let tasks: Vec<_> = (1..=3).map(|page| tokio::spawn(fetch_politely(page))).collect();
    for (page, task) in (1..).zip(tasks) {
        assert_eq!(task.await??, format!("page {page}"));
    }
    report("wrap_async: three tasks", start, Duration::from_millis(100));
    Ok(())
}

async fn a_stream_waits() -> Result<(), Box<dyn Error>> {
    let limiter = two_in_100_ms()?;
    let start = Instant::now();
    let polite =
        stream::iter(1..=5).then(limiter.wrap_async(|_| "items", |item| async move { item }));
    let items: Vec<Result<u32, _>> = polite.collect().await;
    assert_eq!(items.into_iter().collect::<Result<Vec<_>, _>>()?, [1, 2, 3, 4, 5]);
    report("a stream of five", start, Duration::from_millis(200));
    Ok(())
}

fn report(what: &str, start: Instant, at_least: Duration) {
    let took = start.elapsed();
    assert!(took >= at_least, "{what} took {took:?}");
    println!("{what} took {} ms, {} at the shortest", took.as_millis(), at_least.as_millis());
}
