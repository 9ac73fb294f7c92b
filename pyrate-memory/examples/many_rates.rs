//! Three rates at once, and items of different weights: when each goes, and which rate made it wait.

// An example prints: that is its job.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::{Duration, Instant};

use pyrate_memory::{AcquireError, InMemoryBucket, Limiter, Rates};

fn main() -> Result<(), Box<dyn Error>> {
    let rates: Rates = "3/200ms;8/second;12/2s".parse()?;
    println!("{rates}, weights 1 to 3, and one that never fits");
    let limiter = Limiter::new(InMemoryBucket::new(rates));
    let start = Instant::now();
    for weight in [1, 2, 3, 1, 1, 3, 4, 1, 2, 1] {
        let reason = limiter.try_acquire(("job", weight)).err();
        let went = limiter.acquire(("job", weight));
        report(weight, start.elapsed(), reason, went.is_ok());
    }
    Ok(())
}

fn report(weight: u64, elapsed: Duration, reason: Option<AcquireError>, has_gone: bool) {
    let elapsed = elapsed.as_millis();
    match reason {
        None => println!("  weight {weight} went at once    ({elapsed:4} ms)"),
        Some(reason) if has_gone => {
            println!("  weight {weight} went after {elapsed:4} ms: {reason}");
        }
        Some(reason) => println!("  weight {weight} never goes: {reason}"),
    }
}
