//! Processes killed at whatever they do: the file stays whole, and everything that was answered counts.

use std::path::Path;
use std::thread;
use std::time::Duration;

use pyrate_conformance::audit;
use pyrate_sqlite::{
    AbstractBucket, Decision, Limiter, RateItem, Rates, Request, SqliteBucket, SqliteStore,
    Synchronous,
};
use tokio::runtime::Builder;

use crate::agreement;
use crate::chance::Chance;
use crate::child::{self, Child};
use crate::files::File;
use crate::reports::{self, Reports};

const NAME: &str = "kills::what_was_answered_counts_whenever_a_process_is_killed";

/// One bucket forgets nothing while the test runs, and of the other one most is dropped again and again.
const KEYS: [&str; 2] = ["long", "short"];

fn rates(key: &str) -> Rates {
    let rates = if key == "long" { "1000/10ms;300000000/hour" } else { "200/10ms;800/100ms" };
    rates.parse().unwrap()
}

fn rounds() -> u64 {
    if std::env::var_os("PYRATE_LONG").is_some() { 200 } else { 20 }
}

#[test]
fn what_was_answered_counts_whenever_a_process_is_killed() {
    if let Some(order) = child::order() {
        let (seed, path) = order.split_once(' ').unwrap();
        return work_until_killed(seed.parse().unwrap(), Path::new(path));
    }
    let (file, mut chance, mut told) = (File::new(), Chance::new(), Reports::default());
    for _ in 0..rounds() {
        kill_one_of_two(&file, &mut chance, &mut told);
        agreement::check(&file.connect());
        let store = SqliteStore::open(file.path()).unwrap();
        let count = store.bucket("long", rates("long")).count().unwrap();
        let answered = told.units("long");
        assert!(count >= answered, "{answered} units were answered, and {count} are counted");
    }
    for key in KEYS {
        println!("{key}: {} units in {} grants", told.units(key), told.of(key).len());
        assert_eq!(audit(&rates(key), &told.of(key)), []);
        assert!(told.units(key) > 0, "nobody worked");
    }
}

/// Starts two children on the file and kills one at a random point, and the other once it has gone on for a while.
fn kill_one_of_two(file: &File, chance: &mut Chance, told: &mut Reports) {
    let mut start = || Child::start(NAME, &format!("{} {}", chance.next(), file.path().display()));
    let mut children = [start(), start()];
    // At times while it opens the file still, or makes its tables.
    if chance.within(0..=3) == 0 {
        thread::sleep(chance.micros(0..=20_000));
    } else {
        hear(&mut children[0], chance.within(1..=2_000), told);
        let pause = chance.within(0..=1) * 1_000;
        thread::sleep(chance.micros(0..=pause));
    }
    children[0].kill();
    hear(&mut children[1], chance.within(1..=1_000), told);
    children[1].kill();
    for mut child in children {
        child.rest().iter().for_each(|line| told.read(line));
    }
}

fn hear(child: &mut Child, lines: u64, told: &mut Reports) {
    (0..lines).for_each(|_| told.read(&child.next().expect("a child ended by itself")));
}

fn work_until_killed(seed: u64, path: &Path) {
    let mut chance = Chance::of(seed);
    let synchronous = [Synchronous::Off, Synchronous::Normal, Synchronous::Full];
    let synchronous = chance.one_of(&synchronous);
    let store = SqliteStore::builder(path).synchronous(*synchronous).build().unwrap();
    thread::scope(|scope| {
        for key in KEYS {
            let bucket = store.bucket(key, rates(key));
            let (tasks, limiter) = (chance.clone(), Limiter::new(bucket.clone()));
            scope.spawn(move || take_from_tasks(key, &limiter, tasks));
            for _ in 0..2 {
                let (bucket, chance) = (bucket.clone(), Chance::of(chance.next()));
                scope.spawn(move || take_from_a_thread(&bucket, chance));
            }
        }
    });
}

/// Takes units at once or in a while, and gives some of them back: of these nothing is told.
fn take_from_a_thread(bucket: &SqliteBucket, mut chance: Chance) {
    loop {
        let name = *chance.one_of(&["one", "other", bucket.key()]);
        let item = RateItem::new(name, chance.within(1..=5));
        let max_delay = chance.micros(0..=20_000) * u32::from(chance.within(0..=2) > 0);
        let Decision::Granted(grant) = bucket.reserve(&item, max_delay).unwrap() else { continue };
        if !grant.delay.is_zero() && chance.within(0..=3) == 0 {
            bucket.cancel(&grant).unwrap();
        } else {
            reports::granted(bucket.key(), &grant);
        }
    }
}

/// Tasks that wait for their units, not all of them to the end.
fn take_from_tasks(key: &'static str, limiter: &Limiter, mut chance: Chance) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let task = |mut chance: Chance, limiter: Limiter| async move {
        loop {
            let request = Request::new(key).weight(chance.within(1..=5));
            let call = limiter.acquire_async(request);
            let patience: Duration = chance.micros(0..=10_000);
            if let Ok(granted) = tokio::time::timeout(patience, call).await {
                reports::granted(key, &granted.unwrap());
            }
        }
    };
    runtime.block_on(async {
        for _ in 0..3 {
            tokio::spawn(task(Chance::of(chance.next()), limiter.clone()));
        }
        task(chance, limiter.clone()).await;
    });
}
