//! Files: what a run leaves in cargo's target folder.

use std::fs;
use std::path::{Path, PathBuf};

use xtask::paired::{Chart, bench_folder};
use xtask::record::{Program, Record};

use crate::failure::Failure;

/// The folder of results.
pub(super) struct Files {
    folder: PathBuf,
}

/// A chart as it was drawn.
pub(super) struct Drawn {
    pub(super) chart: Chart,
    pub(super) svg: String,
}

impl Files {
    pub(super) fn new() -> Result<Files, Failure> {
        let folder = bench_folder()
            .map_err(|source| Failure::File { path: "target/bench".into(), source })?;
        create(&folder)?;
        Ok(Files { folder })
    }

    /// What the program of that name saved.
    pub(super) fn result(&self, name: &str) -> Result<Program, Failure> {
        let path = self.folder.join(format!("{name}.json"));
        Program::from_saved(name, &read(&path)?).ok_or(Failure::Unreadable { path })
    }

    /// Takes away what it saved, so that an older result isn't taken for a new one.
    pub(super) fn forget_result(&self, name: &str) -> Result<(), Failure> {
        remove(&self.folder.join(format!("{name}.json")))
    }

    /// The last report.
    pub(super) fn report(&self) -> Result<Record, Failure> {
        record(&self.folder.join("report.json"))
    }

    pub(super) fn report_path(&self) -> String {
        shown(&self.folder.join("report.json"))
    }

    pub(super) fn write_report(&self, record: &Record) -> Result<(), Failure> {
        write(&self.folder.join("report.json"), &record.to_text())
    }

    /// Writes the page and answers where it is.
    pub(super) fn write_page(&self, page: &str) -> Result<String, Failure> {
        let path = self.folder.join("report.html");
        write(&path, page)?;
        Ok(shown(&path))
    }

    /// The run that was saved under a name.
    pub(super) fn saved(&self, name: &str) -> Result<Record, Failure> {
        record(&self.saved_path(name))
    }

    pub(super) fn save(&self, name: &str, record: &Record) -> Result<(), Failure> {
        create(&self.folder.join("saved"))?;
        write(&self.saved_path(name), &record.to_text())
    }

    /// The folder of charts, with no older ones in it.
    pub(super) fn empty_charts(&self) -> Result<String, Failure> {
        let folder = self.folder.join("charts");
        create(&folder)?;
        Chart::ALL.iter().try_for_each(|chart| remove(&chart_path(&folder, *chart)))?;
        Ok(shown(&folder))
    }

    /// The charts that were drawn.
    pub(super) fn charts(&self) -> Result<Vec<Drawn>, Failure> {
        let folder = self.folder.join("charts");
        let drawn = Chart::ALL.into_iter().filter(|chart| chart_path(&folder, *chart).is_file());
        drawn.map(|chart| Ok(Drawn { chart, svg: read(&chart_path(&folder, chart))? })).collect()
    }

    /// How long programs took; empty where that was never noted.
    pub(super) fn durations(&self) -> String {
        read(&self.folder.join("durations.json")).unwrap_or_default()
    }

    pub(super) fn write_durations(&self, text: &str) -> Result<(), Failure> {
        write(&self.folder.join("durations.json"), text)
    }

    fn saved_path(&self, name: &str) -> PathBuf {
        self.folder.join("saved").join(format!("{name}.json"))
    }
}

/// Where a chart lies in a folder.
pub(super) fn chart_path(folder: &Path, chart: Chart) -> PathBuf {
    folder.join(format!("{}.svg", chart.name()))
}

pub(super) fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|source| Failure::File { path: path.to_path_buf(), source })
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|source| Failure::File { path: path.to_path_buf(), source })
}

pub(super) fn create(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)
        .map_err(|source| Failure::File { path: folder.to_path_buf(), source })
}

fn remove(path: &Path) -> Result<(), Failure> {
    if !path.exists() {
        return Ok(());
    }
    fs::remove_file(path).map_err(|source| Failure::File { path: path.to_path_buf(), source })
}

fn record(path: &Path) -> Result<Record, Failure> {
    Record::from_text(&read(path)?).ok_or_else(|| Failure::Unreadable { path: path.to_path_buf() })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
