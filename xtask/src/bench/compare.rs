//! Comparisons: which works changed from one run to another, and not by chance.
//!
//! A work changed if the quartiles of its ratio in one run lie wholly beyond those in the other; if its median
//! moved by more than a quarter, and the more the wider the quartiles lie apart, or if its target was met and is
//! missed now; and if all that is still so each time it is measured again. That quartiles don't overlap alone is not enough: between two runs the same program
//! may be laid out otherwise in memory, or share its machine with others, and then every round of it is a little
//! off.

use std::collections::HashSet;

use xtask::paired::{Against, Quartiles, Report, Unit};

use super::effort::Effort;
use super::record::Record;
use crate::failure::Failure;

/// The least factor between two medians that counts as a change, where all rounds of a run agree.
const LEAST: f64 = 1.25;

/// The same where the sides occupy different numbers of cores: what others take of the machine then moves
/// all rounds of a run. Threefold was seen.
const LEAST_UNEVEN: f64 = 4.0;

/// How often a change is measured again before it is believed, and a run before it is saved.
pub(super) const CONFIRMATIONS: usize = 2;

/// How a work fares beside a saved run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Change {
    /// By this factor.
    Slower(f64),
    /// By this factor.
    Faster(f64),
}

/// The works that changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    changes: Vec<(Key, Change)>,
    /// What is to be known of it: a sentence each.
    remarks: Vec<String>,
}

/// What makes two reports of two runs comparable: the work and the peer.
type Key = (String, String);

/// Refuses to compare a quick run with a full one: their rounds differ in length, and so do their ratios.
pub(super) fn check(saved: &Record, effort: Effort) -> Result<(), Failure> {
    if saved.effort == effort {
        Ok(())
    } else {
        Err(Failure::OtherEffort { saved: saved.effort.name() })
    }
}

/// Widens the quartiles of each ratio in `saved` to span those of the same programs in `again`: one run may have had its
/// machine in a state that hardly ever returns, and then all others would seem to have changed.
pub(super) fn span(saved: &mut Record, again: &Record) {
    for report in saved.programs.iter_mut().flat_map(|program| &mut program.reports) {
        let key = key(report);
        let Against::Peer { ratio, .. } = &mut report.against else { continue };
        let same = again.reports().find(|report| self::key(report) == key);
        if let Some(Against::Peer { ratio: other, .. }) = same.map(|same| &same.against) {
            ratio.first = ratio.first.min(other.first);
            ratio.third = ratio.third.max(other.third);
        }
    }
}

impl Comparison {
    pub(super) fn of(saved: &Record, now: &Record) -> Comparison {
        let change = |report: &Report| {
            let (key, now) = (key(report), compared(report)?);
            let before = saved.reports().find(|report| self::key(report) == key)?;
            Some((key, change(compared(before)?, now, least(before, report))?))
        };
        let changes = now.reports().filter_map(change).collect();
        Comparison { changes, remarks: remarks(saved, now) }
    }

    /// Keeps what the other one found too, in the same direction.
    pub(super) fn confirmed_by(self, other: &Comparison) -> Comparison {
        let is_confirmed = |(key, change): &(Key, Change)| {
            other.find(key).is_some_and(|other| other.is_like(*change))
        };
        Comparison { changes: self.changes.into_iter().filter(is_confirmed).collect(), ..self }
    }

    pub(super) fn change(&self, report: &Report) -> Option<Change> {
        self.find(&key(report))
    }

    /// Whether anything changed in a program of that name.
    pub(super) fn concerns(&self, record: &Record, name: &str) -> bool {
        let mut programs = record.programs.iter().filter(|program| program.name == name);
        programs.any(|program| program.reports.iter().any(|report| self.change(report).is_some()))
    }

    /// What is told below a table that compares: when a work is marked, and what of the runs differs.
    pub(super) fn remarks(&self) -> &[String] {
        &self.remarks
    }

    pub(super) fn changed(&self) -> usize {
        self.changes.len()
    }

