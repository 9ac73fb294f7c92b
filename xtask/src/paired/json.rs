//! Reports as JSON, and the file under `target/bench` that they are saved in.
//!
//! Written by hand: these few shapes are not worth a dependency.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::report::nanoseconds;
use super::{Against, Quartiles, Report};

/// Writes the reports as one JSON array to `bench/<name>.json` in cargo's target folder, and
/// answers where that is.
///
/// Times are nanoseconds an iteration. What is not a finite number is `null`.
///
/// # Errors
///
/// [`io::ErrorKind::NotFound`] if the running program lies in no target folder and
/// `CARGO_TARGET_DIR` is not set; else whatever creating the folder or writing the file says.
pub fn save(name: &str, reports: &[Report]) -> io::Result<PathBuf> {
    let folder = target_folder()?.join("bench");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, array(reports))?;
    Ok(path)
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

fn array(reports: &[Report]) -> String {
    let objects: Vec<String> =
        reports.iter().map(|report| format!("  {}", object(report))).collect();
    format!("[\n{}\n]\n", objects.join(",\n"))
}

fn object(report: &Report) -> String {
    let mut fields = vec![("work", text(&report.work)), ("ours_ns", quartiles(&report.ours))];
    match &report.against {
        Against::Peer { name, time, ratio, target } => fields.extend([
            ("peer", text(name)),
            ("peer_ns", quartiles(time)),
            ("ratio", quartiles(ratio)),
            ("target", target.map_or_else(null, number)),
        ]),
        Against::Bound(bound) => fields.push(("bound_ns", number(nanoseconds(*bound)))),
    }
    fields.push(("met", report.is_met().map_or_else(null, |met| met.to_string())));
    braced(&fields)
}

fn quartiles(of: &Quartiles) -> String {
    let Quartiles { first, median, third } = *of;
    braced(&[("q1", number(first)), ("median", number(median)), ("q3", number(third))])
}

fn braced(fields: &[(&str, String)]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(key, value)| format!("{}: {value}", text(key))).collect();
    format!("{{{}}}", fields.join(", "))
}

fn number(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { null() }
}

fn null() -> String {
    "null".to_owned()
}

fn text(value: &str) -> String {
    let escaped: String = value.chars().map(escape).collect();
    format!("\"{escaped}\"")
}

// RFC 8259, section 7: the quotation mark, the backslash and everything below U+0020.
fn escape(character: char) -> String {
    match character {
        '"' | '\\' => format!("\\{character}"),
        '\u{0}'..='\u{1f}' => format!("\\u{:04x}", u32::from(character)),
        _ => character.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn flat(value: f64) -> Quartiles {
        Quartiles { first: value, median: value, third: value }
    }

    #[test]
    fn quotes_backslashes_and_control_characters_are_escaped() {
        assert_eq!(text("a \"b\" \\ c\n\u{1}"), r#""a \"b\" \\ c\u000a\u0001""#);
    }

    #[test]
    fn other_text_stays_as_it_is() {
        assert_eq!(text("µs · 日本 / '"), "\"µs · 日本 / '\"");
    }

    #[test]
    fn what_is_not_a_finite_number_is_null() {
        assert_eq!([f64::NAN, f64::INFINITY, 1.5, 2.0].map(number), ["null", "null", "1.5", "2"]);
    }

    #[test]
    fn a_pair_is_one_object_with_its_target_and_verdict() {
        let against = Against::Peer {
            name: "governor".to_owned(),
            time: flat(20.0),
            ratio: flat(1.25),
            target: Some(1.5),
        };
        let report = Report { work: "admit".to_owned(), ours: flat(25.0), against };
        assert_eq!(
            object(&report),
            r#"{"work": "admit", "ours_ns": {"q1": 25, "median": 25, "q3": 25}, "#.to_owned()
                + r#""peer": "governor", "peer_ns": {"q1": 20, "median": 20, "q3": 20}, "#
                + r#""ratio": {"q1": 1.25, "median": 1.25, "q3": 1.25}, "target": 1.5, "met": true}"#
        );
    }

    #[test]
    fn a_bound_is_one_object_without_a_peer() {
        let against = Against::Bound(Duration::from_nanos(50));
        let report = Report { work: "w".to_owned(), ours: flat(51.0), against };
        assert_eq!(
            array(std::slice::from_ref(&report)),
            "[\n  {\"work\": \"w\", \"ours_ns\": {\"q1\": 51, \"median\": 51, \"q3\": 51}, \
             \"bound_ns\": 50, \"met\": false}\n]\n"
        );
    }

    #[test]
    fn a_saved_report_is_found_in_the_target_folder() {
        let against = Against::Bound(Duration::from_nanos(1));
        let report = Report { work: "saved".to_owned(), ours: flat(1.0), against };
        let path = save("xtask-saves-a-report", std::slice::from_ref(&report)).unwrap();
        let written = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(path.ends_with("bench/xtask-saves-a-report.json"), "{}", path.display());
        assert_eq!(written, array(&[report]));
    }
}
