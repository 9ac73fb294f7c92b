//! Units: what the numbers of a report count, and how they are written.

use serde::{Deserialize, Serialize};

/// What the numbers of a report count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Nanoseconds an iteration.
    Nanoseconds,
    /// Bytes, of what the report's work says.
    Bytes,
}

impl Unit {
    /// Writes a value in the multiple that keeps it short.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Nanoseconds => time(value),
            Unit::Bytes => format!("{value:.0} B"),
        }
    }
}

fn time(nanoseconds: f64) -> String {
    let (scale, unit) = match nanoseconds {
        n if n < 1e3 => (1.0, "ns"),
        n if n < 1e6 => (1e3, "us"),
        n if n < 1e9 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    format!("{:.1} {unit}", nanoseconds / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_the_unit_that_keeps_it_short() {
        let written = [5.5, 23_400.0, 1_200_000.0, 2e9].map(|time| Unit::Nanoseconds.show(time));
        assert_eq!(written, ["5.5 ns", "23.4 us", "1.2 ms", "2.0 s"]);
    }

    #[test]
    fn bytes_are_counted_whole() {
        assert_eq!(Unit::Bytes.show(169.9), "170 B");
    }
}
