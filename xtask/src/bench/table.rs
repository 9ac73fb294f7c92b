//! The table: a row for each report, as plain text, as Markdown and as HTML.

use std::collections::HashSet;
use std::iter;

use xtask::paired::{Against, Chart, Point, Quartiles, Report};

use super::compare::{Change, Comparison};
use super::effort::Effort;
use super::record::Record;

/// All rows.
pub(super) struct Table {
    rows: Vec<Row>,
    /// What stands below them.
    remarks: Vec<String>,
}

/// One report, in words.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    pub(super) cells: [String; COLUMNS],
    /// How it changed, and why its target is missed.
    pub(super) notes: Vec<String>,
    /// What its peer can't do.
    pub(super) cannot: Option<String>,
    /// Whether it belongs into the short table: it has a target, or is not only a curve's point.
    is_claim: bool,
}

const COLUMNS: usize = 6;

/// What stands above the columns.
pub(super) const HEADS: [&str; COLUMNS] =
    ["work", "ours [quartiles]", "peer or floor", "ratio [quartiles]", "target", "verdict"];

/// So many stored grants stand for the curve over them in the short table.
const MANY_STORED: f64 = 100_000.0;

/// What stands out below a miss that nobody foresaw.
const UNEXPLAINED: &str = "missed, not explained";

/// What is said of a target that lies between the quartiles.
const NARROWLY: &str = "missed by the median, but met by a quarter of the rounds or more";

impl Table {
    pub(super) fn new(record: &Record, comparison: Option<&Comparison>) -> Table {
        let change = |report| comparison.and_then(|comparison| comparison.change(report));
        let remarks = comparison.map_or_else(Vec::new, |comparison| comparison.remarks().to_vec());
        let rows = record.reports().map(|report| row(report, change(report))).collect();
        Table { rows, remarks }
    }

    /// What is to be known of the comparison, a sentence each; none where there is none.
    pub(super) fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// Every row.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Aligned for a terminal, with each row's notes below it, and a summary.
    pub(super) fn to_text(&self, record: &Record) -> String {
        let widths = self.widths();
        let heads = line(&HEADS, &widths);
        let mut told = HashSet::new();
        let rows = self.rows.iter().flat_map(|row| {
            let cells = row.cells.each_ref().map(String::as_str);
            // Where a peer is met first; below each of its lines it would hide the lines.
            let cannot = row.cannot.as_ref().filter(|cannot| told.insert(*cannot));
            let notes = row.notes.iter().chain(cannot).map(|note| format!("      {note}"));
            iter::once(line(&cells, &widths)).chain(notes.collect::<Vec<_>>())
        });
        let lines: Vec<String> = iter::once(heads).chain(rows).collect();
        let below = [about(record), summary(record)].into_iter().chain(self.remarks.clone());
        format!("{}\n\n{}", lines.join("\n"), below.collect::<Vec<_>>().join("\n"))
    }

    /// The claims alone, as a table of Markdown.
    pub(super) fn to_markdown(&self) -> String {
        let bars = |cells: &[&str]| format!("| {} |", cells.join(" | "));
        let rule = format!("|{}", "---|".repeat(COLUMNS + 1));
        let heads = bars(&HEADS.into_iter().chain(["notes"]).collect::<Vec<_>>());
        let rows = self.rows.iter().filter(|row| row.is_claim).map(|row| {
            let notes = row.all_notes();
            bars(&row.cells.iter().map(String::as_str).chain([&*notes]).collect::<Vec<_>>())
        });
        [heads, rule].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
    }

    fn widths(&self) -> [usize; COLUMNS] {
        let mut widths = HEADS.map(str::len);
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(&row.cells) {
                *width = cell.chars().count().max(*width);
            }
        }
        widths
    }
}

impl Row {
    /// Everything that stands behind the cells.
    pub(super) fn all_notes(&self) -> String {
        let notes: Vec<&str> = self.notes.iter().chain(&self.cannot).map(String::as_str).collect();
        notes.join("; ")
    }
}

/// Where and when, in a line.
pub(super) fn about(record: &Record) -> String {
    let machine = &record.machine;
    let effort = match record.effort {
        Effort::Quick => "a quick run, not to be quoted",
        Effort::Full => "a full run",
    };
    format!(
        "{effort}: {}, {} cores, {}, {}",
        machine.processor, machine.cores, machine.rustc, machine.date
    )
}

