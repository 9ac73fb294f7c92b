//! A clock with a gate: a call that reads it stands there, with the store's lock in its hands, until it is opened.

use std::sync::{Arc, Condvar, Mutex};

use pyrate_sqlite::{BucketError, Clock, ManualClock, Timestamp};

#[derive(Clone)]
pub(crate) struct Gate {
    clock: ManualClock,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    readings: usize,
}

impl Gate {
    pub(crate) fn before(clock: ManualClock) -> Gate {
        Gate { clock, state: Arc::default() }
    }

    /// Closes the gate, and counts readings from zero.
    pub(crate) fn close(&self) {
        *self.state.0.lock().unwrap() = State { is_closed: true, readings: 0 };
    }

    pub(crate) fn open(&self) {
        self.state.0.lock().unwrap().is_closed = false;
        self.state.1.notify_all();
    }

    pub(crate) fn wait_for_a_reader(&self) {
        let (state, moved) = &*self.state;
        drop(moved.wait_while(state.lock().unwrap(), |state| state.readings == 0).unwrap());
    }

    /// How often it was read since it was closed.
    pub(crate) fn readings(&self) -> usize {
        self.state.0.lock().unwrap().readings
    }
}

impl Clock for Gate {
    fn now(&self) -> Result<Timestamp, BucketError> {
        let (state, moved) = &*self.state;
        let mut locked = state.lock().unwrap();
        locked.readings += 1;
        moved.notify_all();
        drop(moved.wait_while(locked, |state| state.is_closed).unwrap());
        self.clock.now()
    }
}
