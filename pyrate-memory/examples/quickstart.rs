//! Five units in two seconds: five callers go, the sixth is refused and told why and for how long. Then eleven callers
//! wait in line instead, and each prints when it went.

// An example prints: that is its job.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::{Duration, Instant};

use pyrate_memory::{InMemoryBucket, Limiter, Rate};

fn main() -> Result<(), Box<dyn Error>> {
    let rate = Rate::new(5, Duration::from_secs(2))?;
    refuse_the_sixth(rate);
    wait_in_line(rate)
}

fn refuse_the_sixth(rate: Rate) {
    println!("{rate}, never waiting:");
    let limiter = Limiter::new(InMemoryBucket::new(rate));
    for caller in 1..=6 {
        match limiter.try_acquire("user-7") {
            Ok(_) => println!("  call {caller} goes"),
            Err(refusal) => println!("  call {caller} is refused: {refusal}"),
        }
    }
}

fn wait_in_line(rate: Rate) -> Result<(), Box<dyn Error>> {
    println!("{rate}, waiting in line:");
    let limiter = Limiter::new(InMemoryBucket::new(rate));
    let start = Instant::now();
    for caller in 1..=11 {
        limiter.acquire("user-7")?;
        println!("  call {caller:2} went after {:4} ms", start.elapsed().as_millis());
    }
    Ok(())
}
