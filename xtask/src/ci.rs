//! Everything a change must pass, in order; the first failure ends it.

use std::fmt::Display;
use std::path::Path;

use crate::call::Call;
use crate::examples::{self, Example};
use crate::failure::Failure;
use crate::needs::Installing;
use crate::suite::{self, Size};
use crate::tally::Tally;
use crate::tidy;

/// Runs all steps, and leaves in `tally` what became of the tests, once they ran.
pub(crate) fn run(installing: Installing, tally: &mut Option<Tally>) -> Result<(), Failure> {
    component("format", "fmt", "--all --check")?;
    step("tidy", "cargo xtask tidy", tidy::run)?;
    component("lints", "clippy", "--workspace --all-targets --all-features -- -D warnings")?;
    step("tests", "cargo xtask test", || suite::run(Size::Normal, installing, tally))?;
    examples::all_under(Path::new("."))?.iter().try_for_each(example)?;
    docs()?;
    component("dependencies", "deny", "check bans licenses sources")
}

fn example(example: &Example) -> Result<(), Failure> {
    let name = format!("example {} of {}", example.name, example.package);
    step(&name, example.repeat(), || example.run())
}

fn docs() -> Result<(), Failure> {
    let call = Call::cargo("doc --workspace --no-deps --all-features")
        .with_variable("RUSTDOCFLAGS", "-D warnings");
    step("docs", &call, || call.run())
}

// Not every toolchain has rustfmt and clippy, and cargo-deny is a program of its own.
fn component(name: &str, subcommand: &str, words: &str) -> Result<(), Failure> {
    let probe = Call::cargo(&format!("{subcommand} --version"));
    optional(name, &probe, &Call::cargo(&format!("{subcommand} {words}")))
}

fn optional(name: &str, probe: &Call, call: &Call) -> Result<(), Failure> {
    if probe.is_available() {
        return step(name, call, || call.run());
    }
    println!("== {name}\nskipped: `{probe}` finds nothing installed");
    Ok(())
}

fn step(
    name: &str,
    repeat: impl Display,
    work: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    println!("== {name}");
    work().map_err(|cause| Failure::Step {
        name: name.to_owned(),
        repeat: repeat.to_string(),
        cause: Box::new(cause),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_says_which_and_how_to_repeat_it() {
        let failure = step("tests", "cargo xtask test", || Err(Failure::NothingRan)).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "ci stopped at `tests` (no test ran); to repeat it: cargo xtask test"
        );
    }

    #[test]
    fn a_component_that_is_not_installed_is_skipped() {
        assert!(component("nothing", "no-such-subcommand", "--at-all").is_ok());
    }

    #[test]
    fn a_component_that_is_installed_and_says_no_stops() {
        let (probe, call) = (Call::cargo("--version"), Call::of("git", "config --get no.such-key"));
        let failure = optional("nothing", &probe, &call).unwrap_err();
        assert!(
            failure.to_string().ends_with("repeat it: git config --get no.such-key"),
            "{failure}"
        );
    }
}
