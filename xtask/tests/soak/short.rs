//! A short soak of every backend, as `cargo xtask soak` would run it for longer.

use std::path::PathBuf;
use std::time::Duration;

use xtask::soak::{Backend, Plan, Report, run};

fn soak(backend: Backend) -> Report {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_soak"));
    let plan = Plan { backend, duration: Duration::from_secs(2), seed: 1, program };
    let report = run(&plan).unwrap();
    println!("{report}");
    assert!(report.findings.is_empty(), "{report}");
    assert!(report.waited > 0 && report.denied > 0 && report.left > 0, "{report}");
    assert!(3 * report.held_up() >= report.calls(), "{report}");
    report
}

#[test]
fn a_bucket_in_memory_stands_it() {
    assert!(soak(Backend::Memory).weather > 5);
}

#[test]
fn names_in_memory_stand_it() {
    assert!(soak(Backend::Keyed).weather > 5);
}

#[test]
fn a_file_and_its_processes_stand_it() {
    let report = soak(Backend::Sqlite);
    assert!(report.faults.kills + report.faults.locks > 2, "{report}");
}
