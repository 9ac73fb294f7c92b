//! What a script is asked, packed as it unpacks it: numbers of seven bytes, big-endian.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fred::bytes::{Bytes, BytesMut};
use pyrate_core::{Grant, Rates, Timestamp};

use super::{MAX_NUMBER, Placed, Script};

/// How long a bucket's keys outlive its longest window at most: their life is lengthened once in this time.
const GRACE: Duration = Duration::from_secs(1);

/// The same on an injected clock, which may stand still while the server's time goes on.
const INJECTED_GRACE: Duration = Duration::from_hours(1);

/// What all calls of a handle have in common.
#[derive(Debug)]
pub(crate) struct Plan {
    rates: Rates,
    is_injected: bool,
    /// The packed form where nobody needs a longer window.
    own: Bytes,
}

impl Plan {
    pub(crate) fn new(rates: Rates, is_injected: bool) -> Plan {
        let own = packed_plan(&rates, is_injected, 0);
        Plan { rates, is_injected, own }
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.rates
    }

    /// The longest window of its rates, in microseconds.
    pub(crate) fn longest(&self) -> u64 {
        self.rates.longest().interval_micros()
    }
}

fn packed_plan(rates: &Rates, is_injected: bool, window: u64) -> Bytes {
    let grace = if is_injected { INJECTED_GRACE } else { GRACE };
    let longest = rates.longest().interval_micros();
    let mut packed = vec![u8::from(is_injected)];
    push(&mut packed, [window.max(longest), micros(grace)]);
    for rate in rates.iter() {
        push(&mut packed, [rate.interval_micros(), rate.limit()]);
    }
    packed.into()
}

/// When a call takes place: at the server's time, or at an instant that it is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    Server,
    Told(Timestamp),
}

impl Moment {
    /// Whether an instant is told, and which.
    fn packed(self) -> (u8, u64) {
        match self {
            Moment::Server => (0, 0),
            Moment::Told(instant) => (1, instant.as_micros()),
        }
    }
}

/// What a caller asks about a bucket.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) script: &'static Script,
    pub(crate) target: Arc<Target>,
    /// Packed. What all calls of a handle have in common is sent before it.
    own: Vec<u8>,
}

impl Request {
    /// The bucket's key.
    pub(crate) fn key(&self) -> &Bytes {
        &self.target.key
    }

    pub(crate) fn is_reserve(&self) -> bool {
        ptr::eq(self.script, Script::reserve())
    }

    /// Whether `other` can be sent together with this one: both reserve, for handles that agree in everything.
    pub(crate) fn can_carry(&self, other: &Request) -> bool {
        self.is_reserve() && other.is_reserve() && self.target.agrees_with(&other.target)
    }

    /// How many bytes it brings.
    pub(crate) fn size(&self) -> usize {
        self.own.len()
    }
}

/// A call of a script as it is sent.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) script: &'static Script,
    pub(crate) keys: Vec<Bytes>,
    pub(crate) arguments: Vec<Bytes>,
}

impl Message {
    /// One request, or several that the first [can carry](Request::can_carry): only such say where they end. `None` if there are
    /// none.
    pub(crate) fn of<'a>(requests: impl Iterator<Item = &'a Request> + Clone) -> Option<Message> {
        let first = requests.clone().next()?;
        let keys = vec![first.key().clone()];
        let arguments = vec![first.target.common(), joined(requests)];
        Some(Message { script: first.script, keys, arguments })
    }

    /// Reservations of one item each, of different buckets; `None` if there are none.
    pub(crate) fn together<'a>(lone: impl Iterator<Item = &'a Request> + Clone) -> Option<Message> {
        lone.clone().next()?;
        let (mut keys, mut arguments) = (Vec::new(), Vec::new());
        for (request, own) in lone.clone().zip(owns(lone)) {
            keys.push(request.key().clone());
            arguments.extend([request.target.common(), own]);
        }
        Some(Message { script: Script::together(), keys, arguments })
    }
}

/// What each request asks of its own, one behind the other.
fn joined<'a>(requests: impl Iterator<Item = &'a Request> + Clone) -> Bytes {
    let mut joined = BytesMut::with_capacity(requests.clone().map(Request::size).sum());
    requests.for_each(|request| joined.extend_from_slice(&request.own));
    joined.freeze()
}

/// What each request asks of its own, as parts of one buffer.
fn owns<'a>(requests: impl Iterator<Item = &'a Request> + Clone) -> impl Iterator<Item = Bytes> {
    let mut rest = joined(requests.clone());
    requests.map(move |request| rest.split_to(request.size()))
}

/// The bucket that calls are about, as one handle sees it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) key: Bytes,
    pub(crate) plan: Arc<Plan>,
    /// The longest window of any handle on this bucket in this process, where that is known.
    pub(crate) window: Option<Arc<AtomicU64>>,
}

