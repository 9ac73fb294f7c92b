//! Failures: why a command stopped.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A program could not be started or listened to.
    Call { command: String, source: io::Error },
    /// A program ran and said no.
    Refused { command: String, status: ExitStatus },
    /// A program was ended because it ran for too long.
    Overran { command: String, limit: Duration },
    /// A file or folder could not be read, written or entered.
    File { path: PathBuf, source: io::Error },
    /// What the tests need could not be installed.
    Need { name: &'static str, source: io::Error },
    /// A program that a promise rests on is not there.
    Missing { name: &'static str, install: &'static str },
    /// The house rules are broken in as many places.
    Untidy { findings: usize },
    /// Cargo was content, but some tests failed.
    TestsFailed,
    /// Cargo was content, but there was no test.
    NothingRan,
    /// The marks are not there between which the benches' section is written.
    Unmarked { path: PathBuf },
    /// A run is not one that the README may show.
    NotForReadme { why: String },
    /// No run has that name, but these.
    NeverSaved { name: String, saved: Vec<String> },
    /// The run to compare with was more or less thorough than this one.
    OtherEffort { saved: &'static str },
    /// A chart could not be drawn.
    Chart { name: &'static str, source: Box<dyn Error + Send + Sync> },
    /// As many works are slower than in the run that they are compared with.
    Slower { works: usize },
    /// A step of `ci` failed.
    Step { name: String, repeat: String, cause: Box<Failure> },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Call { command, source } => write!(f, "cannot run `{command}`: {source}"),
            Failure::Refused { command, status } => write!(f, "`{command}` failed: {status}"),
            Failure::Overran { command, limit } => {
                write!(f, "`{command}` was still running after {limit:?}")
            }
            Failure::File { path, source } => write!(f, "{}: {source}", path.display()),
            Failure::Need { name, source } => write!(f, "cannot install {name}: {source}"),
            Failure::Missing { name, install } => {
                write!(f, "{name} is not installed; to install it: {install}")
            }
            Failure::Untidy { findings } => write!(f, "tidy: {findings} to repair"),
            Failure::Unmarked { path } => {
                write!(f, "{} has no place for the benches: the marks are gone", path.display())
            }
            Failure::NotForReadme { why } => {
                write!(f, "the README shows full runs of every backend, not this one: {why}")
            }
            Failure::NeverSaved { name, saved } if saved.is_empty() => {
                write!(f, "no run was saved as `{name}`, nor under any other name")
            }
            Failure::NeverSaved { name, saved } => {
                write!(f, "no run was saved as `{name}`, but as: {}", saved.join(", "))
            }
            Failure::OtherEffort { saved } => {
                write!(f, "the saved run is {saved}, and comparable only with another such one")
            }
            Failure::Chart { name, source } => write!(f, "cannot draw the chart {name}: {source}"),
            Failure::Slower { works } => {
                write!(f, "slower than in the saved run: {works}; look for SLOWER in the table")
            }
            Failure::TestsFailed => f.write_str("some tests failed"),
            Failure::NothingRan => f.write_str("no test ran"),
            Failure::Step { name, repeat, cause } => {
                write!(f, "ci stopped at `{name}` ({cause}); to repeat it: {repeat}")
            }
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Failure::Call { source, .. }
            | Failure::File { source, .. }
            | Failure::Need { source, .. } => Some(source),
            Failure::Chart { source, .. } => Some(source.as_ref()),
            Failure::Step { cause, .. } => Some(cause.as_ref()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_names_itself_its_cause_and_the_command_to_repeat_it() {
        let cause = Box::new(Failure::Untidy { findings: 3 });
        let (name, repeat) = ("tidy".to_owned(), "cargo xtask tidy".to_owned());
        assert_eq!(
            Failure::Step { name, repeat, cause }.to_string(),
            "ci stopped at `tidy` (tidy: 3 to repair); to repeat it: cargo xtask tidy"
        );
    }

    #[test]
    fn a_failure_keeps_its_source() {
        let source = io::Error::other("no such luck");
        let cause = Box::new(Failure::Call { command: "git".to_owned(), source });
        let step = Failure::Step { name: "tidy".to_owned(), repeat: String::new(), cause };
        let cause = step.source().unwrap();
        assert_eq!(cause.source().unwrap().to_string(), "no such luck");
    }
}
