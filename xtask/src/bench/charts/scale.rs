//! Scales: what the axes of a chart are called, how far they go, and where they are marked.

use xtask::paired::Chart;

/// What the numbers of an axis count.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Quantity {
    /// Nanoseconds.
    Time,
    /// Decisions a second.
    Rate,
    Bytes,
}

/// What stands at the upright axis.
pub(super) fn quantity(chart: Chart) -> Quantity {
    match chart {
        Chart::Callers => Quantity::Rate,
        Chart::Bytes => Quantity::Bytes,
        _ => Quantity::Time,
    }
}

/// What is said of marks.
pub(super) const HOLLOW: &str = "peers and floors are hollow";

/// What is written at an axis of measurements.
pub(super) fn caption(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Time => "time of a call (median and quartiles, logarithmic)",
        Quantity::Rate => "decisions a second (median and quartiles, logarithmic)",
        Quantity::Bytes => "bytes a grant (logarithmic)",
    }
}

/// What is written at the axis of what grows.
pub(super) fn grows(chart: Chart) -> &'static str {
    match chart {
        Chart::Backends => "",
        Chart::Stored => "grants in the bucket, which is full (logarithmic)",
        Chart::Rates => "rates of the bucket (logarithmic)",
        Chart::Weight | Chart::Bytes => "weight of an item, in units (logarithmic)",
        Chart::Names => "names (logarithmic)",
        Chart::Callers => "callers at once on one bucket (logarithmic)",
    }
}

impl Quantity {
    /// Writes a power of ten, or what a row says of itself, with three digits at most.
    pub(super) fn show(self, value: f64) -> String {
        let (steps, last): (&[(f64, &str)], &str) = match self {
            Quantity::Time => (&[(1e3, "ns"), (1e6, "µs"), (1e9, "ms")], "s"),
            Quantity::Rate => (&[(1e3, "/s"), (1e6, "k/s"), (1e9, "M/s")], "G/s"),
            Quantity::Bytes => (&[(1e3, "B"), (1e6, "kB"), (1e9, "MB")], "GB"),
        };
        // What rounds up to a thousand is one of the next unit.
        let step = steps.iter().position(|(end, _)| value < end * 0.9995).unwrap_or(steps.len());
        let unit = steps.get(step).map_or(last, |(_, unit)| unit);
        let scale = step.checked_sub(1).and_then(|before| steps.get(before)).map_or(1.0, |s| s.0);
        format!("{} {unit}", digits(value / scale))
    }
}

/// Three digits at most.
fn digits(value: f64) -> String {
    match value {
        v if v >= 99.95 || (v - v.round()).abs() < 1e-9 => format!("{v:.0}"),
        v => format!("{v:.1}"),
    }
}

/// Writes a count: 1, 100, 1k, 1024, 1M.
pub(super) fn count(value: f64) -> String {
    let steps = [(1e6, "M"), (1e3, "k")];
    let round = steps.into_iter().find(|(step, _)| value % step == 0.0);
    round.map_or_else(|| value.to_string(), |(step, unit)| format!("{}{unit}", value / step))
}

/// What grows, sorted, each value once.
pub(super) fn columns(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut columns: Vec<f64> = values.collect();
    columns.sort_by(f64::total_cmp);
    columns.dedup();
    columns
}

/// The powers of ten from the last one below all values to the first one above.
pub(super) fn decades(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let (low, high) = values
        .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return Vec::new();
    }
    let first = low.log10().floor();
    let mut decades = vec![10_f64.powf(first)];
    while let Some(last) = decades.last().copied().filter(|last| *last < high || decades.len() < 2)
    {
        decades.push(last * 10.0);
    }
    decades
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_are_written_with_their_unit() {
        let shown = [10.0, 18.44, 999.9, 1_000.0, 16_400.0, 2e9].map(|v| Quantity::Time.show(v));
        assert_eq!(shown, ["10 ns", "18.4 ns", "1.0 µs", "1 µs", "16.4 µs", "2 s"]);
        assert_eq!([1e6, 1e4].map(|v| Quantity::Rate.show(v)), ["1 M/s", "10 k/s"]);
        assert_eq!([24.0, 233_472.0].map(|v| Quantity::Bytes.show(v)), ["24 B", "233 kB"]);
    }

    #[test]
    fn counts_are_short() {
        let counts = [1.0, 1_000.0, 1_024.0, 10_000.0, 1e6].map(count);
        assert_eq!(counts, ["1", "1k", "1024", "10k", "1M"]);
    }

    #[test]
    fn columns_are_sorted_and_single() {
        assert_eq!(columns([8.0, 1.0, 8.0, 2.0].into_iter()), [1.0, 2.0, 8.0]);
    }

    #[test]
    fn decades_enclose_all_values() {
        let of = |values: &[f64]| decades(values.iter().copied());
        assert_eq!(of(&[12.0, 2_300.0]), [10.0, 100.0, 1_000.0, 10_000.0]);
        assert_eq!(of(&[10.0]), [10.0, 100.0]);
        assert_eq!(of(&[]), Vec::<f64>::new());
    }
}
