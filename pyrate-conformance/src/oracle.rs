//! What a bucket must answer, by trial: a plain list of units, searched again for each answer.
//!
//! Written from the rules alone, apart from the sliding log. It keeps out whatever could share a mistake with the log:
//! running totals, cursors, closed formulas and forgetting. Only a flush, and what a cancellation takes off the end of the
//! line, leaves the list.

use std::iter::once;
use std::time::Duration;

use pyrate_core::{Decision, Denial, Grant, Rate, Rates, Timestamp, TimestampError};

/// The greatest instant, and the most units in a live bucket.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// Units of one instant that one caller holds, or that nobody does.
#[derive(Debug)]
struct Units {
    at: u64,
    amount: u64,
    holder: Option<Holder>,
    is_leaked: bool,
}

#[derive(Debug)]
struct Holder {
    ticket: usize,
    name: String,
}

/// What a list shows of one holder: the instant, the units, the name.
pub type Shown<'a> = (Timestamp, u64, &'a str);

/// A bucket that answers by trial. Units stand in order of their recording.
#[derive(Debug)]
pub struct Oracle {
    rates: Rates,
    units: Vec<Units>,
    seen: u64,
}

// ---- What changes the bucket --------------------------------------------------------------------------------------

impl Oracle {
    /// An empty bucket that has already seen `seen`.
    #[must_use]
    pub fn new(rates: Rates, seen: Timestamp) -> Oracle {
        Oracle { rates, units: Vec::new(), seen: seen.as_micros() }
    }

    /// Decides, and records a grant under `ticket`. The grant in the answer has no id.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    pub fn reserve(
        &mut self,
        ticket: usize,
        (name, weight): (&str, u64),
        now: Timestamp,
        max_delay: Duration,
    ) -> Result<Decision, TimestampError> {
        let now = self.effective(now)?;
        if weight == 0 {
            return Ok(grant(now, now, 0));
        }
        let Some((at, is_place)) = self.spot(weight, now) else {
            return Ok(Decision::Denied(Denial { rate: self.rates.shortest(), retry_after: None }));
        };
        let delay = Duration::from_micros(at - now);
        if delay > max_delay || (!is_place && self.is_beyond_numbers(at, weight, now)) {
            let rate = if is_place { self.rates.shortest() } else { self.binding(at, weight) };
            return Ok(Decision::Denied(Denial { rate, retry_after: Some(delay) }));
        }
        self.seen = now;
        self.take_free(at, if is_place { weight } else { 0 });
        let holder = Some(Holder { ticket, name: name.to_owned() });
        self.units.push(Units { at, amount: weight, holder, is_leaked: false });
        Ok(grant(at, now, weight))
    }

    /// Frees the units of `ticket` if they are not due.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    pub fn cancel(&mut self, ticket: usize, now: Timestamp) -> Result<bool, TimestampError> {
        let now = self.effective(now)?;
        let is_its = |units: &&mut Units| units.holder.as_ref().is_some_and(|h| h.ticket == ticket);
        let Some(units) = self.units.iter_mut().find(is_its).filter(|units| units.at > now) else {
            return Ok(false);
        };
        units.holder = None;
        self.seen = now;
        self.trim_tail();
        Ok(true)
    }

    /// Notes that a leak at `now` removed `removed` units; `false`: it can't have found that many.
    ///
    /// How many were dropped before, as others arrived, is free to the bucket; but the oldest instants go first.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    pub fn leak(&mut self, removed: u64, now: Timestamp) -> Result<bool, TimestampError> {
        let now = self.effective(now)?;
        let longest = micros(self.longest());
        let mut left = Vec::new();
        for units in
            self.units.iter_mut().filter(|units| units.at + longest <= now && !units.is_leaked)
        {
            left.push((units.at, units.amount));
            units.is_leaked = true;
        }
        if removed > 0 {
            self.seen = now;
        }
        let since =
            |first| left.iter().filter(move |(at, _)| *at >= first).map(|(_, amount)| amount);
        Ok(removed == 0 || left.iter().any(|(first, _)| since(*first).sum::<u64>() == removed))
    }

    /// Empties the bucket.
    pub fn flush(&mut self) {
        self.units.clear();
    }

    /// Turns `amount` free units of the instant `at` into nobody's, to be recorded under their new holder.
    fn take_free(&mut self, at: u64, mut amount: u64) {
        for units in self.units.iter_mut().filter(|units| units.at == at && units.holder.is_none())
        {
            let taken = amount.min(units.amount);
            units.amount -= taken;
            amount -= taken;
        }
        self.units.retain(|units| units.amount > 0);
    }

    /// Removes free units from the last instant, as long as that leaves an earlier instant as the last one.
    fn trim_tail(&mut self) {
        let mut before = None;
        while self.last() != before {
            before = self.last();
            self.units.retain(|units| Some(units.at) != before || units.holder.is_some());
        }
    }
}

// ---- What looks at the bucket -------------------------------------------------------------------------------------

impl Oracle {
    /// The instant of the last change.
    #[must_use]
    pub fn seen(&self) -> Timestamp {
        Timestamp::from_micros(self.seen)
    }

