//! Series: the points of one curve, gathered from the reports that give them.

use std::collections::HashMap;

use xtask::paired::{Chart, Point, Quartiles, Report, Whose};

/// One curve, or one row.
pub(super) struct Series {
    pub(super) name: String,
    /// What it belongs to, also where it is a peer's.
    pub(super) backend: String,
    pub(super) whose: Whose,
    /// By what grows, in rising order.
    pub(super) points: Vec<(f64, Quartiles)>,
}

/// The curves of a chart, in the order in which reports name them.
pub(super) fn of<'a>(reports: impl Iterator<Item = &'a Report>, chart: Chart) -> Vec<Series> {
    let (mut all, mut measured) = (Vec::new(), HashMap::new());
    for report in reports {
        let ours = *measured.entry(&report.work).or_insert(report.ours);
        for point in report.points.iter().filter(|point| point.chart == chart) {
            if let Some(value) = value(report, point, ours) {
                add(&mut all, report, point, value);
            }
        }
    }
    for series in &mut all {
        series.points.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    }
    all
}

// A work that was measured beside several peers, or again, is drawn once.
fn add(all: &mut Vec<Series>, report: &Report, point: &Point, value: Quartiles) {
    match all.iter_mut().find(|series| series.name == point.series) {
        Some(series) if series.points.iter().any(|(x, _)| x.total_cmp(&point.x).is_eq()) => {}
        Some(series) => series.points.push((point.x, value)),
        None => all.push(Series {
            name: point.series.clone(),
            backend: report.backend().to_owned(),
            whose: point.whose,
            points: vec![(point.x, value)],
        }),
    }
}

/// What is drawn; `None` of what no logarithm can show.
///
/// A work that is measured beside several peers is measured once beside each, and the machine's pace may change between them. It is
/// drawn as it was first, `ours`; so the others' peers are drawn by what they took beside it.
fn value(report: &Report, point: &Point, ours: Quartiles) -> Option<Quartiles> {
    let of = match point.whose {
        Whose::Ours => ours,
        Whose::Theirs => report.of(Whose::Theirs)?.times(ours.median / report.ours.median),
    };
    let value = if point.chart == Chart::Callers { each_second(of) } else { of };
    let is_positive = |value: f64| value.is_finite() && value > 0.0;
    [value.first, value.median, value.third].into_iter().all(is_positive).then_some(value)
}

// The most time makes the fewest a second.
fn each_second(of: Quartiles) -> Quartiles {
    let [first, median, third] = [of.third, of.median, of.first].map(|nanos| 1e9 / nanos);
    Quartiles { first, median, third }
}

#[cfg(test)]
mod tests {
    use xtask::paired::Pair;

    use super::*;

    fn report(ours: f64) -> Report {
        Pair::new(&format!("memory, work {ours}"), "peer").bytes(ours, 20.0)
    }

    #[test]
    fn points_are_gathered_by_series_and_sorted() {
        let reports = [
            report(3.0).on(Chart::Rates, "memory", 8),
            report(1.0).on(Chart::Rates, "memory", 1).peer_on(Chart::Rates, "peer", 1),
            report(9.0).on(Chart::Rates, "memory", 8).on(Chart::Names, "memory", 1),
        ];
        let series = of(reports.iter(), Chart::Rates);
        let names: Vec<&str> = series.iter().map(|series| series.name.as_str()).collect();
        assert_eq!(names, ["memory", "peer"]);
        let points: Vec<(f64, f64)> =
            series[0].points.iter().map(|(x, of)| (*x, of.median)).collect();
        assert_eq!(points, [(1.0, 1.0), (8.0, 3.0)]);
        assert_eq!((series[1].whose, series[1].backend.as_str()), (Whose::Theirs, "memory"));
    }

    #[test]
    fn a_peer_stands_where_it_was_beside_the_same_work() {
        let beside = |ours, theirs, peer| {
            let report = Pair::new("memory, work", peer).bytes(ours, theirs);
            report.on(Chart::Backends, "memory", 1).peer_on(Chart::Backends, peer, 1)
        };
        let reports = [beside(10.0, 5.0, "first"), beside(20.0, 40.0, "second")];
        let series = of(reports.iter(), Chart::Backends);
        let drawn: Vec<f64> = series.iter().map(|series| series.points[0].1.median).collect();
        assert_eq!(drawn, [10.0, 5.0, 20.0]);
    }

    #[test]
    fn callers_are_shown_by_their_decisions_a_second() {
        let reports = [report(100.0).on(Chart::Callers, "memory", 1)];
        let series = of(reports.iter(), Chart::Callers);
        assert!((series[0].points[0].1.median - 1e7).abs() < 1e-6);
    }
}
