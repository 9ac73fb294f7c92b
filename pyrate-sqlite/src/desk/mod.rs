//! The desk: where calls wait while a transaction is under way, to share the next one.
//!
//! A thread that finds nobody at work makes its call itself. What came meanwhile goes to the driver, a thread of the
//! store's own, which also works for async callers; it starts when it is first needed and ends with the store.

mod call;
mod engine;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};

use pyrate_core::BucketError;
use tokio::task::unconstrained;

use call::Call;
pub(crate) use call::{Effect, Wanted, Work};
pub(crate) use engine::Engine;

use crate::error::SqliteError;

/// How many calls share a transaction at most: one that arrives later than these isn't kept waiting for all of them.
const MOST_IN_ONE: usize = 512;

/// The queue, and who works on it.
pub(crate) struct Desk {
    state: Mutex<State>,
    driver_is_called: Condvar,
    /// Locked by whoever leads, so never waited for but at a change of leaders.
    engine: Mutex<Engine>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Call>,
    leader: Leader,
    /// The thread that makes a batch just now.
    making: Option<ThreadId>,
    driver: Option<JoinHandle<()>>,
    is_closed: bool,
}

/// Who makes the calls of the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Leader {
    #[default]
    Nobody,
    Caller,
    Driver,
}

impl Desk {
    pub(crate) fn new(engine: Engine) -> Arc<Desk> {
        Arc::new(Desk {
            state: Mutex::default(),
            driver_is_called: Condvar::new(),
            engine: Mutex::new(engine),
        })
    }

    /// Makes a call and waits for its answer on this thread.
    pub(crate) fn call<T: Send + 'static>(
        self: &Arc<Desk>,
        effect: Effect,
        work: impl Work<T>,
    ) -> Result<T, BucketError> {
        let (call, answer) = Call::new(effect, Wanted::ByCaller, work, |found| found);
        self.submit_from_thread(call)?;
        // Outside tokio's budget: a task may call, and have used up its own.
        received(pollster::block_on(unconstrained(answer)))
    }

    /// Makes a call and awaits its answer.
    pub(crate) async fn call_async<T: Send + 'static, U: Send + 'static>(
        self: &Arc<Desk>,
        effect: Effect,
        wanted: Wanted,
        work: impl Work<T>,
        hand_over: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U, BucketError> {
        let (call, answer) = Call::new(effect, wanted, work, hand_over);
        self.submit_for_driver(call);
        received(answer.await)
    }

    /// A call that only looks, for as long as its caller waits.
    pub(crate) async fn look_async<T: Send + 'static>(
        self: &Arc<Desk>,
        work: impl Work<T>,
    ) -> Result<T, BucketError> {
        self.call_async(Effect::Look, Wanted::ByCaller, work, |found| found).await
    }

    /// A call that gives something back: it is made even if its caller is gone before.
    pub(crate) async fn change_async<T: Send + 'static>(
        self: &Arc<Desk>,
        work: impl Work<T>,
    ) -> Result<T, BucketError> {
        self.call_async(Effect::Change, Wanted::Always, work, |found| found).await
    }

    /// Has a call made that nobody waits for. Doesn't block.
    pub(crate) fn leave<T: Send + 'static>(self: &Arc<Desk>, effect: Effect, work: impl Work<T>) {
        let (call, _) = Call::new(effect, Wanted::Always, work, |found| found);
        self.submit_for_driver(call);
    }

    /// Lets the driver end once the queue is empty; waits for that only if it is.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        self.driver_is_called.notify_one();
        let is_resting = state.leader == Leader::Nobody;
        let driver = state.driver.take();
        drop(state);
        // The last handle may be held by an answer, which the driver itself drops.
        let joins =
            |driver: &JoinHandle<()>| is_resting && driver.thread().id() != thread::current().id();
        if let Some(driver) = driver.filter(joins) {
            let _ = driver.join();
        }
    }

    fn submit_from_thread(self: &Arc<Desk>, call: Call) -> Result<(), BucketError> {
        let mut state = self.lock();
        // A waker or a clock that calls the store would wait for the thread that it holds up, and all others with it.
        if state.making == Some(thread::current().id()) {
            return Err(SqliteError::CalledFromWithin.into());
        }
        state.queue.push_back(call);
        if state.leader == Leader::Nobody {
            state.leader = Leader::Caller;
            self.lead(state);
        }
        Ok(())
    }

    fn submit_for_driver(self: &Arc<Desk>, call: Call) {
        let mut state = self.lock();
        state.queue.push_back(call);
        if state.leader == Leader::Nobody
            && let Err(error) = self.call_driver(&mut state)
        {
            let call = state.queue.pop_back();
            drop(state);
            if let Some(call) = call {
                call.finish(Err(error));
            }
        }
    }

    /// Makes the calls of the queue, this thread's own among them; the driver goes on with what came meanwhile.
    fn lead<'a>(self: &'a Arc<Desk>, mut state: MutexGuard<'a, State>) {
        loop {
            state = self.make_next(state);
            if state.queue.is_empty() {
                state.leader = Leader::Nobody;
                return;
            }
            // Where no thread can be had, the callers behind are this one's to serve.
            if self.call_driver(&mut state).is_ok() {
                return;
            }
        }
    }

    /// Makes one batch, without the lock.
    fn make_next<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let most = state.queue.len().min(MOST_IN_ONE);
        let batch = state.queue.drain(..most).collect();
        state.making = Some(thread::current().id());
        drop(state);
        let left = self.make_without_panic(batch);
        let mut state = self.lock();
        state.making = None;
        left.into_iter().rev().for_each(|call| state.queue.push_front(call));
        state
    }

    /// A panic must not take the leader along, whatever its cause: nobody would lead any more.
    fn make_without_panic(&self, batch: Vec<Call>) -> Vec<Call> {
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        catch_unwind(AssertUnwindSafe(|| engine.make(batch))).unwrap_or_default()
    }

    /// Gives the lead to the driver, which is started if need be.
    fn call_driver(self: &Arc<Desk>, state: &mut State) -> Result<(), BucketError> {
        if state.driver.is_none() && !state.is_closed {
            let desk = Arc::clone(self);
            let driver = thread::Builder::new().name("pyrate-sqlite".into());
            let started = driver.spawn(move || desk.drive()).map_err(SqliteError::NoThread)?;
            state.driver = Some(started);
        }
        state.leader = Leader::Driver;
        self.driver_is_called.notify_one();
        Ok(())
    }

    fn drive(&self) {
        let mut state = self.lock();
        loop {
            while state.leader == Leader::Driver {
                if state.queue.is_empty() {
                    state.leader = Leader::Nobody;
                } else {
                    state = self.make_next(state);
                }
            }
            if state.is_closed {
                return;
            }
            state = self.driver_is_called.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer, where the desk gave one: it always does, unless its own code panicked.
fn received<T>(
    answer: Result<Result<T, BucketError>, tokio::sync::oneshot::error::RecvError>,
) -> Result<T, BucketError> {
    answer.unwrap_or_else(|_| Err(SqliteError::AnswerLost.into()))
}
