//! Processes under load while the server forgets its scripts, drops connections, pauses, and dies: no window holds too much,
//! nothing is charged twice, each call ends in time, and all of them work afterwards.

use std::thread;
use std::time::{Duration, Instant};

use pyrate_conformance::audit;
use pyrate_redis::{AbstractBucket, BucketError, RateItem, Rates, RedisBucket, RedisStore};

use crate::chance::Chance;
use crate::child::{self, Child};
use crate::reports::Reports;
use crate::seconds;
use crate::support::server::Server;
use crate::workers::Crew;

const TIMEOUT: Duration = Duration::from_millis(300);
/// Where no call may fail, not even on a machine that lets nobody run for a while.
const PATIENT: Duration = Duration::from_secs(10);
/// How much longer than its timeout a call may take.
const LATE: Duration = Duration::from_millis(250);

/// The last rate forgets nothing while the test runs: by it all units that were ever charged can be counted.
fn rates() -> Rates {
    "50/100ms;200/s;700000/hour".parse().unwrap()
}

fn open(url: &str, timeout: Duration) -> RedisBucket {
    let store = RedisStore::builder(url).command_timeout(timeout).build().unwrap();
    store.bucket("shared", rates())
}

/// What the child does: works until it is called off, and then makes each of the calls.
fn work(order: &[String], timeout: Duration) {
    let bucket = open(&order[0], timeout);
    let is_over = child::called_off();
    child::tell("ready");
    let crew = Crew { threads: 8, seed: order[1].parse().unwrap(), pauses: 0..=2_000, clock: None };
    crew.work(&bucket, &is_over);
    every_call(&bucket).unwrap();
}

fn every_call(bucket: &RedisBucket) -> Result<(), BucketError> {
    let item = RateItem::new("afterwards", 1);
    bucket.now()?;
    bucket.waiting(&item)?;
    bucket.leak(None)?;
    bucket.available()?;
    bucket.peek(0)?;
    let _ = bucket.reserve(&item, Duration::ZERO)?;
    bucket.count().map(|_| ())
}

/// Three processes work, with the server as it is at first, then with `disturb` called again and again, then left alone.
fn harvest(name: &str, server: &Server, mut disturb: impl FnMut(&mut Chance)) -> Reports {
    let mut chance = Chance::new();
    let mut start = || Child::start(name, &format!("{} {}", server.url(), chance.next()), &[]);
    let mut children = [start(), start(), start()];
    for child in &mut children {
        assert_eq!(child.next().as_deref(), Some("ready"));
    }
    thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds()) {
        disturb(&mut chance);
    }
    // What is on its way comes to its end, whatever that is.
    thread::sleep(2 * TIMEOUT);
    children.iter_mut().for_each(Child::call_off);
    let mut told = Reports::default();
    for (number, child) in children.into_iter().enumerate() {
        child.told_to_the_end().iter().for_each(|line| told.read(number, line));
    }
    told
}

/// Audits what is known to be granted; and what is charged is that, and at most what nobody knows of.
fn check(server: &Server, told: &Reports, expected: &[&str]) {
    assert_eq!(audit(&rates(), &told.pairs()), [], "a window above its limit");
    let (charged, granted, unknown) =
        (open(&server.url(), TIMEOUT).count().unwrap(), told.units(), told.unknown);
    let (failed, longest, held_up) = (told.failures.len(), told.longest, told.held_up);
    println!(
        "granted {granted}, charged {charged}, unknown {unknown}; {failed} failed; longest call {longest:?}, \
         held up {held_up:?}"
    );
    let strange = |kind: &&String| !expected.contains(&kind.as_str());
    assert_eq!(told.failures.iter().find(strange), None);
    let allowed = TIMEOUT + LATE + told.held_up;
    assert!(told.longest < allowed, "{:?}, and held up {:?}", told.longest, told.held_up);
    assert!(granted > 100, "{granted} units were granted");
    // Each child takes a unit at its end, of which it doesn't tell.
    let most = granted + unknown + 3;
    assert!((granted..=most).contains(&charged), "{granted} to {most} units, not {charged}");
}

#[test]
fn scripts_that_are_forgotten_every_50_ms_cost_nobody_anything() {
    if let Some(order) = child::order() {
        return work(&order, PATIENT);
    }
    let server = Server::start();
    let told = harvest(
        "disturbed::scripts_that_are_forgotten_every_50_ms_cost_nobody_anything",
        &server,
        |_| {
            assert_eq!(server.ask("SCRIPT FLUSH"), "OK");
            thread::sleep(Duration::from_millis(50));
        },
    );
    check(&server, &told, &[]);
}

#[test]
fn connections_that_are_killed_at_random_lose_answers_and_charge_nobody_twice() {
    if let Some(order) = child::order() {
        return work(&order, TIMEOUT);
    }
    let server = Server::start();
    let told = harvest(
        "disturbed::connections_that_are_killed_at_random_lose_answers_and_charge_nobody_twice",
        &server,
        |chance| {
            server.ask("CLIENT KILL TYPE normal");
            thread::sleep(chance.micros(0..=30_000));
        },
    );
    check(&server, &told, &["ConnectionLost", "Unreachable", "TimedOut", "NotSent"]);
    assert!(!told.failures.is_empty(), "nothing was disturbed");
}

#[test]
fn a_server_that_pauses_for_longer_than_the_timeout_holds_nobody_up_beyond_it() {
    if let Some(order) = child::order() {
        return work(&order, TIMEOUT);
    }
    let server = Server::start();
    let told = harvest(
        "disturbed::a_server_that_pauses_for_longer_than_the_timeout_holds_nobody_up_beyond_it",
        &server,
        |chance| {
            let pause = chance.within(400..=800);
            server.ask(&format!("CLIENT PAUSE {pause} ALL"));
            thread::sleep(Duration::from_millis(pause) + chance.micros(200_000..=500_000));
        },
    );
    check(&server, &told, &["TimedOut", "NotSent", "Unreachable", "ConnectionLost"]);
    assert!(told.failures.iter().any(|kind| kind == "TimedOut"), "nothing was disturbed");
}

/// It writes each change down before it answers, so that all lives are audited as one.
#[test]
fn a_server_that_is_killed_and_restarted_forgets_nothing_that_it_acknowledged() {
    if let Some(order) = child::order() {
        return work(&order, TIMEOUT);
    }
    let server = Server::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    // In turns for longer than a call waits, and for less.
    let mut away = [300_000..=600_000, 0..=300_000].into_iter().cycle();
    let told = harvest(
        "disturbed::a_server_that_is_killed_and_restarted_forgets_nothing_that_it_acknowledged",
        &server,
        |chance| {
            thread::sleep(chance.micros(200_000..=600_000));
            server.kill();
            thread::sleep(chance.micros(away.next().unwrap()));
            server.run();
        },
    );
    check(&server, &told, &["ConnectionLost", "Unreachable", "TimedOut", "NotSent", "Loading"]);
    assert!(!told.failures.is_empty(), "nothing was disturbed");
}
