//! Charts: what grows, and the backends beside their peers, as SVG.

mod backends;
mod canvas;
mod curves;
mod scale;
mod series;
mod style;

use xtask::paired::Chart;

use super::record::Record;
use crate::failure::Failure;
use series::Series;

/// A chart as it was drawn.
pub(super) struct Drawn {
    pub(super) chart: Chart,
    pub(super) svg: String,
}

/// Draws every chart that the record has a point of.
pub(super) fn draw(record: &Record) -> Result<Vec<Drawn>, Failure> {
    let all = Chart::ALL.into_iter().map(|chart| (chart, series::of(record.reports(), chart)));
    all.filter(|(_, series)| !series.is_empty())
        .map(|(chart, series)| drawn(chart, &series))
        .collect()
}

fn drawn(chart: Chart, series: &[Series]) -> Result<Drawn, Failure> {
    let svg = match chart {
        Chart::Backends => backends::svg(chart, series),
        _ => curves::svg(chart, series),
    };
    let svg = svg.map_err(|source| Failure::Chart { name: chart.name(), source: source.into() })?;
    Ok(Drawn { chart, svg })
}

#[cfg(test)]
mod tests {
    use xtask::paired::{Pair, Report};

    use super::*;

    fn report(x: u32, ours: f64) -> Report {
        Pair::new(&format!("memory, work {x}"), "peer")
            .bytes(ours, 20.0)
            .on(Chart::Bytes, "memory", x)
            .peer_on(Chart::Bytes, "peer <1>", x)
            .on(Chart::Backends, "memory, admit", 1)
    }

    fn svg(chart: Chart) -> String {
        let record = Record::example(vec![report(1, 10.0), report(1_000, 3_000.0)]);
        let drawn = draw(&record).unwrap();
        drawn.into_iter().find(|drawn| drawn.chart == chart).unwrap().svg
    }

    #[test]
    fn a_chart_of_curves_names_its_axes_and_its_curves() {
        let svg = svg(Chart::Bytes);
        for text in
            ["Bytes a grant against its weight", "weight", "memory", "peer &lt;1&gt;", "1 kB"]
        {
            assert!(svg.contains(text), "{text} is missing in {svg}");
        }
    }

    #[test]
    fn a_chart_of_backends_has_a_row_for_each() {
        let svg = svg(Chart::Backends);
        assert!(svg.contains("memory, admit") && svg.starts_with("<svg"), "{svg}");
    }

    #[test]
    fn what_was_not_measured_is_not_drawn() {
        assert!(
            draw(&Record::example(vec![report(1, f64::NAN)]))
                .unwrap()
                .iter()
                .all(|drawn| drawn.chart == Chart::Bytes)
        );
        assert!(draw(&Record::example(vec![])).unwrap().is_empty());
    }
}