    pub(super) fn slower(&self) -> usize {
        self.changes.iter().filter(|(_, change)| matches!(change, Change::Slower(_))).count()
    }

    fn find(&self, key: &Key) -> Option<Change> {
        self.changes.iter().find(|(other, _)| other == key).map(|(_, change)| *change)
    }
}

impl Change {
    fn is_like(self, other: Change) -> bool {
        matches!(
            (self, other),
            (Change::Slower(_), Change::Slower(_)) | (Change::Faster(_), Change::Faster(_))
        )
    }
}

fn key(report: &Report) -> Key {
    let peer = match &report.against {
        Against::Peer { name, .. } => name.clone(),
        Against::Bound(_) => String::new(),
    };
    (report.work.clone(), peer)
}

fn remarks(saved: &Record, now: &Record) -> Vec<String> {
    [Some(rule()), other_machine(saved, now), without_a_match(saved, now)]
        .into_iter()
        .flatten()
        .collect()
}

fn rule() -> String {
    format!(
        "marked is what lies beyond the saved quartiles by a factor of {LEAST} ({LEAST_UNEVEN} where the sides occupy different \
         numbers of cores), more where the quartiles lie far apart, or by any factor where that loses a target; and \
         does so again in {CONFIRMATIONS} more runs of its program; the saved quartiles span {} runs",
        CONFIRMATIONS + 1
    )
}

// Not the day: another one is the rule.
fn other_machine(saved: &Record, now: &Record) -> Option<String> {
    let name = |record: &Record| {
        let machine = &record.machine;
        format!("{}, {} cores, {}", machine.processor, machine.cores, machine.rustc)
    };
    (name(saved) != name(now))
        .then(|| format!("the saved run is another machine's or compiler's: {}", name(saved)))
}

/// Of the programs that ran now: what of the saved run was not measured before or is no longer.
fn without_a_match(saved: &Record, now: &Record) -> Option<String> {
    let ran = |name: &str| now.programs.iter().any(|program| program.name == name);
    let before = saved.programs.iter().filter(|program| ran(&program.name));
    let before: HashSet<Key> = before.flat_map(|program| &program.reports).map(key).collect();
    let now: HashSet<Key> = now.reports().map(key).collect();
    let [lost, new] = [before.difference(&now).count(), now.difference(&before).count()];
    (lost + new > 0).then(|| {
        format!("not compared: {lost} works of the saved run alone, {new} of this one alone")
    })
}

/// What of a report is held against another run's: not a time, which depends on the machine's day.
fn compared(report: &Report) -> Option<Quartiles> {
    match (&report.against, report.unit) {
        (Against::Peer { ratio, .. }, _) => Some(*ratio),
        (Against::Bound(_), Unit::Bytes) => Some(report.ours),
        (Against::Bound(_), Unit::Nanoseconds) => None,
    }
}

/// The factor from which on a work changed for the worse, and for the better.
#[derive(Clone, Copy)]
struct Least {
    slower: f64,
    faster: f64,
}

// A target that is lost is told however near it was: what is beyond the quartiles is enough.
fn least(before: &Report, now: &Report) -> Least {
    let least = if now.is_uneven { LEAST_UNEVEN } else { LEAST };
    let is_lost = before.is_met() == Some(true) && now.is_met() == Some(false);
    Least { slower: if is_lost { 0.0 } else { least }, faster: least }
}

fn change(before: Quartiles, now: Quartiles, least: Least) -> Option<Change> {
    let factor = now.median / before.median;
    let width = (width(before) * width(now)).sqrt();
    if now.first > before.third && factor > least.slower * width {
        Some(Change::Slower(factor))
    } else if now.third < before.first && factor < 1.0 / (least.faster * width) {
        Some(Change::Faster(1.0 / factor))
    } else {
        None
    }
}

/// How wide the quartiles lie apart, as a factor.
fn width(of: Quartiles) -> f64 {
    of.third / of.first
}

#[cfg(test)]
mod tests {
    use xtask::paired::{Bound, Pair};

    use super::super::record::Found;
    use super::*;

