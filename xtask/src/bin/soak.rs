//! `cargo xtask soak`: runs the soaks that its words ask for, and fails if one finds something.

#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::env;
use std::process::ExitCode;

use xtask::soak::{Plan, Trouble, run, worker};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let ended = match words.split_first() {
        Some((first, rest)) if first == worker::WORD => worker::run(rest).map(|()| 0),
        _ => soak(&words),
    };
    match ended {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("soak: {trouble}");
            ExitCode::from(2)
        }
    }
}

/// Answers how much was found.
fn soak(words: &[String]) -> Result<usize, Trouble> {
    let mut findings = 0;
    for plan in Plan::parse(words)? {
        println!("soak of {} for {:?}, seed {}", plan.backend, plan.duration, plan.seed);
        let report = run(&plan)?;
        println!("{report}");
        findings += report.findings.len();
    }
    Ok(findings)
}
