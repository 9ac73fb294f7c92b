//! This program as a process of its own, which runs one of its tests as a child.

use std::io::{BufRead, BufReader, Lines, Write, stdout};
use std::process::{ChildStdout, Command, Stdio};
use std::{env, process};

const ORDER: &str = "PYRATE_CHILD";

/// What a child is told to do; `None` in the test's own process.
pub(crate) fn order() -> Option<String> {
    env::var(ORDER).ok()
}

/// Tells the parent something, in one write: what is killed has told all of it or nothing.
pub(crate) fn tell(line: &str) {
    // Fails where the parent is gone, and ends the child.
    writeln!(stdout().lock(), "{MARK}{line}").unwrap();
}

/// The test harness prints to the same pipe.
const MARK: &str = "tells: ";

/// A process that is killed where its test ends before it does.
pub(crate) struct Child {
    process: process::Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts the test of that name in another process.
    pub(crate) fn start(test: &str, order: &str) -> Child {
        let mut process = Command::new(env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env(ORDER, order)
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

    /// Everything that it still tells.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// All that it tells until it ends, which it must do well.
    pub(crate) fn told_to_the_end(mut self) -> Vec<String> {
        let told = self.rest();
        assert!(self.process.wait().unwrap().success(), "a child failed");
        told
    }

    /// Kills it at whatever it does, with SIGKILL, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