    fn quartiles(first: f64, median: f64, third: f64) -> Quartiles {
        Quartiles { first, median, third }
    }

    fn report(work: &str, peer: &str, ratio: Quartiles) -> Report {
        let mut report = Pair::new(work, peer).bytes(1.0, 1.0);
        if let Against::Peer { ratio: measured, .. } = &mut report.against {
            *measured = ratio;
        }
        report
    }

    fn run(reports: Vec<Report>) -> Record {
        Record::example(reports)
    }

    fn usual() -> Least {
        Least { slower: LEAST, faster: LEAST }
    }

    const STEADY: [f64; 3] = [0.95, 1.0, 1.05];

    fn scaled(factor: f64) -> Quartiles {
        let [first, median, third] = STEADY.map(|value| value * factor);
        quartiles(first, median, third)
    }

    fn changed_by(factor: f64) -> Option<Change> {
        let (before, now) = (report("w", "p", scaled(1.0)), report("w", "p", scaled(factor)));
        Comparison::of(&run(vec![before]), &run(vec![now.clone()])).change(&now)
    }

    #[test]
    fn what_a_saved_run_found_when_it_was_measured_again_is_no_change() {
        let [mut saved, again] = [0.3, 1.0].map(|by| run(vec![report("w", "p", scaled(by))]));
        let usual = report("w", "p", scaled(1.0));
        let change = |saved: &Record| Comparison::of(saved, &run(vec![usual.clone()])).changed();
        assert_eq!(change(&saved), 1);
        span(&mut saved, &again);
        assert_eq!(change(&saved), 0);
        let ratio = |value: f64| value * 0.3;
        let spanned = quartiles(ratio(STEADY[0]), ratio(STEADY[1]), STEADY[2]);
        assert_eq!(saved, run(vec![report("w", "p", spanned)]));
    }

    #[test]
    fn a_ratio_that_leaves_the_quartiles_by_far_changed() {
        assert_eq!(changed_by(2.0), Some(Change::Slower(2.0)));
        assert_eq!(changed_by(0.5), Some(Change::Faster(2.0)));
    }

    #[test]
    fn a_ratio_that_stays_near_did_not_change() {
        for factor in [1.0, 1.15, 1.3, 0.9, 0.8] {
            assert_eq!(changed_by(factor), None, "{factor}");
        }
    }

    #[test]
    fn a_small_step_is_no_change_however_narrow_the_quartiles_are() {
        let flat = |value| quartiles(value, value, value);
        assert_eq!(change(flat(1.0), flat(1.2), usual()), None);
        assert_eq!(change(flat(1.0), flat(1.5), usual()), Some(Change::Slower(1.5)));
    }

    #[test]
    fn a_large_step_is_no_change_where_the_quartiles_overlap() {
        let (low, high) = (quartiles(0.9, 1.0, 3.0), quartiles(2.0, 9.0, 9.5));
        assert_eq!((change(low, high, usual()), change(high, low, usual())), (None, None));
    }

    #[test]
    fn the_wider_the_quartiles_lie_apart_the_larger_a_change_must_be() {
        let before = quartiles(1.92, 1.95, 1.97);
        assert!(change(before, quartiles(3.51, 4.69, 7.1), usual()).is_some());
        assert_eq!(change(before, quartiles(2.0, 2.9, 7.1), usual()), None);
    }

    #[test]
    fn sides_on_different_numbers_of_cores_must_differ_by_far() {
        let with = |factor| report("w", "p", scaled(factor)).uneven();
        let changed =
            |now: Report| Comparison::of(&run(vec![with(1.0)]), &run(vec![now])).changed();
        assert_eq!([with(3.0), with(5.0)].map(changed), [0, 1]);
    }

