//! The machine: what a run was made on, and the day.

use std::env;
use std::fs;
use std::thread;
use std::time::SystemTime;

use super::record::Machine;
use crate::call::Call;

/// This machine, today.
pub(super) fn this() -> Machine {
    Machine {
        processor: processor(),
        cores: thread::available_parallelism()
            .map_or_else(|_| unknown(), |cores| cores.to_string()),
        rustc: first_line(&Call::of("rustc", "--version")).unwrap_or_else(unknown),
        date: day(SystemTime::now()),
    }
}

// Each system has a place of its own for it.
fn processor() -> String {
    let linux = fs::read_to_string("/proc/cpuinfo").ok().and_then(|info| model_in(&info));
    let macos = || first_line(&Call::of("sysctl", "-n machdep.cpu.brand_string"));
    let windows = || env::var("PROCESSOR_IDENTIFIER").ok();
    linux.or_else(macos).or_else(windows).unwrap_or_else(unknown)
}

fn model_in(cpuinfo: &str) -> Option<String> {
    let mut lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    let (_, model) = lines.find(|(key, _)| key.trim() == "model name")?;
    Some(model.trim().to_owned())
}

fn first_line(call: &Call) -> Option<String> {
    let output = call.output().ok()?;
    output.lines().next().map(|line| line.trim().to_owned())
}

fn unknown() -> String {
    "unknown".to_owned()
}

// As RFC 3339 writes an instant, the day stands before its hour.
fn day(instant: SystemTime) -> String {
    humantime::format_rfc3339_seconds(instant)
        .to_string()
        .chars()
        .take("2026-11-24".len())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_day_is_written_without_its_hour() {
        let instant = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 20_781 + 23);
        assert_eq!(day(instant), "2026-11-24");
    }

    #[test]
    fn the_model_is_found_among_the_lines() {
        let info = "processor\t: 0\nmodel name\t: AMD EPYC\nmodel name\t: other\n";
        assert_eq!(model_in(info).as_deref(), Some("AMD EPYC"));
        assert_eq!(model_in("Hardware : board"), None);
    }

    #[test]
    fn this_machine_is_named() {
        assert!(this().rustc.starts_with("rustc "), "{:?}", this());
    }
}
