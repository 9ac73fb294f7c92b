//! A short soak of every backend, as `cargo xtask soak` would run it for longer.

use std::path::PathBuf;
use std::time::Duration;

use xtask::soak::faults::Fault;
use xtask::soak::{Backend, Plan, Report, run};

fn soak(backend: Backend) -> Report {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_soak"));
    let plan = Plan::new(backend, Duration::from_secs(2), 1, program);
    let report = run(&plan).unwrap();
    println!("{report}");
    assert!(report.findings.is_empty(), "{report}");
    assert!(report.waited > 0 && report.denied > 0 && report.left > 0, "{report}");
    assert!(3 * report.held_up() >= report.calls(), "{report}");
    report
}

#[test]
fn a_bucket_in_memory_stands_it() {
    assert!(soak(Backend::Memory).faults.count(Fault::ClockMoved) > 5);
}

#[test]
fn names_in_memory_stand_it() {
    assert!(soak(Backend::Keyed).faults.count(Fault::ClockMoved) > 5);
}

#[test]
fn a_file_and_its_processes_stand_it() {
    let report = soak(Backend::Sqlite);
    let (killed, held) = (Fault::WorkerKilled, Fault::LockHeld);
    assert!(report.faults.count(killed) + report.faults.count(held) > 2, "{report}");
}

#[test]
fn a_server_and_the_processes_that_share_it_stand_it() {
    let report = soak(Backend::Redis);
    assert!(report.faults.done.values().sum::<u64>() > 2, "{report}");
    assert_eq!(report.faults.count(Fault::ClockMoved), 0, "the server has its own");
}
