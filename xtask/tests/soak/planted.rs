//! Soaks of workers with whom something is wrong: it is found, by the same way as in any other soak.

use std::path::PathBuf;
use std::time::Duration;

use xtask::soak::{Backend, Plan, Planted, run};

/// What a soak finds whose workers have this fault.
fn found(planted: Planted) -> Vec<String> {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_soak"));
    let plan = Plan::new(Backend::Memory, Duration::from_secs(2), 1, program);
    found_by(&Plan { planted, patience: Duration::from_secs(1), ..plan })
}

fn found_by(plan: &Plan) -> Vec<String> {
    let report = run(plan).unwrap();
    println!("{report}");
    report.findings
}

/// What a soak finds whose workers do nothing but fail.
fn found_of_failing(backend: Backend) -> Vec<String> {
    found_by(&Plan::new(backend, Duration::from_secs(2), 1, PathBuf::from("false")))
}

#[test]
fn limits_that_are_one_unit_too_high_are_found() {
    let found = found(Planted::OneUnitMore);
    assert!(!found.is_empty());
    for found in found {
        assert!(found.contains("a window is too full"), "{found}");
    }
}

#[test]
fn a_call_that_never_ends_is_found_and_so_is_its_worker() {
    let found = found(Planted::Hang);
    assert!(found.contains(&"a call broke; see above".to_owned()), "{found:?}");
    assert!(found.contains(&"a worker hung".to_owned()), "{found:?}");
}

#[test]
fn a_caller_who_panics_is_found_before_its_worker_ends() {
    let found = found(Planted::Panic);
    assert!(found.contains(&"a call broke; see above".to_owned()), "{found:?}");
}

#[test]
fn a_worker_that_fails_is_found() {
    let found = found_of_failing(Backend::Memory);
    assert_eq!(found, ["a worker failed: exit status: 1", "no window was ever full"]);
}

#[test]
fn a_worker_that_ends_before_its_time_is_found_when_it_is_to_be_killed() {
    let found = found_of_failing(Backend::Sqlite);
    assert!(found.contains(&"a worker ended before its time".to_owned()), "{found:?}");
}
