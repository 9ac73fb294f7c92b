//! One limit for four processes: this program starts four of itself on one file, collects what each was granted, and
//! looks for a window that holds more than its rate allows.

// An example prints: that is its job.
#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pyrate_conformance::audit;
use pyrate_sqlite::{Limiter, Rates, SqliteStore, Timestamp};

const PROCESSES: usize = 4;
const RUN: Duration = Duration::from_secs(3);

type Grants = Vec<(Timestamp, u64)>;

fn main() -> Result<(), Box<dyn Error>> {
    match env::args_os().nth(1) {
        Some(path) => work(Path::new(&path)),
        None => start_and_audit(),
    }
}

/// What all of them share.
fn rates() -> Result<Rates, Box<dyn Error>> {
    Ok("50/100ms;200/s".parse()?)
}

/// One of the four: takes 1 to 5 units at a time, waits for them in line, and prints each grant.
fn work(path: &Path) -> Result<(), Box<dyn Error>> {
    let limiter = Limiter::new(SqliteStore::open(path)?.bucket("api.example.com", rates()?));
    let start = Instant::now();
    for weight in (1..=5).cycle().take_while(|_| start.elapsed() < RUN) {
        let grant = limiter.acquire(("call", weight))?;
        println!("{} {}", grant.at.as_micros(), grant.weight);
    }
    Ok(())
}

fn start_and_audit() -> Result<(), Box<dyn Error>> {
    let (folder, rates) = (tempfile::tempdir()?, rates()?);
    let path = folder.path().join("limits.db");
    println!("{PROCESSES} processes share {rates} for {RUN:?}");

    let started: Vec<_> = (0..PROCESSES).map(|_| start(&path)).collect::<Result<_, _>>()?;
    let mut all = Grants::new();
    for (number, child) in started.into_iter().enumerate() {
        let grants = grants_of(child)?;
        println!("  process {} had {} units", number + 1, units(&grants));
        all.extend(grants);
    }
    println!("  together they had {}", units(&all));

    let findings = audit(&rates, &all);
    for found in &findings {
        println!(
            "  too many from {} to {}: {} of {}",
            found.first, found.last, found.units, found.rate
        );
    }
    if findings.is_empty() && !all.is_empty() {
        println!("no window held more than its rate allows");
        return Ok(());
    }
    Err("the limit was not held".into())
}

fn start(path: &Path) -> Result<Child, Box<dyn Error>> {
    Ok(Command::new(env::current_exe()?).arg(path).stdout(Stdio::piped()).spawn()?)
}

/// What a process printed, once it has ended.
fn grants_of(child: Child) -> Result<Grants, Box<dyn Error>> {
    let ended = child.wait_with_output()?;
    if !ended.status.success() {
        return Err(format!("a process failed: {}", ended.status).into());
    }
    let printed = String::from_utf8(ended.stdout)?;
    printed
        .lines()
        .map(|line| grant(line).ok_or_else(|| format!("no grant: {line}").into()))
        .collect()
}

fn grant(line: &str) -> Option<(Timestamp, u64)> {
    let (at, weight) = line.split_once(' ')?;
    Some((Timestamp::from_micros(at.parse().ok()?), weight.parse().ok()?))
}

fn units(grants: &Grants) -> u64 {
    grants.iter().map(|(_, weight)| weight).sum()
}
