//! The README's section: the table of one run and its charts, between two marks.

use std::path::Path;

use super::charts::Drawn;
use super::effort::Effort;
use super::files::{read, write, write_charts};
use super::programs;
use super::record::Record;
use super::table::{Table, about, summary};
use crate::failure::Failure;

const BEGIN: &str = "<!-- bench: what stands from here to the end mark is written by `cargo xtask bench --readme` -->";
const END: &str = "<!-- bench: end -->";

/// Where the charts lie that the README shows, from the workspace's root.
const FOLDER: &str = "docs/bench";

/// Refuses what the README may not show: a quick run, or one without every program.
pub(super) fn check(record: &Record) -> Result<(), Failure> {
    let has = |name: &str| record.programs.iter().any(|found| found.name == name);
    let lacks = programs::ALL.iter().map(|program| program.name).filter(|name| !has(name));
    match (record.effort, lacks.collect::<Vec<_>>().join(", ")) {
        (Effort::Quick, _) => Err(Failure::NotForReadme { why: "it was a quick one".to_owned() }),
        (Effort::Full, lacks) if lacks.is_empty() => Ok(()),
        (Effort::Full, lacks) => Err(Failure::NotForReadme { why: format!("it lacks {lacks}") }),
    }
}

/// Writes the section and the charts anew. From one report it writes the same each time.
pub(super) fn renew(record: &Record, charts: &[Drawn]) -> Result<(), Failure> {
    let (readme, folder) = (Path::new("README.md"), Path::new(FOLDER));
    let section = section(record, charts);
    let renewed = replaced(&read(readme)?, &section)
        .ok_or_else(|| Failure::Unmarked { path: readme.to_path_buf() })?;
    write_charts(folder, charts)?;
    write(readme, &renewed)
}

fn section(record: &Record, charts: &[Drawn]) -> String {
    let table = Table::new(record, None).to_markdown();
    let images: Vec<String> = charts.iter().map(image).collect();
    format!("From {}. {}.\n\n{}\n\n{table}", about(record), summary(record), images.join("\n\n"))
}

fn image(drawn: &Drawn) -> String {
    format!("![{}]({FOLDER}/{}.svg)", drawn.chart.title(), drawn.chart.name())
}

/// The text with a new section between its marks; `None` where they are not there.
fn replaced(text: &str, section: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{section}\n\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use xtask::paired::{Bound, Chart};

    use super::super::record::Found;
    use super::*;

    fn full() -> Record {
        let found = |name: &str| Found { name: name.to_owned(), reports: Vec::new() };
        let programs = programs::ALL.iter().map(|program| found(program.name)).collect();
        Record { programs, ..Record::example(Vec::new()) }
    }

    #[test]
    fn a_full_run_of_every_program_may_be_shown_and_no_other() {
        assert!(check(&full()).is_ok());
        let refusal = |record: &Record| check(record).unwrap_err().to_string();
        let quick = Record { effort: Effort::Quick, ..full() };
        assert!(refusal(&quick).contains("it was a quick one"));
        let mut partial = full();
        partial.programs.retain(|found| !["ticker", "redis"].contains(&&*found.name));
        assert!(refusal(&partial).contains("it lacks ticker, redis"), "{}", refusal(&partial));
    }

    #[test]
    fn the_section_names_the_machine_and_shows_charts_and_table() {
        let charts = [Drawn { chart: Chart::Rates, svg: String::new() }];
        let record = Record::example(vec![Bound::bytes("size", 3.0).measured(2.0)]);
        let section = section(&record, &charts);
        let about = "A \"B\" & C, 2 cores, rustc 1.95.0, 2026-11-24";
        assert!(section.starts_with(&format!("From a full run: {about}. 1 of 1 targets are met.")));
        assert!(section.contains(
            "![Time of a call against the number of rates](docs/bench/rates.svg)\n\n| work |"
        ));
    }

    #[test]
    fn what_stands_around_the_marks_stays_and_twice_is_as_once() {
        let text = format!("# A\n\n{BEGIN}\nold\n{END}\n\n## B\n");
        let once = replaced(&text, "new").unwrap();
        assert_eq!(once, format!("# A\n\n{BEGIN}\n\nnew\n\n{END}\n\n## B\n"));
        assert_eq!(replaced(&once, "new"), Some(once.clone()));
    }

    #[test]
    fn a_text_without_marks_is_left_alone() {
        assert_eq!(replaced("# A\n", "new"), None);
        assert_eq!(replaced(&format!("{END} {BEGIN}"), "new"), None);
    }

    #[test]
    fn the_readme_has_the_marks() {
        let readme = fs::read_to_string("../README.md").unwrap();
        assert!(replaced(&readme, "new").is_some());
    }
}
