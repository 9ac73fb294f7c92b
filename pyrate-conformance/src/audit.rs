//! The audit: whether grants that were handed out keep to their rates.

use pyrate_core::{Rate, Rates, Timestamp};

/// A window that holds more units than its rate allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rate that is broken.
    pub rate: Rate,
    /// The first grant inside the window.
    pub first: Timestamp,
    /// The last grant inside the window, less than the rate's interval after the first.
    pub last: Timestamp,
    /// Units granted from the first to the last; more than the rate's limit.
    pub units: u128,
}

/// Finds the windows of `grants` that hold more than their rates allow: of each rate the one for each last grant.
///
/// `grants` are instants with their units, in any order. Every half-open window of a rate's interval is looked at,
/// since the fullest ones end with a grant. Cancelled grants don't belong here.
///
/// ```
/// use pyrate_conformance::audit;
/// use pyrate_core::{Rate, Timestamp};
///
/// let at = Timestamp::from_micros;
/// let rates = Rate::per_second(3).into();
/// assert!(audit(&rates, &[(at(0), 3), (at(1_000_000), 3)]).is_empty());
///
/// let findings = audit(&rates, &[(at(1), 3), (at(1_000_000), 1)]);
/// assert_eq!((findings[0].first, findings[0].last, findings[0].units), (at(1), at(1_000_000), 4));
/// ```
#[must_use]
pub fn audit(rates: &Rates, grants: &[(Timestamp, u64)]) -> Vec<Finding> {
    let (grants, mut findings) = (sorted(grants), Vec::new());
    for rate in rates.iter() {
        windows(*rate, &grants, |window| {
            findings.extend((window.units > u128::from(rate.limit())).then_some(window));
        });
    }
    findings
}

/// How many units the fullest window of each rate holds: whether a limit was ever reached.
///
/// ```
/// use pyrate_conformance::fullest;
/// use pyrate_core::Timestamp;
///
/// let at = Timestamp::from_micros;
/// let rates = "3/10us;5/20us".parse()?;
/// assert_eq!(fullest(&rates, &[(at(0), 2), (at(9), 1), (at(10), 1)]), [3, 4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn fullest(rates: &Rates, grants: &[(Timestamp, u64)]) -> Vec<u128> {
    let grants = sorted(grants);
    let fullest_of = |rate: &Rate| {
        let mut most = 0;
        windows(*rate, &grants, |window| most = most.max(window.units));
        most
    };
    rates.iter().map(fullest_of).collect()
}

/// From the oldest on.
fn sorted(grants: &[(Timestamp, u64)]) -> Vec<(Timestamp, u64)> {
    let mut grants: Vec<(Timestamp, u64)> =
        grants.iter().copied().filter(|grant| grant.1 > 0).collect();
    grants.sort_unstable_by_key(|(at, _)| *at);
    grants
}

/// Shows the window that ends with each instant of `grants`, which are sorted.
fn windows(rate: Rate, grants: &[(Timestamp, u64)], mut show: impl FnMut(Finding)) {
    let (mut units, mut inside) = (0, grants.iter().peekable());
    let mut ends = grants.iter().peekable();
    while let Some((last, weight)) = ends.next() {
        units += u128::from(*weight);
        while let Some((_, gone)) =
            inside.next_if(|(at, _)| last.saturating_since(*at) >= rate.interval())
        {
            units -= u128::from(*gone);
        }
        // A window ends behind all grants of its last instant.
        let is_end = ends.peek().is_none_or(|(next, _)| next > last);
        if let Some((first, _)) = inside.peek().filter(|_| is_end) {
            show(Finding { rate, first: *first, last: *last, units });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn a_window_is_half_open_and_grants_come_in_any_order() {
        let rates: Rates = "2/10us;3/20us".parse().unwrap();
        assert!(
            audit(&rates, &[(at(10), 2), (at(0), 2)]).iter().all(|found| found.rate == rates[1])
        );
        assert_eq!(audit(&rates, &[(at(9), 1), (at(0), 2)]).len(), 1);
        assert!(audit(&rates, &[(at(0), 2), (at(20), 2), (at(10), 1)]).is_empty());
    }

    #[test]
    fn each_end_of_a_broken_window_is_found_once() {
        let rates = Rate::per_second(1).into();
        let findings = audit(&rates, &[(at(5), 1), (at(5), 1), (at(6), 1), (at(7), 0)]);
        let ends: Vec<_> = findings.iter().map(|found| (found.last, found.units)).collect();
        assert_eq!(ends, [(at(5), 2), (at(6), 3)]);
    }

    #[test]
    fn the_greatest_weights_do_not_wrap() {
        let grants = [(at(0), u64::MAX), (at(0), u64::MAX)];
        let findings = audit(&Rate::per_second(1).into(), &grants);
        assert_eq!(findings[0].units, 2 * u128::from(u64::MAX));
        assert!(audit(&Rate::per_second(1).into(), &[]).is_empty());
    }
}
