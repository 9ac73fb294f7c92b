//! What a report must find, by records that tell of it.

use std::path::PathBuf;
use std::time::Duration;

use pyrate_memory::Timestamp;
use xtask::soak::faults::Faults;
use xtask::soak::record::{Kind, Record};
use xtask::soak::{Backend, Plan, Report};

fn report(records: &[Record], faults: Faults) -> Report {
    let (backend, duration, program) = (Backend::Sqlite, Duration::ZERO, PathBuf::new());
    Report::of(&Plan { backend, duration, seed: 0, program }, faults, records).unwrap()
}

/// As much as the shorter rate of that backend allows in its window.
fn full(at: u64) -> Record {
    Record { weight: 200, at: Timestamp::from_micros(at), ..Record::new(Kind::AtOnce) }
}

#[test]
fn full_windows_beside_each_other_are_right_and_one_unit_more_is_found() {
    let right = [full(0), full(10_000)];
    assert!(report(&right, Faults::default()).findings.is_empty());
    let more = Record { weight: 1, ..full(19_999) };
    assert_eq!(report(&[right[0], right[1], more], Faults::default()).findings.len(), 1);
    let later = Record { weight: 1, ..full(20_000) };
    assert!(report(&[right[0], right[1], later], Faults::default()).findings.is_empty());
}

#[test]
fn names_that_have_limits_of_their_own_are_audited_apart() {
    let other = Record { name: 1, ..full(0) };
    assert!(report(&[full(0), other], Faults::default()).findings.is_empty());
    assert_eq!(report(&[full(0), full(0)], Faults::default()).findings.len(), 1);
}

#[test]
fn a_call_that_takes_too_long_is_found_and_so_is_one_that_breaks() {
    let late = Record {
        late: Backend::Sqlite.bound() + Duration::from_micros(1),
        ..Record::new(Kind::Denied)
    };
    assert_eq!(report(&[full(0), late], Faults::default()).findings.len(), 1);
    assert_eq!(report(&[full(0), Record::new(Kind::Broken)], Faults::default()).findings.len(), 1);
}

#[test]
fn each_backend_has_its_own_bound() {
    for backend in Backend::ALL {
        let program = PathBuf::new();
        let plan = Plan { backend, duration: Duration::ZERO, seed: 0, program };
        let late = |late| Record { late, ..Record::new(Kind::AtOnce) };
        let findings =
            |late: Record| Report::of(&plan, Faults::default(), &[late]).unwrap().findings.len();
        let bound = backend.bound();
        assert_eq!(findings(late(bound)), 0, "{backend}");
        assert_eq!(findings(late(bound + Duration::from_micros(1))), 1, "{backend}");
    }
}

#[test]
fn a_call_with_an_unknown_outcome_is_counted_and_breaks_no_promise() {
    let unknown = Record { kind: Kind::Unknown, ..full(0) };
    let report = report(&[full(0), unknown], Faults::default());
    assert!(report.findings.is_empty());
    assert_eq!((report.grants(), report.unknown, report.calls()), (1, 1, 2));
}

#[test]
fn a_soak_in_which_nobody_was_granted_anything_shows_nothing() {
    assert_eq!(report(&[Record::new(Kind::Denied)], Faults::default()).findings.len(), 1);
}

#[test]
fn what_the_workers_did_wrong_is_found() {
    let faults = Faults { findings: vec!["a worker hung".to_owned()], ..Faults::default() };
    assert_eq!(report(&[full(0)], faults).findings, ["a worker hung"]);
}
