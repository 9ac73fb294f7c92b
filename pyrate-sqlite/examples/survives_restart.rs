//! A limit that outlives its process: the store is closed and opened again, as by a restart, and the units granted before
//! still count.

// An example prints: that is its job.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use pyrate_sqlite::{AcquireError, Limiter, Rate, SqliteStore};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("limits.db");

    println!("before the restart:");
    let limiter = open(&path)?;
    for call in 1..=3 {
        limiter.try_acquire("user-7")?;
        println!("  call {call} goes");
    }
    drop(limiter); // and with it the store: nothing of it is left in this process

    println!("after it:");
    let limiter = open(&path)?;
    let Err(AcquireError::BucketFull { retry_after, .. }) = limiter.try_acquire("user-7") else {
        return Err("the restart has lost the limit".into());
    };
    println!("  call 4 is refused: there is room in {retry_after:?}, to the microsecond");

    let start = Instant::now();
    limiter.acquire("user-7")?;
    println!("  call 4 waits instead, and goes after {:?}", start.elapsed());
    Ok(())
}

/// Three calls in two seconds, whoever makes them and whenever the process began.
fn open(path: &Path) -> Result<Limiter, Box<dyn Error>> {
    let rate = Rate::new(3, Duration::from_secs(2))?;
    Ok(Limiter::new(SqliteStore::open(path)?.bucket("api.example.com", rate)))
}
