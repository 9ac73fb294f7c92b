//! Calls: other programs, run from the workspace's root.

use std::env;
use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// How often a program with a time limit is asked whether it has ended; std has no wait with a
/// timeout.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// A program with its words and its extra environment. Shown as one would type it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    program: &'static str,
    words: Vec<String>,
    variable: Option<(&'static str, &'static str)>,
}

impl Call {
    /// A call of cargo; the words are parted by spaces.
    pub(crate) fn cargo(words: &str) -> Call {
        Call::of("cargo", words)
    }

    /// A call of any program; the words are parted by spaces.
    pub(crate) fn of(program: &'static str, words: &str) -> Call {
        let words = words.split_whitespace().map(str::to_owned).collect();
        Call { program, words, variable: None }
    }

    /// Adds words that may hold spaces.
    pub(crate) fn with_words<const N: usize>(mut self, words: [&str; N]) -> Call {
        self.words.extend(words.map(str::to_owned));
        self
    }

    /// Sets one environment variable for the program.
    pub(crate) fn with_variable(self, name: &'static str, value: &'static str) -> Call {
        Call { variable: Some((name, value)), ..self }
    }

    /// Answers whether the program runs and is content; shows nothing of it.
    pub(crate) fn is_available(&self) -> bool {
        let quiet = self.command().stdout(Stdio::null()).stderr(Stdio::null()).status();
        quiet.is_ok_and(|status| status.success())
    }

    /// Runs the program to its end; it writes where this one writes.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        self.judge(self.command().status().map_err(|source| self.broken(source))?)
    }

    /// Runs the program as [`Call::run`] does, and ends it when `limit` is over.
    pub(crate) fn run_within(&self, limit: Duration) -> Result<(), Failure> {
        let mut child = self.command().spawn().map_err(|source| self.broken(source))?;
        match wait_within(&mut child, limit).map_err(|source| self.broken(source))? {
            Some(status) => self.judge(status),
            None => Err(Failure::Overran { command: self.to_string(), limit }),
        }
    }

    /// Runs the program and hands over each line of its output as soon as it is written.
    pub(crate) fn run_by_line(&self, line: impl FnMut(&str)) -> Result<(), Failure> {
        let status = self.listen(line).map_err(|source| self.broken(source))?;
        self.judge(status)
    }

    /// Runs the program and answers what it wrote.
    pub(crate) fn output(&self) -> Result<String, Failure> {
        let output = self.command().stderr(Stdio::inherit()).output();
        let output = output.map_err(|source| self.broken(source))?;
        self.judge(output.status)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(&self) -> Command {
        let mut command = match self.program {
            // The cargo that runs this program, which need not be the first in the search path.
            "cargo" => Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())),
            other => Command::new(other),
        };
        command.args(&self.words).envs(self.variable);
        command
    }

    fn listen(&self, mut line: impl FnMut(&str)) -> io::Result<ExitStatus> {
        let mut child = self.command().stdout(Stdio::piped()).spawn()?;
        if let Some(output) = child.stdout.take() {
            // By bytes: a test may write what is not UTF-8.
            for bytes in BufReader::new(output).split(b'\n') {
                line(&String::from_utf8_lossy(&bytes?));
            }
        }
        child.wait()
    }

    fn judge(&self, status: ExitStatus) -> Result<(), Failure> {
        if status.success() {
            Ok(())
        } else {
            Err(Failure::Refused { command: self.to_string(), status })
        }
    }

    fn broken(&self, source: io::Error) -> Failure {
        Failure::Call { command: self.to_string(), source }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, value)) = self.variable {
            write!(f, "{name}=\"{value}\" ")?;
        }
        write!(f, "{} {}", self.program, self.words.join(" "))
    }
}

/// Answers `None` if the child had to be ended.
fn wait_within(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(ASK_EVERY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Two calls that write nothing: one is content, one says no.
    fn yes() -> Call {
        Call::of("git", "check-ref-format heads/a")
    }

    fn no() -> Call {
        Call::of("git", "config --get no.such-key")
    }

    #[test]
    fn a_call_is_shown_as_one_would_type_it() {
        let call = Call::cargo("doc --no-deps").with_variable("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(call.to_string(), "RUSTDOCFLAGS=\"-D warnings\" cargo doc --no-deps");
    }

    #[test]
    fn words_may_hold_spaces() {
        let call = Call::cargo("run").with_words(["--", "a b"]);
        assert!(call.command().get_args().any(|word| word == "a b"));
    }

    #[test]
    fn a_program_that_says_no_is_a_failure_that_names_the_call() {
        let failure = no().output().unwrap_err();
        assert!(failure.to_string().starts_with(&format!("`{}` failed", no())), "{failure}");
        assert!(matches!(no().run(), Err(Failure::Refused { .. })));
        assert!(matches!(no().run_by_line(|_| ()), Err(Failure::Refused { .. })));
        assert!(!no().is_available());
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure_and_not_available() {
        let call = Call::of("no-such-program-anywhere", "");
        assert!(matches!(call.run(), Err(Failure::Call { .. })));
        assert!(!call.is_available());
        assert!(yes().is_available());
    }

    #[test]
    fn every_line_of_the_output_is_handed_over() {
        let mut lines = Vec::new();
        Call::cargo("--version --verbose").run_by_line(|line| lines.push(line.to_owned())).unwrap();
        assert!(lines.len() > 1 && lines[0].starts_with("cargo "), "{lines:?}");
    }

    #[test]
    fn the_variable_reaches_the_program() {
        let call = Call::cargo("--version").with_variable("XTASK_PROBE", "set");
        let set = call.command().get_envs().any(|(name, value)| {
            name == "XTASK_PROBE" && value.is_some_and(|value| value == "set")
        });
        assert!(set);
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_outlives_its_limit_is_ended() {
        let start = Instant::now();
        let result = Call::of("sleep", "60").run_within(Duration::from_millis(30));
        assert!(matches!(result, Err(Failure::Overran { .. })));
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_program_that_ends_in_time_is_judged_by_its_status() {
        let limit = Duration::from_mins(1);
        assert!(matches!(no().run_within(limit), Err(Failure::Refused { .. })));
        assert!(yes().run_within(limit).is_ok());
    }
}
