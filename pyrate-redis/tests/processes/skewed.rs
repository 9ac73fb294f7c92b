//! Four processes whose clocks are wrong: their grants together keep to the rates, leave next to nothing unused, and go by
//! the server's time, in order of arrival there.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pyrate_conformance::audit;
use pyrate_redis::{Clock, Rates, RedisStore};

use crate::chance::Chance;
use crate::child::{self, Child};
use crate::reports::{self, Reports, Told};
use crate::support::server::Server;
use crate::workers::Crew;
use crate::{faketime, seconds};

const NAME: &str = "skewed::processes_with_wrong_clocks_share_a_limit_in_order_of_arrival";

/// How far the clocks of the processes are ahead, in seconds.
const AHEAD: [f64; 4] = [0.0, 0.15, 3_600.0, -3_600.0];

fn rates() -> Rates {
    "50/100ms;200/s".parse().unwrap()
}

#[test]
fn processes_with_wrong_clocks_share_a_limit_in_order_of_arrival() {
    if let Some(order) = child::order() {
        return work(&order[0], order[1].parse().unwrap());
    }
    let (server, mut chance) = (Server::start(), Chance::new());
    let start = |ahead: &f64| {
        let order = format!("{} {}", server.url(), chance.next());
        Child::start(NAME, &order, &faketime::ahead(*ahead))
    };
    let mut children: Vec<Child> = AHEAD.iter().map(start).collect();
    let mut told = Reports::default();
    for (number, child) in children.iter_mut().enumerate() {
        told.read(number, &child.next().expect("a child ended by itself"));
    }
    thread::sleep(Duration::from_secs(seconds()) + Duration::from_millis(300));
    children.iter_mut().for_each(Child::call_off);
    for (number, child) in children.into_iter().enumerate() {
        child.told_to_the_end().iter().for_each(|line| told.read(number, line));
    }
    assert_eq!(told.failures.len(), 0, "{:?}", told.failures);
    clocks_are_wrong(&told.ahead);
    assert_eq!(audit(&rates(), &told.pairs()), [], "a window above its limit");
    next_to_all_is_granted(&told.grants);
    calls_take_place_at_the_servers_time(&told.grants);
    grants_go_in_order_of_arrival(told.grants);
}

/// Else there is nothing to be seen here.
fn clocks_are_wrong(found: &[i64]) {
    for (found, ahead) in found.iter().zip(AHEAD) {
        let due = Duration::try_from_secs_f64(f64::abs(ahead)).unwrap().as_micros();
        let due = i64::try_from(due).unwrap() * if ahead < 0.0 { -1 } else { 1 };
        assert!((found - due).abs() < 50_000, "a clock is {found} us ahead, not {due}");
    }
}

/// Counts what was granted in whole seconds from when all had begun.
fn next_to_all_is_granted(grants: &[Told]) {
    let begun = |child| grants.iter().filter(|told| told.child == child).map(|told| told.at).min();
    let first = (0..AHEAD.len()).map(|child| begun(child).expect("each got something"));
    let first = first.max().unwrap();
    let end = first + seconds() * 1_000_000;
    let of_the_run = grants.iter().filter(|told| (first..end).contains(&told.at));
    let granted: u64 = of_the_run.map(|told| told.weight).sum();
    let possible = 200 * seconds();
    println!("granted {granted} of {possible}");
    assert!(granted * 100 >= possible * 95, "{granted} of {possible} units were granted");
}

fn calls_take_place_at_the_servers_time(grants: &[Told]) {
    for told in grants {
        let (from, to) = told.between;
        assert!((from..=to).contains(&told.decided), "decided at another time: {told:?}");
    }
}

/// Nobody gives anything back here, so whoever comes later is granted later or at the same instant.
fn grants_go_in_order_of_arrival(mut grants: Vec<Told>) {
    let mut latest = std::collections::HashMap::new();
    for told in &grants {
        let before = latest.insert((told.child, told.thread), told.at).unwrap_or(0);
        assert!(before <= told.at, "its thread had one at {before} before: {told:?}");
    }
    grants.sort_by_key(|told| (told.decided, told.at));
    for pair in grants.windows(2) {
        assert!(pair[0].at <= pair[1].at, "overtaken: {pair:?}");
    }
    let waited = grants.iter().filter(|told| told.at > told.decided).count();
    let at_once = grants.len() - waited;
    println!("{waited} grants waited, {at_once} did not");
    assert!(waited > 0, "nobody stood in line");
}

fn work(url: &str, seed: u64) {
    let store = RedisStore::connect(url).unwrap();
    reports::ahead((0..50).map(|_| look(&store)).min_by_key(|(took, _)| *took).unwrap().1);
    let is_over = child::called_off();
    assert!(!is_over.load(Ordering::Relaxed));
    let crew = Crew { threads: 16, seed, pauses: 1_000..=20_000, clock: Some(store.clock()) };
    crew.work(&store.bucket("shared", rates()), &is_over);
}

/// How long it took to look at the server's clock, and how far this process's is ahead of it.
fn look(store: &RedisStore) -> (i64, i64) {
    let own = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let own = || i64::try_from(own()).unwrap();
    let before = own();
    let server = i64::try_from(store.clock().now().unwrap().as_micros()).unwrap();
    let after = own();
    (after - before, i64::midpoint(before, after) - server)
}
