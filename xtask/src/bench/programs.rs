//! Programs: the benches, how they are built, and how one after the other is run.

use std::time::{Duration, Instant};

use super::effort::Effort;
use super::files::Files;
use super::progress::Progress;
use super::record::Found;
use crate::call::Call;
use crate::failure::Failure;

/// One bench, and what it saves under its name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// By which it is chosen with `--only`.
    pub(crate) backend: &'static str,
    /// About how long it takes; once it ran, what it took is remembered.
    quick: Duration,
    full: Duration,
}

impl Program {
    const fn new(backend: &'static str, name: &'static str, [quick, full]: [u64; 2]) -> Program {
        let (quick, full) = (Duration::from_secs(quick), Duration::from_secs(full));
        Program { name, backend, quick, full }
    }

    pub(super) fn usual(&self, effort: Effort) -> Duration {
        match effort {
            Effort::Quick => self.quick,
            Effort::Full => self.full,
        }
    }
}

/// Every bench of the workspace, in the order in which they run and are shown.
pub(crate) const ALL: &[Program] = &[
    Program::new("memory", "memory", [25, 110]),
    Program::new("memory", "memory_bytes", [1, 1]),
    Program::new("keyed", "keyed", [15, 60]),
    Program::new("keyed", "keyed_bytes", [6, 6]),
    Program::new("sqlite", "sqlite", [60, 240]),
    Program::new("sqlite", "ticker", [8, 35]),
    Program::new("redis", "redis", [50, 190]),
];

/// Compiles them all.
// The whole workspace is named each time, here and below: of a part, cargo would compile the
// dependencies with fewer features, and so once more.
pub(super) fn build(programs: &[&Program]) -> Result<(), Failure> {
    let names: Vec<String> =
        programs.iter().map(|program| format!("--bench {}", program.name)).collect();
    Call::cargo(&format!("bench --workspace --no-run {}", names.join(" "))).run()
}

/// Runs one after the other and reads what each of them saved.
pub(super) fn run(
    programs: &[&Program],
    effort: Effort,
    files: &Files,
) -> Result<Vec<Found>, Failure> {
    let mut durations = files.durations();
    let expected = programs.iter().map(|program| durations.of(program, effort)).collect();
    let mut progress = Progress::new(expected);
    let mut found = Vec::new();
    for program in programs {
        files.forget_result(program.name)?;
        let start = Instant::now();
        progress.during(program.name, |line| call(program, effort).run_by_line(line))?;
        durations.note(program.name, effort, start.elapsed());
        let name = program.name.to_owned();
        found.push(Found { reports: files.result(&name)?, name });
    }
    files.write_durations(&durations)?;
    Ok(found)
}

fn call(program: &Program, effort: Effort) -> Call {
    Call::cargo(&format!("bench --quiet --workspace --bench {}", program.name))
        .with_variable("PYRATE_BENCH_QUICK", effort.variable())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_is_told_how_thorough_to_be() {
        let program = &ALL[0];
        assert_eq!(
            call(program, Effort::Quick).to_string(),
            "PYRATE_BENCH_QUICK=\"1\" cargo bench --quiet --workspace --bench memory"
        );
        assert!(call(program, Effort::Full).to_string().starts_with("PYRATE_BENCH_QUICK=\"0\""));
    }

    #[test]
    fn every_program_has_a_name_of_its_own() {
        let mut names: Vec<_> = ALL.iter().map(|program| program.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
