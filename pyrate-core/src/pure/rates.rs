//! A bucket's list of rates, checked once when it is built.

use std::iter::once;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::rate::{Rate, RateError};

/// The rates of one bucket: never empty, from the shortest interval to the longest, limits rising, pace never rising.
///
/// Cheap to clone. Read it as a slice of [`Rate`]. It prints as a text that reads back as the same, with one exception:
/// the pace may rise in what [`with_tolerance`](Rates::with_tolerance) made, and such a list is refused when it is read.
///
/// ```
/// use pyrate_core::{Rate, Rates};
///
/// let rates = Rates::new([Rate::per_day(1_000), Rate::per_hour(500)])?;
/// assert_eq!(rates[0], Rate::per_hour(500));
/// assert_eq!(rates, "500/hour;1000/day".parse()?);
/// # Ok::<(), pyrate_core::RateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rates(Arc<[Rate]>);

impl Rates {
    /// Sorts `rates` by interval, then checks them.
    ///
    /// # Errors
    ///
    /// [`RateError`] names the pair of rates that breaks a rule, as [`validate_rate_list`] does.
    pub fn new(rates: impl IntoIterator<Item = Rate>) -> Result<Rates, RateError> {
        let mut rates: Vec<Rate> = rates.into_iter().collect();
        rates.sort_by_key(Rate::interval);
        validate_rate_list(&rates)?;
        Ok(Rates(rates.into()))
    }

    /// The rate of the shortest interval.
    #[must_use]
    pub fn shortest(&self) -> Rate {
        #[expect(clippy::indexing_slicing, reason = "a list of rates is never empty")]
        self.0[0]
    }

    /// The rate of the longest interval.
    #[must_use]
    pub fn longest(&self) -> Rate {
        #[expect(clippy::indexing_slicing, reason = "a list of rates is never empty")]
        self.0[self.0.len() - 1]
    }

    /// The same limits over intervals that are `late` longer, rounded up to whole microseconds.
    ///
    /// Work that starts up to `late` after its grant still holds a limit that somebody else counts: a remote server
    /// that sees each request between 0 and `late` after it was granted here never counts more than its limit.
    /// Sleeping longer does not do that, because the next request may be late by less.
    ///
    /// An interval stops at 2^53 - 1 microseconds. Short intervals grow by a larger part than long ones, so the result may
    /// have a rising pace, and then does not read back, from text or by serde: store the rates and the tolerance.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pyrate_core::{Rate, Rates};
    ///
    /// let remote = Rates::from(Rate::per_second(5));
    /// assert_eq!(remote.with_tolerance(Duration::from_millis(50)).to_string(), "5/1050ms");
    /// ```
    #[must_use]
    pub fn with_tolerance(self, late: Duration) -> Rates {
        Rates(self.iter().map(|rate| rate.lengthened(late)).collect())
    }
}

impl Deref for Rates {
    type Target = [Rate];

    fn deref(&self) -> &[Rate] {
        &self.0
    }
}

impl From<Rate> for Rates {
    fn from(rate: Rate) -> Rates {
        Rates(once(rate).collect())
    }
}

/// Checks `rates` as they stand, unsorted: intervals and limits strictly rise, and limit / interval never rises.
///
/// # Errors
///
/// [`RateError`] says which pair breaks which rule.
///
/// ```
/// use pyrate_core::{validate_rate_list, Rate};
///
/// assert!(validate_rate_list(&[Rate::per_hour(500), Rate::per_day(1_000)]).is_ok());
/// let refusal = validate_rate_list(&[Rate::per_hour(500), Rate::per_day(400)]).unwrap_err();
/// assert_eq!(
///     refusal.to_string(),
///     "500/1h can never bind, because 400/1d is already stricter: remove one of them"
/// );
/// ```
pub fn validate_rate_list(rates: &[Rate]) -> Result<(), RateError> {
    if rates.is_empty() {
        return Err(RateError::NoRates);
    }
    rates
        .iter()
        .zip(rates.iter().skip(1))
        .try_for_each(|(first, second)| check_pair(*first, *second))
}

fn check_pair(first: Rate, second: Rate) -> Result<(), RateError> {
    if second.interval() < first.interval() {
        return Err(RateError::OutOfOrder { first, second });
    }
    if second.interval() == first.interval() {
        return Err(RateError::SameInterval { first, second });
    }
    if second.limit() <= first.limit() {
        return Err(RateError::NeverBinds { tight: second, loose: first });
    }
    if second.is_faster_than(&first) {
        return Err(RateError::PaceRises { shorter: first, longer: second });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(texts: &[&str]) -> String {
        let rates: Vec<Rate> = texts.iter().map(|text| text.parse().unwrap()).collect();
        validate_rate_list(&rates).unwrap_err().to_string()
    }

    #[test]
    fn each_broken_rule_names_its_pair_and_what_to_do() {
        assert_eq!(refusal(&[]), "a bucket needs at least one rate");
        assert_eq!(
            refusal(&["5/s", "9/day", "8/hour"]),
            "8/1h stands behind 9/1d: list the rates from the shortest interval to the longest"
        );
        assert_eq!(
            refusal(&["5/s", "6/s"]),
            "5/1s and 6/1s have the same interval: keep the stricter one"
        );
        assert_eq!(
            refusal(&["5/s", "5/2s"]),
            "5/1s can never bind, because 5/2s is already stricter: remove one of them"
        );
        assert_eq!(
            refusal(&["5/s", "11/2s"]),
            "11/2s allows a faster pace than 5/1s: lower its limit or remove one of them"
        );
    }

    #[test]
    fn equal_paces_are_allowed() {
        assert!("5/s;10/2s".parse::<Rates>().is_ok());
    }

    #[test]
    fn a_list_in_any_order_is_sorted_before_it_is_checked() {
        let rates =
            Rates::new([Rate::per_day(90), Rate::per_second(5), Rate::per_hour(60)]).unwrap();
        assert!(rates.is_sorted_by_key(Rate::interval));
        assert_eq!(Rates::new([]), Err(RateError::NoRates));
    }

    #[test]
    fn tolerance_never_fails_even_where_the_pace_then_rises() {
        let rates: Rates = "5/1s;9/2s".parse().unwrap();
        let late = rates.clone().with_tolerance(Duration::from_secs(60));
        assert_eq!(late.to_string(), "5/61s;9/62s");
        assert!(validate_rate_list(&late).is_err());
        // What it prints doesn't read back, as the docs say.
        assert!(matches!(late.to_string().parse::<Rates>(), Err(RateError::PaceRises { .. })));
        assert_eq!(rates.with_tolerance(Duration::MAX).len(), 2);
    }
}
