//! The benches of all backends: measured, shown as one table and as charts, and compared with a run
//! that was saved.

mod charts;
mod compare;
mod durations;
mod effort;
mod files;
mod html;
mod machine;
mod options;
mod programs;
mod progress;
mod readme;
mod record;
mod table;

use crate::failure::Failure;
use crate::needs::{self, Installing};
use compare::Comparison;
use files::Files;
use options::Redraw;
use record::Record;
use table::Table;

pub(crate) use options::Options;

/// Measures, or takes what was measured last, and shows it in every form that is asked for.
pub(crate) fn run(options: &Options, installing: Installing) -> Result<(), Failure> {
    let files = Files::new()?;
    // What can't be compared is told before minutes are spent.
    let saved = options.against.as_deref().map(|name| saved(name, options, &files)).transpose()?;
    build(options, installing)?;
    let record = record(options, &files)?;
    if options.is_for_readme {
        readme::check(&record)?;
    }
    let comparison = saved.map(|saved| compare(options, &files, &saved, &record)).transpose()?;
    show(options, &files, &record, comparison.as_ref())?;
    match comparison.map_or(0, |comparison| comparison.slower()) {
        0 => Ok(()),
        slower => Err(Failure::Slower { works: slower }),
    }
}

fn saved(name: &str, options: &Options, files: &Files) -> Result<Record, Failure> {
    let saved = files.saved(name)?;
    let effort = redrawn(options, files)?.map_or(options.effort, |record| record.effort);
    compare::check(&saved, effort)?;
    Ok(saved)
}

/// The run that is to be shown again, where one is.
fn redrawn(options: &Options, files: &Files) -> Result<Option<Record>, Failure> {
    let record = |redraw: &Redraw| match redraw {
        Redraw::Last => files.report(),
        Redraw::Saved(name) => files.saved(name),
    };
    options.redraw.as_ref().map(record).transpose()
}

fn build(options: &Options, installing: Installing) -> Result<(), Failure> {
    if options.is_redrawn() {
        return Ok(());
    }
    if options.programs().iter().any(|program| program.backend == "redis") {
        needs::require_redis(installing)?;
    }
    programs::build(&options.programs())
}

fn record(options: &Options, files: &Files) -> Result<Record, Failure> {
    if let Some(record) = redrawn(options, files)? {
        return Ok(record);
    }
    let programs = programs::run(&options.programs(), options.effort, files)?;
    let record = Record { machine: machine::this(), effort: options.effort, programs };
    files.write_report(&record)?;
    Ok(record)
}

/// Compares; and measures again what seems to have changed, since a busy machine is no change.
fn compare(
    options: &Options,
    files: &Files,
    saved: &Record,
    record: &Record,
) -> Result<Comparison, Failure> {
    let mut comparison = Comparison::of(saved, record);
    if options.is_redrawn() {
        return Ok(comparison);
    }
    for _ in 0..compare::CONFIRMATIONS {
        let suspects = options.programs();
        let suspects: Vec<_> = suspects
            .into_iter()
            .filter(|program| comparison.concerns(record, program.name))
            .collect();
        if suspects.is_empty() {
            break;
        }
        println!("{} seem to have changed, and are measured again", comparison.changed());
        let programs = programs::run(&suspects, options.effort, files)?;
        let again = Record { programs, ..record.clone() };
        comparison = comparison.confirmed_by(&Comparison::of(saved, &again));
    }
    Ok(comparison)
}

/// A run that is to be compared with, measured more than once: it stands for all that its machine does unchanged.
fn spanning(options: &Options, files: &Files, record: &Record) -> Result<Record, Failure> {
    let mut spanning = record.clone();
    if !options.is_redrawn() {
        for _ in 0..compare::CONFIRMATIONS {
            println!("what is saved is measured again");
            let programs = programs::run(&options.programs(), options.effort, files)?;
            compare::span(&mut spanning, &Record { programs, ..record.clone() });
        }
    }
    Ok(spanning)
}

fn show(
    options: &Options,
    files: &Files,
    record: &Record,
    comparison: Option<&Comparison>,
) -> Result<(), Failure> {
    let charts = charts::draw(record)?;
    files.write_charts(&charts)?;
    let table = Table::new(record, comparison);
    let page = html::page(record, &table, &charts);
    println!("{}", table.to_text(record));
    println!("the same with charts: {}", files.write_page(&page)?.display());
    if let Some(name) = &options.save {
        files.save(name, &spanning(options, files, record)?)?;
    }
    if options.is_for_readme { readme::renew(record, &charts) } else { Ok(()) }
}
