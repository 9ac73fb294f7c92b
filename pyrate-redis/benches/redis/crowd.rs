//! 64 tasks, each with a bucket of its own: decisions a second, and what each costs the server.

use std::time::Duration;

use pyrate_redis::{Rate, Rates, RedisBucket};
use xtask::paired::{Pair, Report};

use crate::callers::{from_tasks, put};
use crate::desk::{Desk, HOUR, PLENTY, float};
use crate::peer::{PING, Peer, SORTED_SET};

const TASKS: u64 = 64;

/// Why we are not further ahead of a sorted set.
const SHARED: &str = "callers and client, which both sides share, take most of a decision; and a sorted set is told the time by \
                      its caller";
/// Why we are not ahead of it by the whole weight.
const DILUTED: &str = "callers and client, which both sides share, take as long for any weight, and so most of our decision";

/// What each call of a row asks.
#[derive(Clone, Copy)]
struct Ask {
    name: &'static str,
    rates: u64,
    weight: u64,
    is_granted: bool,
    /// Decisions a second, to those of the sorted set.
    target: Option<f64>,
    /// Why the target is missed, where it is.
    because: &'static str,
}

const LIGHT: Ask = Ask {
    name: "admit, 1 rate",
    rates: 1,
    weight: 1,
    is_granted: true,
    target: Some(1.2),
    because: SHARED,
};

const ASKS: [Ask; 4] = [
    LIGHT,
    Ask { name: "admit, 3 rates", rates: 3, target: Some(1.35), ..LIGHT },
    Ask { name: "admit, weight 100", weight: 100, target: Some(10.0), because: DILUTED, ..LIGHT },
    Ask { name: "deny", is_granted: false, target: None, ..LIGHT },
];

pub(crate) fn all() -> Vec<Report> {
    let mut reports: Vec<Report> = ASKS.map(beside_sorted_set).into();
    reports.extend(beside_floors());
    reports
}

fn beside_sorted_set(ask: Ask) -> Report {
    let desk = Desk::new();
    let (buckets, peer) = (buckets(&desk, ask), &desk.peer);
    let (ours, theirs) = (ours(&buckets, ask), sorted_sets(peer, ask));
    let name = format!("redis, 64 tasks on 64 buckets, {}", ask.name);
    let pair = Pair::new(&name, SORTED_SET);
    let pair = ask.target.map_or_else(|| pair.clone(), |times| pair.clone().target(1.0 / times));
    let report = pair.run(&ours, &theirs).because(ask.because);
    print_cost(&desk, ask.name, ours);
    print_cost(&desk, &format!("{}, sorted set", ask.name), theirs);
    report
}

fn beside_floors() -> [Report; 2] {
    let desk = Desk::new();
    let buckets = buckets(&desk, LIGHT);
    let ours = ours(&buckets, LIGHT);
    let ping = repeated(TASKS, &desk.peer, |peer| async move { peer.ping().await });
    let empty = repeated(TASKS, &desk.peer, |peer| async move { peer.empty_script().await });
    let name = "redis, 64 tasks on 64 buckets, admit, 1 rate";
    let reports = [
        Pair::new(name, PING).run(&ours, &ping),
        Pair::new(name, "EVALSHA return 1").run(&ours, &empty),
    ];
    print_cost(&desk, "PING", ping);
    print_cost(&desk, "EVALSHA return 1", empty);
    reports
}

/// Intervals and limits, the same for both sides.
fn rates(ask: Ask) -> impl Iterator<Item = (i64, u64)> {
    let limit = if ask.is_granted { PLENTY } else { 1 };
    (0..ask.rates).map(move |number| {
        let number = i64::try_from(number).unwrap();
        (HOUR * (number + 1), limit - ask.rates + 1 + number.unsigned_abs())
    })
}

fn buckets(desk: &Desk, ask: Ask) -> Vec<RedisBucket> {
    let rate = |(interval, limit): (i64, u64)| {
        Rate::new(limit, Duration::from_micros(interval.unsigned_abs())).unwrap()
    };
    let rates = Rates::new(rates(ask).map(rate)).unwrap();
    let buckets: Vec<_> =
        (0..TASKS).map(|task| desk.store.bucket(format!("user-{task}"), rates.clone())).collect();
    // Those that deny are full from here on.
    for bucket in &buckets {
        pollster::block_on(put(bucket.clone(), ask.weight, 1, true));
    }
    for task in 0..TASKS {
        assert!(pollster::block_on(sorted_set(&desk.peer, task, ask)));
    }
    buckets
}

fn ours(buckets: &[RedisBucket], ask: Ask) -> impl Fn(u64) -> Duration {
    move |iterations| {
        from_tasks(TASKS, iterations, |task, times| {
            let bucket = buckets[usize::try_from(task).unwrap()].clone();
            put(bucket, ask.weight, times, ask.is_granted)
        })
    }
}

fn sorted_sets(peer: &Peer, ask: Ask) -> impl Fn(u64) -> Duration {
    move |iterations| {
        from_tasks(TASKS, iterations, |task, times| {
            let peer = peer.clone();
            async move {
                for _ in 0..times {
                    assert_eq!(sorted_set(&peer, task, ask).await, ask.is_granted);
                }
            }
        })
    }
}

async fn sorted_set(peer: &Peer, task: u64, ask: Ask) -> bool {
    let rates: Vec<(i64, i64)> =
        rates(ask).map(|(interval, limit)| (interval, i64::try_from(limit).unwrap())).collect();
    peer.sorted_set(&format!("sorted-{task}"), ask.weight, &rates).await
}

/// A peer's side, called by so many tasks.
pub(crate) fn repeated<F>(
    tasks: u64,
    peer: &Peer,
    call: impl Fn(Peer) -> F + Copy + Send + 'static,
) -> impl Fn(u64) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    move |iterations| {
        from_tasks(tasks, iterations, |_, times| {
            let peer = peer.clone();
            async move {
                for _ in 0..times {
                    call(peer.clone()).await;
                }
            }
        })
    }
}

/// Prints what a call costs the server: all its processor time, and what it says that the script alone took.
fn print_cost(desk: &Desk, name: &str, side: impl Fn(u64) -> Duration) {
    let calls =
        if std::env::var("PYRATE_BENCH_QUICK").as_deref() == Ok("1") { 6_400 } else { 64_000 };
    desk.server.ask("CONFIG RESETSTAT");
    let before = processor_seconds(desk);
    side(calls);
    let each = (processor_seconds(desk) - before) * 1e6 / float(calls);
    let stats = desk.server.ask("INFO commandstats");
    let script = stats.lines().find(|line| line.starts_with("cmdstat_evalsha"));
    let script = script.and_then(|line| field(line, "usec_per_call="));
    let script = script.map_or(String::new(), |micros| format!(", of which EVALSHA {micros:.1}"));
    println!("  processor time of the server, pipelined, {name}: {each:.1} us a call{script}");
}

fn processor_seconds(desk: &Desk) -> f64 {
    let info = desk.server.ask("INFO cpu");
    ["used_cpu_sys:", "used_cpu_user:"].iter().filter_map(|name| field(&info, name)).sum()
}

fn field(text: &str, name: &str) -> Option<f64> {
    let rest = &text[text.find(name)? + name.len()..];
    rest.split([',', '\r', '\n']).next()?.parse().ok()
}