    #[test]
    fn a_target_that_is_lost_is_told_however_small_the_step_is() {
        let with = |factor, target| {
            let mut report = report("w", "p", scaled(factor)).uneven();
            if let Against::Peer { target: of, .. } = &mut report.against {
                *of = Some(target);
            }
            report
        };
        let changed = |target, factor| {
            let comparison =
                Comparison::of(&run(vec![with(1.0, target)]), &run(vec![with(factor, target)]));
            comparison.change(&with(factor, target))
        };
        assert_eq!(changed(1.1, 1.2), Some(Change::Slower(1.2)));
        // Within the quartiles; met still; missed before.
        assert_eq!(
            [(1.02, 1.05), (1.3, 1.2), (0.9, 1.2)].map(|(target, factor)| changed(target, factor)),
            [None; 3]
        );
    }

    #[test]
    fn a_run_of_another_effort_is_not_compared() {
        let saved = run(Vec::new());
        assert!(check(&saved, Effort::Full).is_ok());
        let failure = check(&saved, Effort::Quick).unwrap_err().to_string();
        assert!(failure.contains("the saved run is a full run"), "{failure}");
    }

    #[test]
    fn another_machine_is_told_and_another_day_is_not() {
        let saved = run(Vec::new());
        let mut now = saved.clone();
        now.machine.date = "2027-01-01".to_owned();
        assert_eq!(Comparison::of(&saved, &now).remarks(), [rule()]);
        now.machine.processor = "other".to_owned();
        let told = Comparison::of(&saved, &now).remarks().to_vec().remove(1);
        assert!(told.ends_with("A \"B\" & C, 2 cores, rustc 1.95.0"), "{told}");
    }

    #[test]
    fn works_of_one_run_alone_are_counted_within_the_programs_that_ran() {
        let of =
            |names: &[&str]| run(names.iter().map(|name| report(name, "p", scaled(1.0))).collect());
        let mut saved = of(&["both", "old", "older"]);
        saved.programs.push(Found {
            name: "redis".to_owned(),
            reports: of(&["r"]).programs.remove(0).reports,
        });
        let remarks = Comparison::of(&saved, &of(&["both", "new"])).remarks().to_vec();
        assert_eq!(remarks[1], "not compared: 2 works of the saved run alone, 1 of this one alone");
        assert_eq!(Comparison::of(&saved, &saved).remarks().len(), 1);
    }

    #[test]
    fn what_is_no_number_did_not_change() {
        assert_eq!(change(Quartiles::of([]), scaled(1.0), usual()), None);
    }

    #[test]
    fn the_same_work_beside_another_peer_is_another() {
        let saved = run(vec![report("w", "p", scaled(1.0)), report("w", "q", scaled(5.0))]);
        let now = run(vec![report("w", "q", scaled(5.0)), report("w", "new", scaled(9.0))]);
        assert_eq!(Comparison::of(&saved, &now).changed(), 0);
    }

    #[test]
    fn bytes_of_a_bound_are_compared_and_times_are_not() {
        let bytes = |value| Bound::bytes("b", 200.0).measured(value);
        let time = |nanos| Bound::new("t", std::time::Duration::from_secs(1)).measured(nanos);
        let saved = run(vec![bytes(100.0), time(100.0)]);
        let now = run(vec![bytes(180.0), time(900.0)]);
        let comparison = Comparison::of(&saved, &now);
        assert_eq!(comparison.change(&bytes(180.0)), Some(Change::Slower(1.8)));
        assert_eq!(comparison.slower(), 1);
    }

    #[test]
    fn only_what_changes_again_in_the_same_direction_is_believed() {
        let of = |factors: [f64; 3]| {
            let reports = |factors: [f64; 3]| {
                let works = ["a", "b", "c"].into_iter().zip(factors);
                run(works.map(|(work, factor)| report(work, "p", scaled(factor))).collect())
            };
            Comparison::of(&reports([1.0; 3]), &reports(factors))
        };
        let comparison = of([2.0, 2.0, 2.0]).confirmed_by(&of([2.0, 1.0, 0.4]));
        assert_eq!(comparison.changed(), 1);
        assert!(comparison.change(&report("a", "p", scaled(1.0))).is_some());
        assert!(comparison.concerns(&run(vec![report("a", "p", scaled(1.0))]), "memory"));
        assert!(!comparison.concerns(&run(vec![report("b", "p", scaled(1.0))]), "memory"));
    }
}
