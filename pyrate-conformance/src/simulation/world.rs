//! The world of one seed: hosts, callers, the clock, and what happens to them.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pyrate_core::{
    AbstractBucket, AcquireError, Decision, Grant, ManualClock, Rates, Request, Timestamp,
};

use super::Tally;
use super::books::{Books, Check};
use super::host::Host;
use super::schedule::{self, Event, Patience, Time};
use crate::dice::Dice;

const START: u64 = 1_000_000;
const EVENTS: u64 = 64;

type Asking = Pin<Box<dyn Future<Output = Result<Grant, AcquireError>> + Send>>;

/// Somebody who waits.
struct Caller {
    ticket: usize,
    host: usize,
    grant: Grant,
    asking: Asking,
}

pub(super) struct World<F> {
    dice: Dice,
    rates: Rates,
    clock: ManualClock,
    now: Timestamp,
    open: F,
    hosts: Vec<Host>,
    callers: Vec<Caller>,
    tickets: usize,
    books: Books,
    tally: Tally,
    story: Vec<String>,
}

impl<B: AbstractBucket, F: FnMut() -> B> World<F> {
    pub(super) fn new(seed: u64, open: impl FnOnce(Rates, ManualClock) -> F) -> World<F> {
        let mut dice = Dice::new(seed);
        let (rates, clock) = (schedule::rates(&mut dice), ManualClock::new());
        let now = Timestamp::from_micros(START);
        clock.set(now);
        let mut open = open(rates.clone(), clock.clone());
        let hosts: Vec<Host> = (0..dice.within(1..=4)).map(|_| Host::up(open(), &clock)).collect();
        let books = Books::new(rates.clone());
        let story = vec![format!("{} hosts under {rates}", hosts.len())];
        let (callers, tickets, tally) = (Vec::new(), 0, Tally::default());
        World { dice, rates, clock, now, open, hosts, callers, tickets, books, tally, story }
    }

    pub(super) fn tally(&self) -> Tally {
        Tally { places: self.books.places, ..self.tally }
    }

    pub(super) fn into_story(self) -> Vec<String> {
        self.story
    }

    /// Lets everything happen, and then everybody in line go.
    pub(super) fn run(&mut self) -> Check {
        for _ in 0..EVENTS {
            let event = schedule::next(&mut self.dice, self.rates.shortest().limit());
            self.happen(event)?;
            self.count()?;
        }
        while let Some(at) = self.next_due() {
            self.move_to(at)?;
        }
        self.books.audit()
    }

    fn happen(&mut self, event: Event) -> Check {
        let Some(host) = self.dice.index(self.hosts.len()) else { return Ok(()) };
        match event {
            Event::Come { weight, patience } => self.come(host, weight, patience),
            Event::Try { weight } => self.try_now(host, weight),
            Event::Leave { twice } => self.leave(twice),
            Event::Crash => {
                self.crash(host);
                Ok(())
            }
            Event::Leak => self.leak(host),
            Event::Pass(time) => self.pass(time),
        }
    }

    fn tell(&mut self, what: &str) {
        self.story.push(format!("{:>8}us  {what}", self.now.as_micros()));
    }

    fn ticket(&mut self) -> usize {
        self.tickets += 1;
        self.tickets
    }

    // ---- Asking ---------------------------------------------------------------------------------------------------

    fn come(&mut self, host: usize, weight: u64, patience: Patience) -> Check {
        let (ticket, max_delay) = (self.ticket(), self.max_delay(weight, patience));
        self.tell(&format!("#{ticket} asks host {host} for {weight}, within {max_delay:?}"));
        let Some(at) = self.hosts.get(host) else { return Ok(()) };
        let (limiter, request) = (at.limiter.clone(), Request::new("").weight(weight));
        let request = request.max_delay(max_delay);
        let mut asking: Asking = Box::pin(async move { limiter.acquire_async(request).await });
        let answered = poll(&mut asking);
        let decision = self.decision(host)?;
        self.books.enter(ticket, weight, (self.now, max_delay), decision)?;
        match (decision, answered) {
            (Decision::Granted(grant), Poll::Pending) if !grant.delay.is_zero() => {
                self.tell(&format!("#{ticket} waits for {}us", grant.at.as_micros()));
                self.callers.push(Caller { ticket, host, grant, asking });
                Ok(())
            }
            (_, Poll::Ready(answer)) => self.answered(decision, &answer),
            (_, Poll::Pending) => Err(format!("#{ticket} waits although {decision:?}")),
        }
    }

    fn try_now(&mut self, host: usize, weight: u64) -> Check {
        let ticket = self.ticket();
        self.tell(&format!("#{ticket} tries host {host} for {weight}"));
        let Some(at) = self.hosts.get(host) else { return Ok(()) };
        let answer = at.limiter.try_acquire(("", weight));
        let decision = self.decision(host)?;
        self.books.enter(ticket, weight, (self.now, Duration::ZERO), decision)?;
        self.answered(decision, &answer)
    }

