//! Results: the folder in cargo's target folder where reports are saved as JSON, a file for each bench.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Report;

/// Writes the reports as one JSON array to `bench/<name>.json` in cargo's target folder, and
/// answers where that is.
///
/// What is not a finite number is `null`.
///
/// # Errors
///
/// [`io::ErrorKind::NotFound`] if the running program lies in no target folder and
/// `CARGO_TARGET_DIR` is not set; else whatever creating the folder or writing the file says.
pub fn save(name: &str, reports: &[Report]) -> io::Result<PathBuf> {
    let folder = bench_folder()?;
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, serde_json::to_string_pretty(reports)?)?;
    Ok(path)
}

/// The folder for results: `bench` in cargo's target folder. It need not be there.
///
/// # Errors
///
/// As [`save`]'s.
pub fn bench_folder() -> io::Result<PathBuf> {
    Ok(target_folder()?.join("bench"))
}

// The program is asked before the variable: a relative variable was resolved against the folder in
// which cargo was called, and a bench runs in its package's.
fn target_folder() -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    program
        .ancestors()
        .find(|folder| is_target_folder(folder))
        .map(Path::to_path_buf)
        .or_else(|| env::var_os("CARGO_TARGET_DIR").map(PathBuf::from))
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no target folder to write to"))
}

// Cargo marks the folders that it creates with the tag; one that stood before has its usual name at
// least.
fn is_target_folder(folder: &Path) -> bool {
    folder.ends_with("target") || folder.join("CACHEDIR.TAG").is_file()
}

#[cfg(test)]
mod tests {
    use super::super::{Bound, Chart, Pair, Peer, Skill};
    use super::*;

    fn reports() -> Vec<Report> {
        const PEER: Peer<'_> = Peer::new("governor").cannot(&[Skill::SeveralRates]);
        vec![
            Pair::new("admit", PEER).target(1.5).bytes(25.0, 20.0).on(Chart::Rates, "memory", 8),
            Pair::new("deny", PEER).bytes(25.0, 20.0).peer_on(Chart::Rates, "governor", 8),
            Bound::bytes("size", 50.0).measured(51.0).because("it is large").uneven(),
        ]
    }

    #[test]
    fn saved_reports_are_found_in_the_target_folder_and_read_as_they_were() {
        let path = save("xtask-saves-reports", &reports()).unwrap();
        let written = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(path.ends_with("bench/xtask-saves-reports.json"), "{}", path.display());
        assert_eq!(serde_json::from_str::<Vec<Report>>(&written).unwrap(), reports());
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        let report = Bound::bytes("w", 1.0).measured(f64::NAN);
        let read: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
        assert!(read.ours.median.is_nan());
        assert_eq!(read.is_met(), Some(false));
    }
}
