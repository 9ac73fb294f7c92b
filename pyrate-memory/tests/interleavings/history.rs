//! What happened in one interleaving, and who could know of it.
//!
//! Loom runs all threads of a model in turn on one thread of the system. So the record needs no lock, which would
//! order what the models must leave unordered.

use std::cell::RefCell;
use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use loom::thread::{self, ThreadId};
use pyrate_core::{Decision, Grant, SlidingLog, Timestamp};

thread_local! {
    static HISTORY: RefCell<History> = RefCell::default();
}

/// A moment: how many locks came before, and how often the clock had been set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment {
    pub(crate) locks: usize,
    pub(crate) time: usize,
}

impl Moment {
    pub(crate) fn max(self, other: Moment) -> Moment {
        Moment { locks: self.locks.max(other.locks), time: self.time.max(other.time) }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Reserve { max_delay: Duration, decision: Decision },
    Cancel { grant: Grant, is_cancelled: bool },
    Flush,
    Leak,
    Count(u64),
}

/// A call that has returned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) deed: Deed,
    /// What had happened, to the caller's knowledge, when it began.
    pub(crate) since: Moment,
    /// What had happened when it returned.
    pub(crate) until: Moment,
    /// The lock that it took, and what had happened to the knowledge of who held it.
    pub(crate) lock: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "read when a failed model is shown")]
enum Event {
    ClockShows(Timestamp),
    ClockIsRead(Timestamp),
    Lock,
    Begin,
    End(Deed),
}

#[derive(Debug, Default)]
pub(crate) struct History {
    /// What the clock has shown, each instant once.
    pub(crate) times: Vec<Timestamp>,
    /// The log as each lock found it.
    pub(crate) found: Vec<SlidingLog>,
    pub(crate) calls: Vec<Call>,
    /// What each thread knows to have happened, by happens-before.
    known: HashMap<ThreadId, Moment>,
    /// The lock that a running call has taken.
    taken: HashMap<ThreadId, Moment>,
    /// What those knew who held the lock.
    known_by_lock: Moment,
    events: Vec<(ThreadId, Event)>,
}

impl History {
    fn now(&self) -> Moment {
        Moment { locks: self.found.len(), time: self.times.len() - 1 }
    }

    fn note(&mut self, event: Event) -> ThreadId {
        let thread = thread::current().id();
        self.events.push((thread, event));
        thread
    }

    fn learn(&mut self, thread: ThreadId, news: Moment) -> Moment {
        let known = self.known.entry(thread).or_default();
        *known = known.max(news);
        *known
    }

    /// The events in order, for who looks into a failure.
    pub(crate) fn told(&self) -> String {
        let lines = self.events.iter().map(|(thread, event)| format!("{thread:?} {event:?}\n"));
        lines.collect()
    }
}

fn with<T>(change: impl FnOnce(&mut History) -> T) -> T {
    HISTORY.with_borrow_mut(change)
}

/// Begins an interleaving, in which the clock shows `start` at first.
pub(crate) fn begin(start: Timestamp) {
    with(|history| *history = History { times: vec![start], ..History::default() });
}

/// Ends the interleaving.
pub(crate) fn take() -> History {
    with(mem::take)
}

/// The log was locked, and is as `log` says.
pub(crate) fn lock(log: &SlidingLog) {
    with(|history| {
        let thread = history.note(Event::Lock);
        let lock = Moment { locks: history.found.len(), time: history.known_by_lock.time };
        let known = history.learn(thread, lock);
        history.known_by_lock = known;
        history.taken.insert(thread, known);
        history.found.push(log.clone());
    });
}

/// The clock is about to show `time`.
pub(crate) fn set(time: Timestamp) {
    with(|history| {
        assert!(!history.times.contains(&time), "each instant once: it is looked up");
        let thread = history.note(Event::ClockShows(time));
        history.times.push(time);
        history.learn(thread, Moment { locks: 0, time: history.times.len() - 1 });
    });
}

/// The clock was read.
pub(crate) fn read(time: Timestamp) {
    with(|history| {
        let thread = history.note(Event::ClockIsRead(time));
        let time = history.times.iter().position(|shown| *shown == time).unwrap();
        let known = history.learn(thread, Moment { locks: 0, time });
        if history.taken.contains_key(&thread) {
            history.known_by_lock = history.known_by_lock.max(known);
        }
    });
}

/// Makes a call and notes what became of it.
pub(crate) fn call<T>(act: impl FnOnce() -> T, deed: impl FnOnce(&T) -> Deed) -> T {
    let since = with(|history| {
        let thread = history.note(Event::Begin);
        history.learn(thread, Moment::default())
    });
    let answer = act();
    let deed = deed(&answer);
    with(|history| {
        let thread = history.note(Event::End(deed));
        let lock = history.taken.remove(&thread);
        if let Some(lock) = lock {
            history.learn(thread, Moment { locks: lock.locks + 1, ..lock });
        }
        history.calls.push(Call { deed, since, until: history.now(), lock });
    });
    answer
}

/// What the running thread knows, for those it spawns or by whom it is joined.
pub(crate) fn known() -> Moment {
    with(|history| history.learn(thread::current().id(), Moment::default()))
}

/// The running thread was told so.
pub(crate) fn learn(news: Moment) {
    with(|history| history.learn(thread::current().id(), news));
}
