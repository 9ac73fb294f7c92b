//! Mutants: small changes of the arithmetic, each of which must make a test fail.
//!
//! Which files are changed, and how fast, stands in `.cargo/mutants.toml`; which changes are left out, and why, in
//! pyrate-core's docs.

use crate::call::Call;
use crate::failure::Failure;

/// Of one version, since another one may know other changes.
const INSTALL: &str = "cargo install cargo-mutants --locked --version 27.1.0";

/// Tries every change, shows those that no test noticed, and refuses if there are any.
pub(crate) fn run() -> Result<(), Failure> {
    run_by(&Call::cargo("mutants --version"), &Call::cargo("mutants --no-times"))
}

// Where the program is missing nothing is known, and nothing known is not enough.
fn run_by(probe: &Call, call: &Call) -> Result<(), Failure> {
    if probe.is_available() {
        return call.run();
    }
    Err(Failure::Missing { name: "cargo-mutants", install: INSTALL })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_red_and_says_how_to_install_it() {
        let missing = Call::of("no-such-program-anywhere", "");
        let failure = run_by(&missing, &Call::cargo("--version")).unwrap_err();
        assert_eq!(
            failure.to_string(),
            format!("cargo-mutants is not installed; to install it: {INSTALL}")
        );
    }

    #[test]
    fn a_change_that_no_test_notices_is_red() {
        let (probe, refusal) =
            (Call::cargo("--version"), Call::of("git", "config --get no.such-key"));
        assert!(matches!(run_by(&probe, &refusal), Err(Failure::Refused { .. })));
        assert!(run_by(&probe, &probe).is_ok());
    }
}
