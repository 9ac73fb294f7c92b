//! The kill matrix: every check on every [broken bucket](crate::broken), and what came of it.
//!
//! The table lists the checks that find a fault; those that leave it to threads what they meet, only where the fault has
//! their name. `cargo test` runs the matrix and fails where the table is not of today.
//!
#![doc = include_str!("../docs/kill_matrix.md")]

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::broken::{self, Broken};
use crate::checks::{self, Check};
use crate::random::repeatably;

/// Checks that leave it to threads or to real time what they meet: they may kill today and not tomorrow.
const BY_CHANCE: &[&str] = &[
    "bounded_backend_calls",
    "threads_no_over_admission",
    "threads_no_lost_capacity",
    "handles_no_over_admission",
    "history_check",
    "leaker_races_put",
    "first_touch_race",
];

/// Which checks fail on which bucket.
#[derive(Clone, Debug)]
pub struct KillMatrix {
    rows: Vec<Row>,
}

/// One bucket and the checks that fail on it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Row {
    /// The bucket.
    pub bucket: Broken,
    /// The names of the checks, in the order of [`checks::ALL`].
    pub killers: Vec<&'static str>,
}

impl KillMatrix {
    /// Runs every check on every bucket that can do what the check needs, on as many threads as there are cores.
    ///
    /// A check that panics has failed. The random histories are the same each time.
    #[must_use]
    pub fn run() -> KillMatrix {
        let buckets: Vec<Broken> = broken::RIGHT.iter().chain(broken::ALL).copied().collect();
        let jobs: Vec<(usize, Check)> =
            buckets.iter().enumerate().flat_map(|(row, bucket)| checks_of(row, bucket)).collect();
        let mut rows: Vec<Row> =
            buckets.into_iter().map(|bucket| Row { bucket, killers: Vec::new() }).collect();
        for (row, check) in failing(&rows, &jobs).into_iter().filter_map(|job| jobs.get(job)) {
            rows.iter_mut().skip(*row).take(1).for_each(|row| row.killers.push(check.name));
        }
        KillMatrix { rows }
    }

    /// The buckets: the right ones, then the broken ones.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What is wrong with the suite; empty if each broken bucket dies by the check that names it, and no right one
    /// dies.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        self.rows.iter().filter_map(Row::complaint).collect()
    }

    /// The checks that find no fault.
    #[must_use]
    pub fn idle_checks(&self) -> Vec<&'static str> {
        let kills = |check: &&str| self.rows.iter().any(|row| row.killers.contains(check));
        checks::ALL.iter().map(|check| check.name).filter(|check| !kills(check)).collect()
    }

    /// The table of the documentation: without what depends on chance.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = "| # | fault | found by the check of its name | and by |\n".to_owned();
        page.push_str("|---|---|---|---|\n");
        self.rows.iter().filter(|row| row.bucket.number > 0).for_each(|row| page += &row.line());
        page
    }
}

fn checks_of(row: usize, bucket: &Broken) -> impl Iterator<Item = (usize, Check)> {
    let capabilities = bucket.capabilities;
    let can = move |check: &&Check| check.needs.is_empty() || capabilities.contains(&check.needs);
    checks::ALL.iter().filter(can).map(move |check| (row, *check))
}

/// The indices of the jobs whose check fails, in order.
fn failing(rows: &[Row], jobs: &[(usize, Check)]) -> Vec<usize> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failing = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((row, check)) = jobs.get(index) else { return failing };
            if rows.get(*row).is_some_and(|row| is_killed(&row.bucket, check)) {
                failing.push(index);
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut failing: Vec<usize> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
    });
    failing.sort_unstable();
    failing
}

fn is_killed(bucket: &Broken, check: &Check) -> bool {
    let verdict =
        catch_unwind(AssertUnwindSafe(|| repeatably(|| (check.run)(&(bucket.subject)()))));
    !matches!(verdict, Ok(Ok(())))
}

impl Row {
    fn complaint(&self) -> Option<String> {
        let Broken { number, fault, named_by, .. } = self.bucket;
        let killers = self.killers.join(", ");
        match (number, self.killers.is_empty()) {
            (0, true) => None,
            (0, false) => Some(format!("a right bucket ({fault}) fails {killers}")),
            (_, true) => Some(format!("{number}, {fault}: survives all checks, {named_by} too")),
            _ if self.killers.contains(&named_by) => None,
            _ => {
                Some(format!("{number}, {fault}: {named_by} doesn't find it; these do: {killers}"))
            }
        }
    }

    fn line(&self) -> String {
        let Broken { number, fault, named_by, .. } = self.bucket;
        let is_sure = |check: &&&str| **check != named_by && !BY_CHANCE.contains(*check);
        let others: Vec<String> =
            self.killers.iter().filter(is_sure).map(|check| format!("`{check}`")).collect();
        format!("| {number} | {fault} | `{named_by}` | {} |\n", others.join(", "))
    }
}

impl fmt::Display for KillMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>2}  {:<34}killed by (* the check of its name)", "#", "broken bucket")?;
        for Row { bucket, killers } in &self.rows {
            write!(f, "{:>2}  {:<34}", bucket.number, bucket.fault)?;
            let mark = |name: &str| if name == bucket.named_by { "*" } else { "" };
            let killers: Vec<String> =
                killers.iter().map(|name| format!("{}{name}", mark(name))).collect();
            writeln!(f, "{}", wrapped(&killers))?;
        }
        writeln!(f, "checks that find none of these faults: {}", self.idle_checks().join(", "))
    }
}

/// Words in lines that stand below each other behind the bucket's name.
fn wrapped(words: &[String]) -> String {
    let mut lines = vec![String::new()];
    for word in words {
        match lines.last_mut().filter(|line| line.len() + word.len() < 100) {
            Some(line) => *line = format!("{line}{word} "),
            None => lines.push(format!("{word} ")),
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join(&format!("\n{:38}", ""))
}
