//! This program as a process of its own, which runs one of its tests as a child.

use std::io::{BufRead, BufReader, Lines, Read, Write, stdin, stdout};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, process, thread};

const ORDER: &str = "PYRATE_CHILD";

/// The test harness prints to the same pipe.
const MARK: &str = "tells: ";

/// What a child is told to do, word by word; `None` in the test's own process.
pub(crate) fn order() -> Option<Vec<String>> {
    let order = env::var(ORDER).ok()?;
    Some(order.split(' ').map(str::to_owned).collect())
}

/// Tells the parent something, in one write.
pub(crate) fn tell(line: &str) {
    // Fails where the parent is gone, and ends the child.
    writeln!(stdout().lock(), "{MARK}{line}").unwrap();
}

/// Becomes true once the parent calls the child off, or is gone.
pub(crate) fn called_off() -> Arc<AtomicBool> {
    let is_over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&is_over);
    thread::spawn(move || {
        let _ = stdin().read_to_end(&mut Vec::new());
        told.store(true, Ordering::Relaxed);
    });
    is_over
}

/// A process that is killed where its test ends before it does.
pub(crate) struct Child {
    process: process::Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts the test of that name in another process, with these variables in its environment.
    pub(crate) fn start(test: &str, order: &str, environment: &[(&str, String)]) -> Child {
        let mut process = Command::new(env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env(ORDER, order)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Child { process, lines }
    }

    /// The next thing it tells; `None` where it has ended.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.lines.find_map(|line| Some(line.unwrap().split_once(MARK)?.1.to_owned()))
    }

    /// Lets it come to its end.
    pub(crate) fn call_off(&mut self) {
        drop(self.process.stdin.take());
    }

    /// All that it tells until it ends, which it must do well.
    pub(crate) fn told_to_the_end(mut self) -> Vec<String> {
        let told = std::iter::from_fn(|| self.next()).collect();
        assert!(self.process.wait().unwrap().success(), "a child failed");
        told
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
