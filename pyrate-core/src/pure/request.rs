//! What a caller asks for: requests at the limiter, items at a bucket.

use std::borrow::Cow;
use std::time::Duration;

use super::timestamp::Timestamp;

/// What a caller asks a limiter for.
///
/// A name alone is one unit of it, a pair is a name and its weight; the rest is set by methods.
///
/// ```
/// use std::time::Duration;
/// use pyrate_core::Request;
///
/// let plain = Request::from("user-7");
/// assert_eq!((plain.weight, plain.max_delay), (1, None));
/// let heavy = Request::new("user-7").weight(20).max_delay(Duration::from_secs(3));
/// assert_eq!((heavy.weight, heavy.max_delay), (20, Some(Duration::from_secs(3))));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Whose units these are: it routes the request, and is kept with the grant. May be empty.
    pub name: Cow<'a, str>,
    /// Units; 0 is always granted and stores nothing.
    pub weight: u64,
    /// The longest that a waiting call may wait; `None` leaves it to the limiter.
    pub max_delay: Option<Duration>,
    /// Stands in for the clock's reading, on the bucket's own time base.
    pub timestamp: Option<Timestamp>,
}

impl<'a> Request<'a> {
    /// A request for one unit.
    #[must_use]
    pub fn new(name: impl Into<Cow<'a, str>>) -> Request<'a> {
        Request { name: name.into(), weight: 1, max_delay: None, timestamp: None }
    }

    /// Asks for `weight` units, all or nothing.
    #[must_use]
    pub fn weight(self, weight: u64) -> Request<'a> {
        Request { weight, ..self }
    }

    /// Waits up to `max_delay`, in whole microseconds, whatever the limiter's own is. Calls that never wait ignore it.
    #[must_use]
    pub fn max_delay(self, max_delay: Duration) -> Request<'a> {
        Request { max_delay: Some(max_delay), ..self }
    }

    /// Has the bucket take `timestamp` for the clock's reading.
    #[must_use]
    pub fn timestamp(self, timestamp: Timestamp) -> Request<'a> {
        Request { timestamp: Some(timestamp), ..self }
    }
}

impl<'a> From<&'a str> for Request<'a> {
    fn from(name: &'a str) -> Request<'a> {
        Request::new(name)
    }
}

impl<'a> From<&'a String> for Request<'a> {
    fn from(name: &'a String) -> Request<'a> {
        Request::new(name)
    }
}

impl From<String> for Request<'_> {
    fn from(name: String) -> Self {
        Request::new(name)
    }
}

impl<'a> From<Cow<'a, str>> for Request<'a> {
    fn from(name: Cow<'a, str>) -> Request<'a> {
        Request::new(name)
    }
}

impl<'a> From<(&'a str, u64)> for Request<'a> {
    fn from((name, weight): (&'a str, u64)) -> Request<'a> {
        Request::new(name).weight(weight)
    }
}

impl From<(String, u64)> for Request<'_> {
    fn from((name, weight): (String, u64)) -> Self {
        Request::new(name).weight(weight)
    }
}

/// What a bucket is asked to admit, all or nothing.
///
/// ```
/// use pyrate_core::RateItem;
///
/// let item = RateItem::new("user-7", 3);
/// assert_eq!((&*item.name, item.weight, item.timestamp), ("user-7", 3, None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateItem<'a> {
    /// Whose units these are. May be empty.
    pub name: Cow<'a, str>,
    /// Units; 0 is always granted and stores nothing.
    pub weight: u64,
    /// Stands in for the clock's reading. `None`: the bucket reads its own clock inside the atomic step.
    pub timestamp: Option<Timestamp>,
}

impl<'a> RateItem<'a> {
    /// An item without a stamp.
    #[must_use]
    pub fn new(name: impl Into<Cow<'a, str>>, weight: u64) -> RateItem<'a> {
        RateItem { name: name.into(), weight, timestamp: None }
    }

    /// The same item, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> RateItem<'static> {
        RateItem { name: Cow::Owned(self.name.into_owned()), ..self }
    }

    /// The same item under a stamp, or under none.
    pub(crate) fn stamped(&self, timestamp: Option<Timestamp>) -> RateItem<'_> {
        RateItem { name: Cow::Borrowed(&self.name), weight: self.weight, timestamp }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_written_form_of_a_request_means_the_same() {
        let name = String::from("a");
        let plain = Request::new("a");
        assert_eq!(Request::from("a"), plain);
        assert_eq!(Request::from(&name), plain);
        assert_eq!(Request::from(Cow::Borrowed("a")), plain);
        assert_eq!(Request::from(("a", 7)), plain.clone().weight(7));
        assert_eq!(Request::from((name.clone(), 7)), plain.clone().weight(7));
        assert_eq!(Request::from(name), plain);
    }

    #[test]
    fn each_method_of_a_request_sets_its_own_part() {
        let request = Request::new("a");
        assert_eq!((request.weight, request.max_delay, request.timestamp), (1, None, None));
        let (later, stamp) = (Duration::from_secs(3), Timestamp::from_micros(9));
        assert_eq!(request.clone().weight(7), Request { weight: 7, ..request.clone() });
        assert_eq!(
            request.clone().max_delay(later),
            Request { max_delay: Some(later), ..request.clone() }
        );
        assert_eq!(request.clone().timestamp(stamp), Request { timestamp: Some(stamp), ..request });
    }
}
