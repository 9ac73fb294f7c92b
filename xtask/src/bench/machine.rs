//! The machine: what a run was made on, and the day.

use std::env;
use std::fs;
use std::thread;
use std::time::SystemTime;

use xtask::record::Machine;

use crate::call::Call;

/// This machine, today.
pub(super) fn this() -> Machine {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Machine {
        processor: processor(),
        cores: thread::available_parallelism()
            .map_or_else(|_| unknown(), |cores| cores.to_string()),
        rustc: first_line(&Call::of("rustc", "--version")).unwrap_or_else(unknown),
        date: seconds.map_or_else(|_| unknown(), |since| date(since.as_secs() / 86_400)),
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

/// The day in the Gregorian calendar, counted from 1970-01-01.
// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`: years begin in
// March, so that a leap day is the last one.
fn date(days: u64) -> String {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates_across_leap_years() {
        let dates = [0, 58, 59, 11_015, 11_016, 19_782, 20_781].map(date);
        assert_eq!(
            dates,
            [
                "1970-01-01",
                "1970-02-28",
                "1970-03-01",
                "2000-02-28",
                "2000-02-29",
                "2024-02-29",
                "2026-11-24",
            ]
        );
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
