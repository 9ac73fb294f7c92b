//! Progress: one line that says what is measured, and how long all of it will still take.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often the line is written anew.
const TICK: Duration = Duration::from_secs(1);

/// The most characters of what is measured that are shown: the line must not wrap.
const MOST_CHARACTERS: usize = 60;

/// What is still to come.
pub(super) struct Progress {
    /// How long each program is thought to take; the first one is the next.
    expected: Vec<Duration>,
    is_terminal: bool,
}

/// The program that runs.
struct Current {
    start: Instant,
    expected: Duration,
    /// What all programs behind it are thought to take.
    behind: Duration,
    what: String,
    is_over: bool,
}

impl Progress {
    pub(super) fn new(expected: Vec<Duration>) -> Progress {
        Progress { expected, is_terminal: io::stderr().is_terminal() }
    }

    /// Shows the progress while `work` runs, which hands over each line of what it prints.
    pub(super) fn during<T>(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut dyn FnMut(&str)) -> T,
    ) -> T {
        let current = Mutex::new(self.begin(name));
        thread::scope(|scope| {
            let ticker = self.is_terminal.then(|| scope.spawn(|| tick(&current)));
            let result = work(&mut |line| self.step(&current, line));
            lock(&current).is_over = true;
            if let Some(ticker) = ticker {
                ticker.thread().unpark();
            }
            result
        })
    }

    fn begin(&mut self, name: &str) -> Current {
        let expected =
            if self.expected.is_empty() { Duration::ZERO } else { self.expected.remove(0) };
        Current {
            start: Instant::now(),
            expected,
            behind: self.expected.iter().sum(),
            what: name.to_owned(),
            is_over: false,
        }
    }

    fn step(&self, current: &Mutex<Current>, line: &str) {
        let Some(work) = work_of(line) else { return };
        let mut current = lock(current);
        current.what = work;
        // Where nobody watches, each step is a line of its own.
        if !self.is_terminal {
            eprintln!("{}", current.line());
        }
    }
}

impl Current {
    fn line(&self) -> String {
        let left = self.expected.saturating_sub(self.start.elapsed()) + self.behind;
        format!("{:>5} left  {}", minutes(left), self.what)
    }
}

fn tick(current: &Mutex<Current>) {
    loop {
        let (line, is_over) = {
            let current = lock(current);
            (current.line(), current.is_over)
        };
        // Back to the beginning of the line, and clear what stands behind the new one.
        eprint!("\r{}\x1b[K", if is_over { "" } else { &line });
        let _ = io::stderr().flush();
        if is_over {
            return;
        }
        thread::park_timeout(TICK);
    }
}

/// What a report's line was about; `None` where the line is none.
fn work_of(line: &str) -> Option<String> {
    let work = line.split("  ").next().filter(|work| !work.is_empty())?;
    Some(work.chars().take(MOST_CHARACTERS).collect())
}

fn minutes(left: Duration) -> String {
    format!("{}:{:02}", left.as_secs() / 60, left.as_secs() % 60)
}

fn lock(current: &Mutex<Current>) -> MutexGuard<'_, Current> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_the_time_left_and_the_work() {
        let mut progress = Progress::new(vec![Duration::from_secs(100), Duration::from_secs(30)]);
        let line = progress.begin("memory").line();
        assert!(line.ends_with(" left  memory") && line.trim_start().starts_with("2:"), "{line}");
        let second = progress.begin("keyed");
        assert_eq!(second.behind, Duration::ZERO);
    }

    #[test]
    fn a_program_that_overruns_leaves_the_time_of_those_behind_it() {
        let mut progress = Progress::new(vec![Duration::ZERO, Duration::from_secs(65)]);
        assert_eq!(progress.begin("memory").line(), " 1:05 left  memory");
    }

    #[test]
    fn the_work_is_what_a_line_begins_with() {
        assert_eq!(work_of("memory, admit     9.5 ns").as_deref(), Some("memory, admit"));
        assert_eq!(work_of("  a process made 9 calls"), None);
        assert_eq!(work_of(""), None);
    }

    #[test]
    fn what_the_work_answers_is_handed_on() {
        let mut progress = Progress { is_terminal: false, ..Progress::new(Vec::new()) };
        assert_eq!(progress.during("memory", |_| 7), 7);
    }
}