    fn max_delay(&self, weight: u64, patience: Patience) -> Duration {
        let wait = || self.books.waiting(weight, self.now).unwrap_or_default();
        match patience {
            Patience::ForEver => Duration::MAX,
            Patience::Micros(micros) => Duration::from_micros(micros),
            Patience::JustEnough => wait(),
            Patience::OneTickTooFew => wait().saturating_sub(Duration::from_micros(1)),
        }
    }

    /// The one decision that a call may cost.
    fn decision(&self, host: usize) -> Result<Decision, String> {
        let mut decisions =
            self.hosts.get(host).map_or(Vec::new(), |host| host.wire.said().decisions);
        match (decisions.pop(), decisions.is_empty()) {
            (Some(Ok(decision)), true) => Ok(decision),
            (last, _) => Err(format!("a call costs one decision, not {decisions:?} and {last:?}")),
        }
    }

    /// Whoever needs not wait hears at once what the bucket said.
    fn answered(&mut self, told: Decision, answer: &Result<Grant, AcquireError>) -> Check {
        let is_passed_on = match (told, answer) {
            (Decision::Granted(told), Ok(grant)) => told == *grant && grant.delay.is_zero(),
            (Decision::Denied(denial), Err(error)) => {
                error.is_denied() && error.retry_after() == denial.retry_after
            }
            _ => false,
        };
        self.tally.at_once += u64::from(answer.is_ok());
        self.tally.denied += u64::from(answer.is_err());
        if is_passed_on { Ok(()) } else { Err(format!("{told:?} became {answer:?}")) }
    }

    // ---- Leaving --------------------------------------------------------------------------------------------------

    fn leave(&mut self, twice: bool) -> Check {
        let Some(index) = self.dice.index(self.callers.len()) else { return Ok(()) };
        let Caller { ticket, host, asking, .. } = self.callers.swap_remove(index);
        self.tell(&format!("#{ticket} leaves{}", if twice { ", which is sent twice" } else { "" }));
        let Some(host) = self.hosts.get(host) else { return Ok(()) };
        host.wire.send_twice(twice);
        drop(asking);
        self.tally.left += 1;
        for cancelled in host.wire.said().cancels {
            let agreed = cancelled.map_err(|error| error.to_string())?;
            self.books.leave(ticket, self.now, agreed)?;
        }
        Ok(())
    }

    /// Whoever waits at `host` is gone, and the bucket is not told.
    fn crash(&mut self, host: usize) {
        self.tell(&format!("host {host} is gone, and comes back"));
        let (clock, bucket) = (self.clock.clone(), (self.open)());
        let Some(gone) = self.hosts.get_mut(host) else { return };
        gone.wire.cut();
        let before = self.callers.len();
        self.callers.retain(|caller| caller.host != host);
        self.tally.vanished += (before - self.callers.len()) as u64;
        *gone = Host::up(bucket, &clock);
    }

    fn leak(&mut self, host: usize) -> Check {
        self.tell(&format!("host {host} leaks"));
        let Some(host) = self.hosts.get(host) else { return Ok(()) };
        let units = host.wire.leak(None).map_err(|error| error.to_string())?;
        self.books.leak(units, self.now)
    }

    /// Whatever happens, all hosts count the same.
    fn count(&mut self) -> Check {
        let due = self.books.count(self.now)?;
        let index = self.dice.index(self.hosts.len());
        let Some(host) = index.and_then(|index| self.hosts.get(index)) else { return Ok(()) };
        let found = host.wire.count().map_err(|error| error.to_string())?;
        if due == found { Ok(()) } else { Err(format!("count: {found} instead of {due}")) }
    }

    // ---- Time -----------------------------------------------------------------------------------------------------

    fn next_due(&self) -> Option<Timestamp> {
        self.callers.iter().map(|caller| caller.grant.at).min()
    }

    fn pass(&mut self, time: Time) -> Check {
        let next = self.next_due().unwrap_or(self.now);
        let to = match time {
            Time::Next => next,
            Time::AlmostNext => Timestamp::from_micros(next.as_micros() - 1).max(self.now),
            Time::Micros(micros) => {
                self.now.checked_add(Duration::from_micros(micros)).unwrap_or(next)
            }
        };
        self.move_to(to)
    }

    /// Moves the clock, and polls all who wait, in any order: who is due goes, and nobody else.
    fn move_to(&mut self, to: Timestamp) -> Check {
        self.now = to;
        self.clock.set(to);
        self.shuffle();
        for mut caller in std::mem::take(&mut self.callers) {
            match poll(&mut caller.asking) {
                Poll::Pending if caller.grant.at > to => self.callers.push(caller),
                Poll::Ready(Ok(grant)) if grant == caller.grant && grant.at <= to => {
                    self.tell(&format!("#{} goes", caller.ticket));
                    self.tally.waited += 1;
                }
                answer => {
                    return Err(format!(
                        "#{} was told {:?}, and finds {answer:?}",
                        caller.ticket, caller.grant
                    ));
                }
            }
        }
        Ok(())
    }

    fn shuffle(&mut self) {
        for end in (1..self.callers.len()).rev() {
            let other = self.dice.index(end + 1).unwrap_or(end);
            self.callers.swap(end, other);
        }
    }
}

fn poll(asking: &mut Asking) -> Poll<Result<Grant, AcquireError>> {
    asking.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}
