//! `cargo xtask`: the workspace's own commands.
//!
//! Here they are told apart and their end is reported. What each does stands in the module of its
//! name.

#![allow(clippy::print_stdout, reason = "printing is what these commands are for")]

mod bench;
mod call;
mod ci;
mod command;
mod examples;
mod failure;
mod mutants;
mod needs;
mod suite;
mod tally;
mod tidy;
mod valkey;

use std::env;
use std::process::ExitCode;

use command::Command;
use failure::Failure;
use tally::Tally;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match Command::parse(&words) {
        Ok(command) => run(command),
        Err(unknown) => {
            eprintln!("{unknown}; what is known:\n{}", command::LIST);
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> ExitCode {
    let mut tally = None;
    let result = enter_workspace().and_then(|()| match command {
        Command::List => {
            println!("{}", command::LIST);
            Ok(())
        }
        Command::Test(size, installing) => suite::run(size, installing, &mut tally),
        Command::Tidy => tidy::run(),
        Command::Bench(options, installing) => bench::run(&options, installing),
        Command::Ci(installing) => ci::run(installing, &mut tally),
        Command::Soak(options) => soak(&options),
    });
    conclude(result, tally)
}

// A program of its own, which knows the backends: this one is to build in a second.
fn soak(options: &[String]) -> Result<(), Failure> {
    let words = "run --quiet --release --package xtask --features soak --bin soak --";
    call::Call::cargo(&format!("{words} {}", options.join(" "))).run()
}

// Cargo says where this package lies, so that the commands work from any folder of the workspace.
fn enter_workspace() -> Result<(), Failure> {
    let Some(package) = env::var_os("CARGO_MANIFEST_DIR") else { return Ok(()) };
    let root = std::path::Path::new(&package).join("..");
    env::set_current_dir(&root).map_err(|source| Failure::File { path: root, source })
}

// The tally comes last, below a failure too: who reads one line only reads what became of the
// tests.
fn conclude(result: Result<(), Failure>, tally: Option<Tally>) -> ExitCode {
    let code = match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    };
    if let Some(tally) = tally {
        println!("{tally}");
    }
    code
}
