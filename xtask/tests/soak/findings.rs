//! What a report must find, by records that tell of it.

use std::path::PathBuf;
use std::time::Duration;

use pyrate_memory::Timestamp;
use xtask::soak::faults::Faults;
use xtask::soak::record::{Kind, Record};
use xtask::soak::{Backend, Plan, Report};

fn report(records: &[Record], faults: Faults) -> Report {
    let (backend, duration, program) = (Backend::Sqlite, Duration::ZERO, PathBuf::new());
    Report::of(&Plan::new(backend, duration, 0, program), faults, records).unwrap()
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
        let plan = Plan::new(backend, Duration::ZERO, 0, program);
        let weight = u16::try_from(backend.rates().unwrap().shortest().limit()).unwrap();
        let late = |late| Record { late, weight, ..Record::new(Kind::AtOnce) };
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
fn a_soak_in_which_no_window_was_ever_full_shows_nothing() {
    let nearly = Record { weight: 199, ..full(0) };
    for one in [Record::new(Kind::Denied), nearly] {
        let findings = report(&[one], Faults::default()).findings;
        assert_eq!(findings, ["no window was ever full"]);
    }
}

#[test]
fn the_fullest_window_of_each_rate_is_told() {
    let report = report(&[full(0), full(10_000), full(1_000_000)], Faults::default());
    assert_eq!(report.fullest, [200, 400]);
    assert!(report.to_string().contains("200 of 200/10ms, 400 of 16000/1s"), "{report}");
}
