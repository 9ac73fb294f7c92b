//! Records: all that one run of the benches found, on which machine.

use serde::{Deserialize, Serialize};
use xtask::paired::Report;

use super::effort::Effort;

/// One run of the benches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) machine: Machine,
    pub(super) effort: Effort,
    /// What each program found, in the order in which they ran.
    pub(super) programs: Vec<Found>,
}

/// What a run was made on, and on which day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Machine {
    /// The processor's name.
    pub(super) processor: String,
    /// How many cores the run could use.
    pub(super) cores: String,
    /// The compiler.
    pub(super) rustc: String,
    /// The day in UTC, as 2026-11-24.
    pub(super) date: String,
}

/// What one program found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Found {
    /// The program's name.
    pub(super) name: String,
    pub(super) reports: Vec<Report>,
}

impl Record {
    /// Every report of every program.
    pub(super) fn reports(&self) -> impl Iterator<Item = &Report> {
        self.programs.iter().flat_map(|program| &program.reports)
    }

    /// A full run of one program.
    #[cfg(test)]
    pub(super) fn example(reports: Vec<Report>) -> Record {
        let text = str::to_owned;
        let machine = Machine {
            processor: text("A \"B\" & C"),
            cores: text("2"),
            rustc: text("rustc 1.95.0"),
            date: text("2026-11-24"),
        };
        let programs = vec![Found { name: text("memory"), reports }];
        Record { machine, effort: Effort::Full, programs }
    }
}