/// How many targets are met.
pub(super) fn summary(record: &Record) -> String {
    let verdicts: Vec<bool> = record.reports().filter_map(Report::is_met).collect();
    let met = verdicts.iter().filter(|met| **met).count();
    format!("{met} of {} targets are met", verdicts.len())
}

fn line(cells: &[&str; COLUMNS], widths: &[usize; COLUMNS]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn row(report: &Report, change: Option<Change>) -> Row {
    let [peer, ratio, target] = against(report);
    let verdict = match report.is_met() {
        Some(true) => "met",
        Some(false) => "missed",
        None => "",
    };
    let ours = spread(&report.ours, |value| report.unit.show(value));
    let cannot = cannot(report);
    Row {
        cells: [report.work.clone(), ours, peer, ratio, target, verdict.to_owned()],
        notes: notes(report, change),
        is_claim: report.is_met().is_some() || !is_growth(report),
        cannot,
    }
}

// What stands on a chart of what grows is told there.
fn is_growth(report: &Report) -> bool {
    !report.points.is_empty() && !report.points.iter().any(stands_for_more)
}

// A row of the backends' chart is no curve's. And what a full bucket costs, which is more than others do, stands on
// a curve alone: one of its points is told in words as well.
fn stands_for_more(point: &Point) -> bool {
    match point.chart {
        Chart::Backends => true,
        Chart::Stored => point.x.total_cmp(&MANY_STORED).is_eq(),
        _ => false,
    }
}

fn against(report: &Report) -> [String; 3] {
    match &report.against {
        Against::Peer { name, theirs, ratio, target, .. } => {
            let target = target.map_or_else(String::new, |target| format!("<= {}", factor(target)));
            [format!("{name}: {}", report.unit.show(theirs.median)), spread(ratio, factor), target]
        }
        Against::Bound(bound) => {
            let target = format!("<= {}", report.unit.show(*bound));
            [String::new(), String::new(), target]
        }
    }
}

fn notes(report: &Report, change: Option<Change>) -> Vec<String> {
    let change = change.map(|change| match change {
        Change::Slower(by) => format!("SLOWER: the ratio is {} times the saved one", factor(by)),
        Change::Faster(by) => format!("faster: the saved ratio is {} times this one", factor(by)),
    });
    let reason = (report.is_met() == Some(false)).then(|| match &report.because {
        Some(reason) => format!("missed because {reason}"),
        None => UNEXPLAINED.to_owned(),
    });
    let narrowly = report.is_missed_narrowly().then(|| NARROWLY.to_owned());
    [change, reason, narrowly].into_iter().flatten().collect()
}

fn cannot(report: &Report) -> Option<String> {
    match &report.against {
        Against::Peer { name, cannot, .. } if !cannot.is_empty() => {
            let skills: Vec<&str> = cannot.iter().map(|skill| skill.name()).collect();
            Some(format!("{name} can't: {}", skills.join(", ")))
        }
        _ => None,
    }
}

fn spread(of: &Quartiles, show: impl Fn(f64) -> String) -> String {
    let Quartiles { first, median, third } = *of;
    let [first, median, third] = [first, median, third].map(show);
    if first == third { median } else { format!("{median} [{first} .. {third}]") }
}

// Two digits that count, also of a thousandth.
fn factor(value: f64) -> String {
    match value {
        v if v < 0.001 => format!("{v:.5}"),
        v if v < 0.1 => format!("{v:.3}"),
        v => format!("{v:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use xtask::paired::{Bound, Pair, Peer, Skill};

    use super::*;

    const PEER: Peer<'_> = Peer::new("peer").cannot(&[Skill::Weights, Skill::ExactWindows]);

    fn record() -> Record {
        Record::example(vec![
            Pair::new("admit", PEER).target(1.25).bytes(30.0, 20.0).because("it is exact"),
            Pair::new("weight: 100", PEER).bytes(20.0, 20.0).on(Chart::Weight, "memory", 100),
            Bound::bytes("size", 200.0).measured(150.0).because("never shown"),
        ])
    }

    fn table() -> Table {
        Table::new(&record(), None)
    }

    #[test]
    fn a_row_says_both_sides_the_ratio_the_target_and_the_verdict() {
        let cells = ["admit", "30 B", "peer: 20 B", "1.50", "<= 1.25", "missed"];
        assert_eq!(table().rows()[0].cells, cells);
        let cells = ["size", "150 B", "", "", "<= 200 B", "met"];
        assert_eq!(table().rows()[2].cells, cells);
    }

    #[test]
    fn a_miss_is_explained_and_what_the_peer_lacks_is_told() {
        let row = &table().rows[0];
        assert_eq!(row.notes, ["missed because it is exact"]);
        assert_eq!(
            row.cannot.as_deref(),
            Some("peer can't: weights at the cost of one unit, exact windows")
        );
        assert_eq!(table().rows()[2].all_notes(), "");
    }

    #[test]
    fn a_miss_without_a_reason_says_so_and_what_is_met_does_not() {
        let size = |bytes| row(&Bound::bytes("size", 2.0).measured(bytes), None).notes;
        assert_eq!([size(3.0), size(2.0)], [vec![UNEXPLAINED.to_owned()], Vec::new()]);
    }

    #[test]
    fn of_rounds_that_disagree_it_is_told() {
        let mut report = Bound::bytes("size", 2.0).measured(3.0);
        assert_eq!(row(&report, None).notes, [UNEXPLAINED]);
        report.ours.first = 1.0;
        assert_eq!(row(&report, None).notes, [UNEXPLAINED, NARROWLY]);
    }

    #[test]
    fn a_terminal_is_told_once_what_a_peer_lacks() {
        let mut record = record();
        record.programs.push(record.programs[0].clone());
        let text = Table::new(&record, None).to_text(&record);
        assert_eq!(text.matches("peer can't").count(), 1);
        assert_eq!(text.matches("missed because").count(), 2);
    }

    #[test]
    fn a_change_is_the_first_note() {
        let comparison = Comparison::of(&record(), &record());
        assert!(Table::new(&record(), Some(&comparison)).rows()[0].notes[0].starts_with("missed"));
        let text = Table::new(&record(), Some(&comparison)).to_text(&record());
        assert!(text.lines().last().unwrap().starts_with("marked is what"), "{text}");
        let row = row(&Pair::new("w", "p").bytes(1.0, 1.0), Some(Change::Slower(2.0)));
        assert_eq!(row.notes, ["SLOWER: the ratio is 2.00 times the saved one"]);
    }

    #[test]
    fn columns_stand_under_each_other() {
        let text = table().to_text(&record());
        let at = |line: &str, word: &str| line.find(word).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(at(lines[0], "target"), at(lines[1], "<= 1.25"));
        assert_eq!(at(lines[0], "target"), at(lines[5], "<= 200 B"));
        assert!(text.ends_with("1 of 2 targets are met"), "{text}");
        assert!(
            text.contains("a full run: A \"B\" & C, 2 cores, rustc 1.95.0, 2026-11-24"),
            "{text}"
        );
    }

    #[test]
    fn markdown_holds_the_claims_alone() {
        let markdown = table().to_markdown();
        let lines: Vec<&str> = markdown.lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[1], "|---|---|---|---|---|---|---|");
        assert!(
            lines[2]
                .ends_with("| missed because it is exact; peer can't: weights at the cost of one unit, exact windows |")
        );
        assert!(lines[3].starts_with("| size | 150 B |  |  | <= 200 B | met |"), "{}", lines[3]);
    }

    #[test]
    fn the_short_table_tells_of_floors_and_of_full_buckets_too() {
        let plain = || Pair::new("w", "floor").bytes(2.0, 1.0);
        let is_claim = |report: Report| row(&report, None).is_claim;
        assert!(is_claim(plain()));
        assert!(is_claim(plain().on(Chart::Stored, "w", 100_000)));
        assert!(is_claim(plain().on(Chart::Weight, "w", 1).on(Chart::Backends, "w", 1)));
        assert!(!is_claim(plain().on(Chart::Stored, "w", 1_000)));
        assert!(!is_claim(plain().on(Chart::Weight, "w", 100_000)));
    }

    #[test]
    fn small_ratios_keep_two_digits() {
        assert_eq!([1.5, 0.25, 0.0123, 0.000_12].map(factor), ["1.50", "0.25", "0.012", "0.00012"]);
    }
}
