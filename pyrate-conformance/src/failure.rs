//! What a check found wrong, as a reader needs it: what was called, what was expected, what was found.

use std::error::Error;
use std::fmt;

use pyrate_core::{RateError, Timestamp};

/// What a check answers. Boxed, because a failure holds a history.
pub type Verdict = Result<(), Box<Failure>>;

/// A check that failed: what it proves, the shortest history that breaks it, what was expected and what was found.
///
/// [`Display`](fmt::Display) prints it as a page to read; so does a test that panics with it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Failure {
    /// The check's name.
    pub check: &'static str,
    /// What it proves, in one sentence.
    pub proves: &'static str,
    /// The rates of the bucket, and the door through which it was called.
    pub bucket: String,
    /// What was called, oldest first, as far as it was remembered.
    pub history: Vec<Step>,
    /// How many calls before these were forgotten.
    pub forgotten: usize,
    /// What a right bucket answers to the last call.
    pub expected: String,
    /// What this one answered.
    pub found: String,
}

/// One call and its answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step {
    /// The clock's reading; `None` where the bucket keeps its own time.
    pub at: Option<Timestamp>,
    /// The call, as text.
    pub call: String,
    /// The answer, as text.
    pub answer: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "check `{}` failed", self.check)?;
        writeln!(f, "  it proves: {}", self.proves)?;
        writeln!(f, "  bucket:    {}", self.bucket)?;
        if !self.history.is_empty() {
            writeln!(f, "\n  {:>16}  {:<44}  answer", "clock (us)", "call")?;
        }
        if self.forgotten > 0 {
            writeln!(f, "  {:>16}  and {} calls before", "...", self.forgotten)?;
        }
        for Step { at, call, answer } in &self.history {
            let at = at.map_or_else(|| "own".to_owned(), |at| at.as_micros().to_string());
            writeln!(f, "  {at:>16}  {call:<44}  {answer}")?;
        }
        writeln!(f, "\n  expected:  {}", self.expected)?;
        write!(f, "  found:     {}", self.found)
    }
}

impl Error for Failure {}

/// A check that asks for rates that make no valid list: not the bucket's fault.
impl From<RateError> for Box<Failure> {
    fn from(error: RateError) -> Box<Failure> {
        let expected = "rates that make a valid list".to_owned();
        Box::new(Failure { expected, found: error.to_string(), ..Failure::default() })
    }
}
