//! The suite: every test of the workspace, tallied while it runs.

use crate::call::Call;
use crate::failure::Failure;
use crate::mutants;
use crate::needs::{self, Installing};
use crate::tally::Tally;

/// How large the tests are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// What every change must pass.
    Normal,
    /// The same, then once more at full size and optimised, then over every mutant of the arithmetic.
    Long,
}

/// Runs every test, shows cargo's output as it comes, and leaves in `tally` what came of it.
pub(crate) fn run(
    size: Size,
    installing: Installing,
    tally: &mut Option<Tally>,
) -> Result<(), Failure> {
    let tally = tally.insert(Tally::default());
    needs::install(installing);
    calls(size).iter().try_for_each(|call| run_one(call, tally))?;
    match size {
        Size::Normal => Ok(()),
        Size::Long => count(mutants::run(), tally),
    }
}

// The whole run over the mutants is one test: who reads the tally only sees that it failed, too.
fn count(result: Result<(), Failure>, tally: &mut Tally) -> Result<(), Failure> {
    match result {
        Ok(()) => tally.passed += 1,
        Err(_) => tally.failed += 1,
    }
    result
}

fn calls(size: Size) -> Vec<Call> {
    // Not the first failure ends the run: the tally is to count them all.
    let normal = Call::cargo("test --workspace --all-features --no-fail-fast");
    // `--tests` takes unit and integration tests. Doctests have no size, they ran already.
    let long = Call::cargo("test --workspace --all-features --no-fail-fast --tests --profile long")
        .with_variable("PYRATE_LONG", "1");
    match size {
        Size::Normal => vec![normal],
        Size::Long => vec![normal, long],
    }
}

fn run_one(call: &Call, tally: &mut Tally) -> Result<(), Failure> {
    let mut own = Tally::default();
    let result = call.run_by_line(|line| {
        println!("{line}");
        own.read(line);
    });
    tally.passed += own.passed;
    tally.failed += own.failed;
    result.and_then(|()| judge(own))
}

// Cargo is content with a workspace whose tests are gone; the suite is not.
fn judge(tally: Tally) -> Result<(), Failure> {
    match tally {
        Tally { failed: 1.., .. } => Err(Failure::TestsFailed),
        tally if tally.ran() == 0 => Err(Failure::NothingRan),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_that_ran_nothing_is_red() {
        assert!(matches!(judge(Tally::default()), Err(Failure::NothingRan)));
    }

    #[test]
    fn a_failed_test_is_red_even_if_cargo_is_content() {
        assert!(matches!(judge(Tally { passed: 9, failed: 1 }), Err(Failure::TestsFailed)));
        assert!(judge(Tally { passed: 9, failed: 0 }).is_ok());
    }

    #[test]
    fn the_run_over_the_mutants_counts_as_one_test() {
        let mut tally = Tally { passed: 9, failed: 0 };
        assert!(count(Ok(()), &mut tally).is_ok());
        assert!(count(Err(Failure::NothingRan), &mut tally).is_err());
        assert_eq!(tally, Tally { passed: 10, failed: 1 });
    }

    #[test]
    fn the_long_run_is_the_normal_one_and_then_the_full_size() {
        let shown: Vec<String> = calls(Size::Long).iter().map(Call::to_string).collect();
        assert_eq!(shown[0], calls(Size::Normal)[0].to_string());
        assert!(shown[1].starts_with("PYRATE_LONG=\"1\" cargo test"), "{}", shown[1]);
        assert!(shown[1].ends_with("--profile long"), "{}", shown[1]);
    }
}