    /// How long `weight` would wait; `None`: for ever.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    pub fn waiting(&self, weight: u64, now: Timestamp) -> Result<Option<Duration>, TimestampError> {
        let now = self.effective(now)?;
        if weight == 0 {
            return Ok(Some(Duration::ZERO));
        }
        Ok(self.spot(weight, now).map(|(at, _)| Duration::from_micros(at - now)))
    }

    /// Held units inside the longest window.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    pub fn count(&self, now: Timestamp) -> Result<u64, TimestampError> {
        Ok(self.shown(now)?.iter().map(|(_, amount, _)| amount).sum())
    }

    /// Who holds units inside the longest window, the last instant first; within one, the last to come first.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] if `now` lies beyond [`Timestamp::MAX`].
    pub fn shown(&self, now: Timestamp) -> Result<Vec<Shown<'_>>, TimestampError> {
        let now = self.effective(now)?;
        let longest = micros(self.longest());
        let live = self.units.iter().filter(|units| units.at + longest > now);
        let held = live.filter_map(|units| Some((units, units.holder.as_ref()?)));
        let mut shown: Vec<Shown<'_>> = held
            .map(|(u, holder)| (Timestamp::from_micros(u.at), u.amount, &*holder.name))
            .collect();
        shown.sort_by_key(|(at, _, _)| *at);
        shown.reverse();
        Ok(shown)
    }

    fn effective(&self, now: Timestamp) -> Result<u64, TimestampError> {
        if now > Timestamp::MAX {
            Err(TimestampError(now))
        } else {
            Ok(now.as_micros().max(self.seen))
        }
    }

    fn longest(&self) -> Rate {
        self.rates.longest()
    }

    /// Where `weight` goes, and whether that is a free place; `None`: nowhere, ever.
    fn spot(&self, weight: u64, now: u64) -> Option<(u64, bool)> {
        if self.rates.iter().any(|rate| weight > rate.limit()) {
            return None;
        }
        let place = self.free_place(weight, now).map(|at| (at, true));
        place.or_else(|| Some((self.behind_all(weight, now), false)))
    }

    /// The first instant from `now` on whose free units suffice.
    fn free_place(&self, weight: u64, now: u64) -> Option<u64> {
        let free = self.units.iter().filter(|units| units.holder.is_none() && units.at >= now);
        free.map(|units| units.at).filter(|at| self.free_at(*at) >= weight).min()
    }

    fn free_at(&self, at: u64) -> u64 {
        let free = self.units.iter().filter(|units| units.at == at && units.holder.is_none());
        free.map(|units| units.amount).sum()
    }

    /// The first instant, not before `now` or anybody in line, at which each rate has room for `weight`.
    ///
    /// Room only appears where a unit leaves a window, so trying those instants is trying all.
    fn behind_all(&self, weight: u64, now: u64) -> u64 {
        let start = now.max(self.last().unwrap_or(0));
        let mut first = u64::MAX;
        let exits = self.rates.iter().flat_map(|rate| self.exits(*rate));
        for at in once(start).chain(exits) {
            if at >= start && at < first && self.has_room(at, weight) {
                first = at;
            }
        }
        first
    }

    /// Each instant at which a unit leaves the window of `rate`.
    fn exits(&self, rate: Rate) -> impl Iterator<Item = u64> {
        self.units.iter().map(move |units| units.at + micros(rate))
    }

    /// Whether each rate's window that ends with the instant `at` has room for `weight`.
    fn has_room(&self, at: u64, weight: u64) -> bool {
        self.rates.iter().all(|rate| self.window(*rate, at) + weight <= rate.limit())
    }

    /// Units in the half-open window of `rate` that ends with the instant `end`, free ones too.
    fn window(&self, rate: Rate, end: u64) -> u64 {
        let inside =
            self.units.iter().filter(|units| units.at <= end && units.at + micros(rate) > end);
        inside.map(|units| units.amount).sum()
    }

    fn last(&self) -> Option<u64> {
        self.units.iter().map(|units| units.at).max()
    }

    /// Units that have not left the longest window by `now`, free ones and those of later instants too.
    fn live(&self, now: u64) -> u64 {
        self.not_left(self.longest(), now)
    }

    fn not_left(&self, rate: Rate, by: u64) -> u64 {
        let live = self.units.iter().filter(|units| units.at + micros(rate) > by);
        live.map(|units| units.amount).sum()
    }

    fn is_beyond_numbers(&self, at: u64, weight: u64, now: u64) -> bool {
        at > MAX_NUMBER || self.live(now) + weight > MAX_NUMBER
    }

    /// The shortest of the rates that alone would have set the instant `at`, else the shortest of all.
    fn binding(&self, at: u64, weight: u64) -> Rate {
        let mut setting = self.rates.iter().filter(|rate| self.own_term(**rate, weight) == at);
        *setting.next().unwrap_or(&self.rates.shortest())
    }

    /// The first instant by which enough units have left the window of `rate` for `weight` to stand behind the rest.
    fn own_term(&self, rate: Rate, weight: u64) -> u64 {
        let fitting = once(0)
            .chain(self.exits(rate))
            .filter(|by| self.not_left(rate, *by) + weight <= rate.limit());
        fitting.min().unwrap_or(u64::MAX)
    }
}

fn micros(rate: Rate) -> u64 {
    rate.interval_micros()
}

fn grant(at: u64, now: u64, weight: u64) -> Decision {
    let delay = Duration::from_micros(at - now);
    Decision::Granted(Grant::new(Timestamp::from_micros(at), delay, weight))
}
