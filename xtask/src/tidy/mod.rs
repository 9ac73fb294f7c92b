//! Tidy: the house rules that neither rustfmt nor clippy knows, checked over every Rust file.
//!
//! Each rule is one function from a file, or from all files, to its findings.

mod code;
mod doors;
mod functions;
mod guarantees;
mod purity;
mod shape;
mod source;
mod unfinished;

use std::fmt;

use crate::failure::Failure;
use source::Source;

/// A place where a rule is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    /// What is wrong and what to do.
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// The rules that look at one file at a time.
const RULES: [fn(&Source) -> Vec<Finding>; 5] =
    [shape::opening, shape::length, functions::length, purity::words, unfinished::marks];

/// Checks every Rust file of the workspace and prints what is to be repaired.
pub(crate) fn run() -> Result<(), Failure> {
    let sources = source::all()?;
    let mut findings = findings_in(&sources);
    findings.extend(guarantees::named_tests(&sources)?);
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        return Err(Failure::Untidy { findings: findings.len() });
    }
    println!("{} files are tidy", sources.len());
    Ok(())
}

fn findings_in(sources: &[Source]) -> Vec<Finding> {
    let single = sources.iter().flat_map(|source| RULES.iter().flat_map(|rule| rule(source)));
    single.chain(doors::same_methods(sources)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_shown_with_its_place() {
        let finding = Finding { path: "a/b.rs".to_owned(), line: 7, what: "so it is".to_owned() };
        assert_eq!(finding.to_string(), "a/b.rs:7: so it is");
    }

    #[test]
    fn every_rule_is_applied_to_every_file() {
        let long = format!("fn f() {{{} let _x = todo!(); }}", "\n".repeat(400));
        let pure = Source::new("c/src/pure/a.rs", &format!("{long}\nuse std::sync::Mutex;"));
        let traits = Source::new("pyrate-core/src/b.rs", "//! B.\npub trait AsyncBucket {}");
        let lines: Vec<usize> =
            findings_in(&[pure, traits]).iter().map(|found| found.line).collect();
        assert_eq!(lines, [1, 401, 1, 402, 401, 2]);
    }

    #[test]
    fn a_tidy_file_has_no_findings() {
        assert_eq!(findings_in(&[Source::new("a.rs", "//! A.\n\nfn f() {}\n")]), []);
    }
}
