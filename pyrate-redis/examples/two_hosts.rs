//! Two hosts share one limit, though their clocks are an hour apart: 20 units in 200 ms and 50 in a second. Each is a process
//! of its own, which writes down what it was granted, and when by its own clock and by the server's. At the end, all windows
//! are checked.

// An example prints: that is its job.
#![allow(clippy::print_stdout)]

mod throwaway;

use std::env;
use std::error::Error;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pyrate_conformance::audit;
use pyrate_redis::{
    BucketError, Clock, Limiter, Rates, RedisStore, Request, SystemClock, Timestamp,
};

const RATES: &str = "20/200ms;50/1s";
const WORK: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    match words.as_slice() {
        [url, name, ahead] => work(url, name, Duration::from_secs(ahead.parse()?)),
        _ => compare(),
    }
}

// ---- A host -------------------------------------------------------------------------------------------------------

/// A host's clock, which somebody has set wrong.
struct WrongClock {
    ahead: Duration,
}

impl Clock for WrongClock {
    fn now(&self) -> Result<Timestamp, BucketError> {
        let now = SystemClock.now()?;
        Ok(now.checked_add(self.ahead).unwrap_or(Timestamp::MAX))
    }
}

/// Takes what it gets, for as long as it works; one line for each grant: by the server's clock, by its own, and the weight.
fn work(url: &str, name: &str, ahead: Duration) -> Result<(), Box<dyn Error>> {
    let store = RedisStore::builder(url).prefix("example-hosts:").build()?;
    let limiter = Limiter::new(store.bucket("shared", RATES.parse::<Rates>()?));
    let (clock, start) = (WrongClock { ahead }, Instant::now());
    for weight in [1, 2, 3, 1, 5].into_iter().cycle() {
        let Some(left) = WORK.checked_sub(start.elapsed()) else { break };
        let request = Request::new(name).weight(weight).max_delay(left);
        let Ok(grant) = limiter.acquire(request) else { break };
        println!("{} {} {weight}", grant.at.as_micros(), clock.now()?.as_micros());
    }
    Ok(())
}

// ---- What both were granted ---------------------------------------------------------------------------------------

fn compare() -> Result<(), Box<dyn Error>> {
    let server = throwaway::Server::from_environment_or_start()?;
    let rates: Rates = RATES.parse()?;
    println!("{rates}, for two hosts together, {WORK:?} long");
    let start = |name: &str, ahead: &str| {
        let mut host = Command::new(env::current_exe()?);
        host.args([server.url(), name, ahead]).stdout(Stdio::piped()).spawn()
    };
    let hosts = [("one", start("one", "0")?), ("two", start("two", "3600")?)];
    let mut granted = Vec::new();
    for (name, host) in hosts {
        let output = host.wait_with_output()?;
        if !output.status.success() {
            return Err(format!("host {name} failed").into());
        }
        granted.extend(report(name, &String::from_utf8(output.stdout)?)?);
    }
    let units: u64 = granted.iter().map(|(_, weight)| weight).sum();
    let findings = audit(&rates, &granted);
    println!("together: {units} units; windows that hold too much: {}", findings.len());
    if findings.is_empty() { Ok(()) } else { Err(format!("{findings:?}").into()) }
}

/// What a host was granted, by the server's clock.
fn report(name: &str, lines: &str) -> Result<Vec<(Timestamp, u64)>, Box<dyn Error>> {
    let (mut granted, mut ahead) = (Vec::new(), 0);
    for line in lines.lines() {
        let numbers = line.split(' ').map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        let [at, own, weight] = numbers.as_slice() else { return Err("three numbers".into()) };
        ahead = own.saturating_sub(*at) / 60_000_000;
        granted.push((Timestamp::from_micros(*at), *weight));
    }
    let units: u64 = granted.iter().map(|(_, weight)| weight).sum();
    println!(
        "host {name}, its clock {ahead} minutes ahead: {} grants, {units} units",
        granted.len()
    );
    Ok(granted)
}
