//! Draws the charts of a report: `charts <report.json> <folder>`, an SVG for each chart that has points.
//!
//! A program of its own, so that `cargo xtask` needs no crate that draws.

mod backends;
mod canvas;
mod curves;
mod scale;
mod series;
mod style;

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use xtask::paired::Chart;
use xtask::record::Record;

use series::Series;

/// Whatever ends this program: it is read by people only.
type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [report, folder] = words.as_slice() else {
        return Err("charts <report.json> <folder>".into());
    };
    let record = Record::from_text(&fs::read_to_string(report)?).ok_or("this is no report")?;
    for chart in Chart::ALL {
        let series = series::of(&record, chart);
        if !series.is_empty() {
            fs::write(
                Path::new(folder).join(format!("{}.svg", chart.name())),
                svg(chart, &series)?,
            )?;
        }
    }
    Ok(())
}

fn svg(chart: Chart, series: &[Series]) -> Result<String, Failure> {
    match chart {
        Chart::Backends => backends::svg(chart, series),
        _ => curves::svg(chart, series),
    }
}

#[cfg(test)]
mod tests {
    use xtask::paired::{Pair, Report};

    use super::*;

    fn report(x: u32, ours: f64) -> Report {
        Pair::new("work", "peer")
            .bytes(ours, 20.0)
            .on(Chart::Bytes, "memory", x)
            .peer_on(Chart::Bytes, "peer <1>", x)
            .on(Chart::Backends, "memory, admit", 1)
    }

    fn drawn(chart: Chart) -> String {
        let reports = [report(1, 10.0), report(1_000, 3_000.0)];
        svg(chart, &series::of_reports(reports.iter(), chart)).unwrap()
    }

    #[test]
    fn a_chart_of_curves_names_its_axes_and_its_curves() {
        let svg = drawn(Chart::Bytes);
        for text in
            ["Bytes a grant against its weight", "weight", "memory", "peer &lt;1&gt;", "1 kB"]
        {
            assert!(svg.contains(text), "{text} is missing in {svg}");
        }
    }

    #[test]
    fn a_chart_of_backends_has_a_row_for_each() {
        let svg = drawn(Chart::Backends);
        assert!(svg.contains("memory, admit") && svg.starts_with("<svg"), "{svg}");
    }

    #[test]
    fn what_was_not_measured_is_not_drawn() {
        assert!(series::of_reports([report(1, f64::NAN)].iter(), Chart::Backends).is_empty());
    }
}
