//! Reports as JSON, and the file under `target/bench` that they are saved in.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Against, Chart, Point, Quartiles, Report, Unit, Whose};
use crate::json::Value;

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
    let reports = Value::list(reports.iter().map(Report::to_json));
    fs::write(&path, format!("{reports:#}\n"))?;
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

impl Report {
    /// The report as an object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (work, unit) = (self.work.as_str().into(), self.unit.name().into());
        Value::object([
            ("work", work),
            ("unit", unit),
            ("ours", self.ours.to_json()),
            ("against", self.against.to_json()),
            ("met", self.is_met().map_or(Value::Null, Value::Bool)),
            ("because", self.because.as_deref().into()),
            ("points", Value::list(self.points.iter().map(Point::to_json))),
            ("uneven", Value::Bool(self.is_uneven)),
        ])
    }

    /// Reads a report; `None` where the value is none.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Report> {
        let unit = value.field("unit")?.text()?;
        let points: Option<Vec<Point>> =
            value.field("points")?.elements().iter().map(Point::from_json).collect();
        Some(Report {
            work: value.field("work")?.text()?.to_owned(),
            unit: Unit::ALL.into_iter().find(|known| known.name() == unit)?,
            ours: Quartiles::from_json(value.field("ours")?),
            against: Against::from_json(value.field("against")?)?,
            because: value.field("because").and_then(Value::text).map(str::to_owned),
            points: points?,
            is_uneven: value.field("uneven") == Some(&Value::Bool(true)),
        })
    }
}

impl Against {
    fn to_json(&self) -> Value {
        match self {
            Against::Peer { name, cannot, theirs, ratio, target } => Value::object([
                ("peer", name.as_str().into()),
                ("cannot", Value::list(cannot.iter().map(|skill| skill.as_str().into()))),
                ("theirs", theirs.to_json()),
                ("ratio", ratio.to_json()),
                ("target", (*target).into()),
            ]),
            Against::Bound(bound) => Value::object([("bound", (*bound).into())]),
        }
    }

    fn from_json(value: &Value) -> Option<Against> {
        if let Some(bound) = value.field("bound") {
            return bound.number().map(Against::Bound);
        }
        let cannot = value.field("cannot")?.elements().iter();
        let cannot: Option<Vec<String>> =
            cannot.map(|skill| skill.text().map(str::to_owned)).collect();
        Some(Against::Peer {
            name: value.field("peer")?.text()?.to_owned(),
            cannot: cannot?,
            theirs: Quartiles::from_json(value.field("theirs")?),
            ratio: Quartiles::from_json(value.field("ratio")?),
            target: value.field("target").and_then(Value::number),
        })
    }
}

impl Quartiles {
    fn to_json(self) -> Value {
        let Quartiles { first, median, third } = self;
        Value::object([("q1", first.into()), ("median", median.into()), ("q3", third.into())])
    }

    // What was not finite was written as null, and is not a number again.
    fn from_json(value: &Value) -> Quartiles {
        let number = |key| value.field(key).and_then(Value::number).unwrap_or(f64::NAN);
        Quartiles { first: number("q1"), median: number("median"), third: number("q3") }
    }
}

impl Point {
    fn to_json(&self) -> Value {
        let whose = if self.whose == Whose::Ours { "ours" } else { "theirs" };
        Value::object([
            ("chart", self.chart.name().into()),
            ("series", self.series.as_str().into()),
            ("x", self.x.into()),
            ("whose", whose.into()),
        ])
    }

    fn from_json(value: &Value) -> Option<Point> {
        Some(Point {
            chart: Chart::named(value.field("chart")?.text()?)?,
            series: value.field("series")?.text()?.to_owned(),
            x: value.field("x")?.number()?,
            whose: if value.field("whose")?.text()? == "ours" {
                Whose::Ours
            } else {
                Whose::Theirs
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(value: f64) -> Quartiles {
        Quartiles::of([value])
    }

    fn pair(target: Option<f64>) -> Report {
        let (name, cannot) = ("governor".to_owned(), vec!["several rates".to_owned()]);
        let against = Against::Peer { name, cannot, theirs: flat(20.0), ratio: flat(1.25), target };
        Report::new("admit", Unit::Nanoseconds, flat(25.0), against)
    }

    #[test]
    fn a_pair_is_one_object_with_its_target_and_verdict() {
        assert_eq!(
            pair(Some(1.5)).to_json().to_string(),
            r#"{"work": "admit", "unit": "ns", "ours": {"q1": 25, "median": 25, "q3": 25}, "#
                .to_owned()
                + r#""against": {"peer": "governor", "cannot": ["several rates"], "#
                + r#""theirs": {"q1": 20, "median": 20, "q3": 20}, "#
                + r#""ratio": {"q1": 1.25, "median": 1.25, "q3": 1.25}, "target": 1.5}, "#
                + r#""met": true, "because": null, "points": [], "uneven": false}"#
        );
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let charted = pair(None).on(Chart::Rates, "memory", 8).peer_on(Chart::Rates, "governor", 8);
        let bound = Report::new("size", Unit::Bytes, flat(51.0), Against::Bound(50.0));
        for report in [pair(Some(1.5)), charted, bound.because("it is large").uneven()] {
            assert_eq!(Report::from_json(&report.to_json()), Some(report));
        }
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        let report = Report::new("w", Unit::Bytes, flat(f64::NAN), Against::Bound(1.0));
        let read = Report::from_json(&report.to_json()).unwrap();
        assert!(read.ours.median.is_nan());
        assert_eq!(read.is_met(), Some(false));
    }

    #[test]
    fn what_is_no_report_is_none() {
        for text in [
            "null",
            "{}",
            r#"{"work": "w", "unit": "miles", "ours": {}, "points": [], "uneven": false}"#,
        ] {
            assert_eq!(Report::from_json(&Value::parse(text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn a_saved_report_is_found_in_the_target_folder() {
        let path = save("xtask-saves-a-report", &[pair(None)]).unwrap();
        let written = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(path.ends_with("bench/xtask-saves-a-report.json"), "{}", path.display());
        assert_eq!(Value::parse(&written), Some(Value::list([pair(None).to_json()])));
    }
}
