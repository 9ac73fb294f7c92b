//! Four processes on one file: all of their grants together keep to the rates, and leave next to nothing unused.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use pyrate_conformance::audit;
use pyrate_sqlite::{AcquireError, Limiter, Rates, Request, SqliteStore, Timestamp};

use crate::chance::Chance;
use crate::child::{self, Child};
use crate::files::File;
use crate::reports::{self, Reports};

const NAME: &str = "shared_file::four_processes_get_what_the_rates_allow_and_next_to_all_of_it";

fn rates() -> Rates {
    "50/100ms;200/s".parse().unwrap()
}

/// Whole seconds: each then has its 200 units.
const SECONDS: u64 = 10;

#[test]
fn four_processes_get_what_the_rates_allow_and_next_to_all_of_it() {
    if let Some(order) = child::order() {
        let (seed, path) = order.split_once(' ').unwrap();
        return ask_from_many_threads(seed.parse().unwrap(), Path::new(path));
    }
    let (file, mut chance, mut told) = (File::new(), Chance::new(), Reports::default());
    let path = file.path();
    let order = || format!("{} {}", chance.next(), path.display());
    let children: Vec<_> =
        std::iter::repeat_with(order).take(4).map(|order| Child::start(NAME, &order)).collect();
    thread::scope(|scope| {
        let readers: Vec<_> =
            children.into_iter().map(|child| scope.spawn(|| child.told_to_the_end())).collect();
        for line in readers.into_iter().flat_map(|reader| reader.join().unwrap()) {
            told.read(&line);
        }
    });
    let grants = told.of("shared");
    assert_eq!(audit(&rates(), &grants), []);
    let (granted, possible) = (units_of_the_run(&grants), 200 * SECONDS);
    println!("granted {granted} of {possible}; the longest call took {:?}", told.longest);
    assert!(granted * 100 >= possible * 95, "{granted} of {possible} units were granted");
}

/// Units granted in so many seconds from the first grant on.
fn units_of_the_run(grants: &[(Timestamp, u64)]) -> u64 {
    let first = grants.iter().map(|(at, _)| *at).min().unwrap();
    let end = first.checked_add(Duration::from_secs(SECONDS)).unwrap();
    grants.iter().filter(|(at, _)| *at < end).map(|(_, weight)| weight).sum()
}

fn ask_from_many_threads(seed: u64, path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let limiter = Limiter::new(store.bucket("shared", rates()));
    thread::scope(|scope| {
        for thread in 0..16 {
            let limiter = &limiter;
            scope.spawn(move || ask(limiter, Chance::of(seed ^ thread)));
        }
    });
}

/// Asks for 1 to 5 units, now or in up to a second, until the run is over.
///
/// So many wait that the line reaches far ahead: a machine that holds up a process for a moment costs nothing then.
fn ask(limiter: &Limiter, mut chance: Chance) {
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    while start.elapsed() < Duration::from_secs(SECONDS) {
        let may_wait = chance.within(0..=3) > 0;
        let max_delay = if may_wait { chance.micros(0..=1_000_000) } else { Duration::ZERO };
        let request = Request::new("call").weight(chance.within(1..=5)).max_delay(max_delay);
        longest = longest.max(make(limiter, request));
        thread::sleep(chance.micros(1_000..=20_000));
    }
    reports::took(longest);
}

/// Makes a call and tells of it; answers how long it worked, or woke too late.
fn make(limiter: &Limiter, request: Request<'_>) -> Duration {
    let start = Instant::now();
    match limiter.acquire(request) {
        Ok(grant) => {
            let took = start.elapsed().saturating_sub(grant.delay);
            reports::granted("shared", &grant);
            return took;
        }
        Err(AcquireError::DelayExceeded { .. }) => {}
        Err(error) => reports::failed(&error),
    }
    start.elapsed()
}