impl Target {
    /// Asks for `weight` units of `name`, or of the key's own name. Weights above 2^53 - 1 fit no rate and must not come here.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        name: Option<&str>,
        weight: u64,
        max_delay: Duration,
        moment: Moment,
    ) -> Request {
        self.request(Script::reserve(), packed_item(name, weight, max_delay, moment))
    }

    pub(crate) fn waiting(self: &Arc<Self>, weight: u64, moment: Moment) -> Request {
        self.request(Script::waiting(), packed_item(None, weight, Duration::ZERO, moment))
    }

    pub(crate) fn cancel(self: &Arc<Self>, grant: &Grant, moment: Moment) -> Request {
        self.request(Script::cancel(), packed(moment, [grant.at.as_micros(), grant.id()]))
    }

    pub(crate) fn leak(self: &Arc<Self>, moment: Moment) -> Request {
        self.request(Script::leak(), packed(moment, []))
    }

    pub(crate) fn flush(self: &Arc<Self>) -> Request {
        self.request(Script::flush(), packed(Moment::Server, []))
    }

    pub(crate) fn count(self: &Arc<Self>, moment: Moment) -> Request {
        self.request(Script::count(), packed(moment, []))
    }

    pub(crate) fn available(self: &Arc<Self>, moment: Moment) -> Request {
        self.request(Script::available(), packed(moment, []))
    }

    pub(crate) fn peek(self: &Arc<Self>, index: u64, moment: Moment) -> Request {
        self.request(Script::peek(), packed(moment, [index]))
    }

    /// What gives back a reservation whose caller is gone.
    ///
    /// On an injected clock it takes place at the last change: nobody is there any more to read that clock.
    pub(crate) fn undo(self: &Arc<Self>, placed: &Placed) -> Request {
        let moment =
            if self.plan.is_injected { Moment::Told(Timestamp::ZERO) } else { Moment::Server };
        self.request(Script::cancel(), packed(moment, [placed.at, placed.id]))
    }

    /// Asks for the time of the server that holds the key.
    pub(crate) fn now(self: &Arc<Self>) -> Request {
        self.request(Script::now(), Vec::new())
    }

    fn request(self: &Arc<Self>, script: &'static Script, own: Vec<u8>) -> Request {
        Request { script, target: Arc::clone(self), own }
    }

    /// What all calls of the handle have in common, packed.
    fn common(&self) -> Bytes {
        let plan = &self.plan;
        let window = self.window.as_ref().map_or(0, |window| window.load(Ordering::Relaxed));
        if window <= plan.longest() {
            return plan.own.clone();
        }
        packed_plan(&plan.rates, plan.is_injected, window)
    }

    fn agrees_with(&self, other: &Target) -> bool {
        ptr::eq(self, other) || self.key == other.key && self.common() == other.common()
    }
}

/// As `ITEM` in `load.lua` unpacks it, then the name. The size of that stands before it, 0 if it is the key's own, so that several
/// can stand one behind the other.
fn packed_item(name: Option<&str>, weight: u64, max_delay: Duration, moment: Moment) -> Vec<u8> {
    let (is_told, instant) = moment.packed();
    let name_size = name.map_or(0, |name| 1 + name.len());
    let mut packed = Vec::with_capacity(29 + name_size);
    packed.push(is_told);
    push(&mut packed, [weight, micros(max_delay), instant, name_size as u64]);
    if let Some(name) = name {
        packed.push(b'.');
        packed.extend_from_slice(name.as_bytes());
    }
    packed
}

fn packed<const N: usize>(moment: Moment, numbers: [u64; N]) -> Vec<u8> {
    let (is_told, instant) = moment.packed();
    let mut packed = vec![is_told];
    push(&mut packed, [instant]);
    push(&mut packed, numbers);
    packed
}

/// Appends each number in seven bytes; none is above [`MAX_NUMBER`].
fn push(packed: &mut Vec<u8>, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        let [_, bytes @ ..] = number.min(MAX_NUMBER).to_be_bytes();
        packed.extend_from_slice(&bytes);
    }
}

/// Whole microseconds, [`MAX_NUMBER`] at most: nobody waits longer.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(MAX_NUMBER).min(MAX_NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_seven_bytes_and_stop_at_the_greatest() {
        let mut packed = Vec::new();
        push(&mut packed, [1, 1 << 48, u64::MAX]);
        assert_eq!(packed[..14], [0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(packed[14..], [0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(micros(Duration::MAX), MAX_NUMBER);
    }

    #[test]
    fn an_empty_name_is_not_the_absence_of_one() {
        let own = packed_item(None, 1, Duration::ZERO, Moment::Server);
        let empty = packed_item(Some(""), 1, Duration::ZERO, Moment::Server);
        assert_eq!((own.len(), empty.len()), (29, 30));
    }

    #[test]
    fn a_longer_window_of_another_handle_is_kept() {
        let plan = Arc::new(Plan::new("1/1s".parse().unwrap(), false));
        let window = Arc::new(AtomicU64::new(0));
        let target = Target { key: Bytes::new(), plan, window: Some(Arc::clone(&window)) };
        let own = target.common();
        window.store(2_000_000, Ordering::Relaxed);
        assert_eq!(own[1..8], [0, 0, 0, 0, 0x0f, 0x42, 0x40]);
        assert_eq!(target.common()[1..8], [0, 0, 0, 0, 0x1e, 0x84, 0x80]);
    }
}
