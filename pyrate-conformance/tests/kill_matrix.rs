//! Every broken bucket dies, by the check that names its fault; no right one does; the table in the docs is that of today.
//!
//! It has no harness, so that `cargo test` shows the table. With `PYRATE_RENEW` set, it writes the docs' table anew.

#![allow(clippy::print_stdout, reason = "a table to be read")]

use std::process::ExitCode;
use std::{env, fs, panic};

use pyrate_conformance::kill_matrix::KillMatrix;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kill_matrix.md");
const RENEW: &str = "PYRATE_RENEW=1 cargo test -p pyrate-conformance --test kill_matrix";

fn main() -> ExitCode {
    if !is_asked_for() {
        return ExitCode::SUCCESS;
    }
    // Checks may panic on a broken bucket: that kills it, and is nothing to report.
    panic::set_hook(Box::new(|_| {}));
    let matrix = KillMatrix::run();
    println!("\n{matrix}");
    let mut complaints = matrix.complaints();
    complaints.extend(page_is_of_today(&matrix.page()).err());
    for complaint in &complaints {
        println!("failed: {complaint}");
    }
    // In the words of the harness, so that whoever tallies tests counts a bucket as one.
    let (verdict, failed) = (if complaints.is_empty() { "ok" } else { "FAILED" }, complaints.len());
    let passed = (matrix.rows().len() + 1).saturating_sub(failed);
    println!("test result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured\n");
    if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the words behind `cargo test` mean this test too.
fn is_asked_for() -> bool {
    let words: Vec<String> = env::args().skip(1).collect();
    let mut filters = words.iter().filter(|word| !word.starts_with('-')).peekable();
    let is_listing = words.iter().any(|word| word == "--list" || word == "--ignored");
    let has_filter = filters.peek().is_some();
    !is_listing && (!has_filter || filters.any(|filter| "kill_matrix".contains(filter.as_str())))
}

fn page_is_of_today(page: &str) -> Result<(), String> {
    if env::var_os("PYRATE_RENEW").is_some() {
        return fs::write(PAGE, page).map_err(|error| format!("{PAGE}: {error}"));
    }
    // With another number of histories, other checks find a fault too.
    if env::var_os("PROPTEST_CASES").is_some() {
        return Ok(());
    }
    match fs::read_to_string(PAGE) {
        Ok(found) if found == page => Ok(()),
        Ok(_) => Err(format!("{PAGE} is not of today; to write it anew: {RENEW}")),
        Err(error) => Err(format!("{PAGE}: {error}")),
    }
}
