//! Quartiles: three numbers that stand for many measurements.
//!
//! A stalled round moves a mean, but hardly a median.

use serde::{Deserialize, Deserializer, Serialize};

/// The quartiles of a set of measurements, in their unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quartiles {
    /// A quarter of the measurements is at most this.
    #[serde(deserialize_with = "number")]
    pub first: f64,
    /// Half of the measurements are at most this.
    #[serde(deserialize_with = "number")]
    pub median: f64,
    /// Three quarters of the measurements are at most this.
    #[serde(deserialize_with = "number")]
    pub third: f64,
}

impl Quartiles {
    /// Takes the quartiles of `measurements`, in any order. All three are NaN where there are none.
    ///
    /// Between two measurements it interpolates linearly (method 7 of Hyndman and Fan, "Sample
    /// Quantiles in Statistical Packages", 1996).
    pub fn of(measurements: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = measurements.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let [first, median, third] = [1, 2, 3].map(|quarters| at_quarter(&sorted, quarters));
        Quartiles { first, median, third }
    }

    /// All three, so many times.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        let [first, median, third] = [self.first, self.median, self.third].map(|of| of * factor);
        Quartiles { first, median, third }
    }
}

// JSON has no number that is not finite; `serde_json` writes `null`.
fn number<'de, D: Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or(f64::NAN))
}

fn at_quarter(sorted: &[f64], quarters: usize) -> f64 {
    let position = sorted.len().saturating_sub(1) * quarters;
    let lower = sorted.get(position / 4).copied().unwrap_or(f64::NAN);
    let upper = sorted.get(position / 4 + 1).copied().unwrap_or(lower);
    match position % 4 {
        // Not 0.0 times the upper one, which may be infinite.
        0 => lower,
        1 => 0.75 * lower + 0.25 * upper,
        2 => 0.5 * lower + 0.5 * upper,
        _ => 0.25 * lower + 0.75 * upper,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quartiles(first: f64, median: f64, third: f64) -> Quartiles {
        Quartiles { first, median, third }
    }

    #[test]
    fn five_measurements_in_any_order_give_the_second_third_and_fourth() {
        assert_eq!(Quartiles::of([5.0, 1.0, 4.0, 2.0, 3.0]), quartiles(2.0, 3.0, 4.0));
    }

    #[test]
    fn between_two_measurements_it_interpolates() {
        assert_eq!(Quartiles::of([1.0, 2.0, 3.0, 4.0]), quartiles(1.75, 2.5, 3.25));
        assert_eq!(Quartiles::of([0.0, 8.0]), quartiles(2.0, 4.0, 6.0));
    }

    #[test]
    fn one_measurement_is_all_three() {
        assert_eq!(Quartiles::of([7.0]), quartiles(7.0, 7.0, 7.0));
    }

    #[test]
    fn no_measurement_is_not_a_number() {
        let none = Quartiles::of([]);
        assert!(none.first.is_nan() && none.median.is_nan() && none.third.is_nan());
    }

    #[test]
    fn one_infinite_measurement_does_not_spoil_the_others() {
        assert_eq!(Quartiles::of([f64::INFINITY, 1.0, 2.0, 3.0, 4.0]), quartiles(2.0, 3.0, 4.0));
    }
}
