//! Files: what a run leaves in cargo's target folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use xtask::paired::{Chart, Report, bench_folder};

use super::charts::Drawn;
use super::durations::Durations;
use super::record::Record;
use crate::failure::Failure;

/// The folder of results.
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(super) fn new() -> Result<Files, Failure> {
        let folder = at(Path::new("target/bench"), bench_folder())?;
        create(&folder)?;
        Ok(Files { folder })
    }

    /// What the program of that name saved.
    pub(super) fn result(&self, name: &str) -> Result<Vec<Report>, Failure> {
        read_json(&self.result_path(name))
    }

    /// Takes away what it saved, so that an older result isn't taken for a new one.
    pub(super) fn forget_result(&self, name: &str) -> Result<(), Failure> {
        remove(&self.result_path(name))
    }

    /// The last report.
    pub(super) fn report(&self) -> Result<Record, Failure> {
        read_json(&self.folder.join("report.json"))
    }

    pub(super) fn write_report(&self, record: &Record) -> Result<(), Failure> {
        write_json(&self.folder.join("report.json"), record)
    }

    /// Writes the page and answers where it is.
    pub(super) fn write_page(&self, page: &str) -> Result<PathBuf, Failure> {
        let path = self.folder.join("report.html");
        write(&path, page)?;
        Ok(path)
    }

    /// The run that was saved under a name.
    pub(super) fn saved(&self, name: &str) -> Result<Record, Failure> {
        let path = self.saved_path(name);
        if path.exists() { read_json(&path) } else { Err(self.never_saved(name)) }
    }

    pub(super) fn save(&self, name: &str, record: &Record) -> Result<(), Failure> {
        create(&self.folder.join("saved"))?;
        write_json(&self.saved_path(name), record)
    }

    pub(super) fn write_charts(&self, charts: &[Drawn]) -> Result<(), Failure> {
        write_charts(&self.folder.join("charts"), charts)
    }

    /// How long programs took; nothing where that was never noted, or can't be read.
    pub(super) fn durations(&self) -> Durations {
        read_json(&self.durations_path()).unwrap_or_default()
    }

    pub(super) fn write_durations(&self, durations: &Durations) -> Result<(), Failure> {
        write_json(&self.durations_path(), durations)
    }

    fn never_saved(&self, name: &str) -> Failure {
        let files = fs::read_dir(self.folder.join("saved")).into_iter().flatten().flatten();
        let names = files.map(|file| file.path()).filter_map(|path| {
            path.extension().filter(|extension| *extension == "json")?;
            Some(path.file_stem()?.to_string_lossy().into_owned())
        });
        let mut saved: Vec<String> = names.collect();
        saved.sort_unstable();
        Failure::NeverSaved { name: name.to_owned(), saved }
    }

    fn result_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn saved_path(&self, name: &str) -> PathBuf {
        self.folder.join("saved").join(format!("{name}.json"))
    }

    fn durations_path(&self) -> PathBuf {
        self.folder.join("durations.json")
    }
}

/// Writes the charts into a folder, and takes away older ones that were not drawn this time.
pub(super) fn write_charts(folder: &Path, charts: &[Drawn]) -> Result<(), Failure> {
    let path = |chart: Chart| folder.join(format!("{}.svg", chart.name()));
    create(folder)?;
    Chart::ALL.into_iter().try_for_each(|chart| remove(&path(chart)))?;
    charts.iter().try_for_each(|drawn| write(&path(drawn.chart), &drawn.svg))
}

pub(super) fn read(path: &Path) -> Result<String, Failure> {
    at(path, fs::read_to_string(path))
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    at(path, fs::write(path, text))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    at(path, serde_json::from_str(&read(path)?).map_err(io::Error::from))
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let text = at(path, serde_json::to_string_pretty(value).map_err(io::Error::from))?;
    write(path, &text)
}

fn create(folder: &Path) -> Result<(), Failure> {
    at(folder, fs::create_dir_all(folder))
}

fn remove(path: &Path) -> Result<(), Failure> {
    if path.exists() { at(path, fs::remove_file(path)) } else { Ok(()) }
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, Failure> {
    result.map_err(|source| Failure::File { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use xtask::paired::{Bound, Pair};

    use super::*;

    fn files(name: &str) -> Files {
        let folder = bench_folder().unwrap().join(name);
        create(&folder).unwrap();
        Files { folder }
    }

    #[test]
    fn a_run_is_read_as_it_was_saved() {
        let files = files("xtask-saves-a-run");
        let reports =
            vec![Pair::new("w", "p").bytes(1.0, 2.0), Bound::bytes("b", 3.0).measured(2.0)];
        let record = Record::example(reports);
        files.save("before", &record).unwrap();
        assert_eq!(files.saved("before").unwrap(), record);
        fs::remove_dir_all(files.folder).unwrap();
    }

    #[test]
    fn a_name_that_was_never_saved_is_told_with_those_that_were() {
        let files = files("xtask-lists-runs");
        let told = |name| files.saved(name).unwrap_err().to_string();
        assert_eq!(told("typo"), "no run was saved as `typo`, nor under any other name");
        for name in ["v1.2", "before"] {
            files.save(name, &Record::example(Vec::new())).unwrap();
        }
        assert_eq!(told("typo"), "no run was saved as `typo`, but as: before, v1.2");
        fs::remove_dir_all(files.folder).unwrap();
    }

    #[test]
    fn what_is_no_run_is_told_with_its_path() {
        let files = files("xtask-reads-no-run");
        write(&files.folder.join("report.json"), "{\"machine\": {}}").unwrap();
        let failure = files.report().unwrap_err().to_string();
        assert!(failure.contains("report.json: missing field"), "{failure}");
        fs::remove_dir_all(files.folder).unwrap();
    }

    #[test]
    fn charts_of_an_older_run_are_taken_away() {
        let files = files("xtask-draws");
        let drawn = |chart| Drawn { chart, svg: "<svg/>".to_owned() };
        files.write_charts(&[drawn(Chart::Names)]).unwrap();
        files.write_charts(&[drawn(Chart::Rates)]).unwrap();
        let left = fs::read_dir(files.folder.join("charts")).unwrap();
        let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, ["rates.svg"]);
        fs::remove_dir_all(files.folder).unwrap();
    }
}
