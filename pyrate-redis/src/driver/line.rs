//! One line to the server: a client, and what is done when it fails.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, EventInterface};
use fred::types::{ConnectHandle, Value};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{sleep, timeout};

use super::asking::{Approach, ask, ask_for_slots};
use super::detour::Detour;
use super::failure::{Failure, no_connection};
use super::settings::Settings;
use super::trip::Trip;
use crate::error::RedisError;
use crate::script::Answer;

/// How often somebody who waits for a connection looks whether there is one, should no signal come.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A line that is used by the store's thread only.
#[derive(Debug)]
pub(super) struct Line {
    settings: Arc<Settings>,
    state: Mutex<State>,
    trouble: Trouble,
}

#[derive(Debug)]
struct State {
    client: Client,
    /// Drives the client's connections.
    task: ConnectHandle,
    /// When the server was heard last.
    heard: Instant,
    /// The scripts that it has run: it knows them by name, unless it was told to forget them.
    known: HashSet<&'static str>,
}

impl State {
    fn new(client: Client, task: ConnectHandle) -> State {
        State { client, task, heard: Instant::now(), known: HashSet::new() }
    }
}

/// Why connecting failed last.
type Trouble = Arc<Mutex<Option<Error>>>;

impl Line {
    /// Connects, or gives up.
    pub(super) async fn connect(settings: Arc<Settings>) -> Result<Line, RedisError> {
        let client = settings.client(true);
        let task = timeout(settings.connection_timeout, client.init()).await;
        let task = task.map_err(|_| late(&settings))?.map_err(|error| no_connection(&error))?;
        Ok(Line::of(settings, client, task))
    }

    /// Connects when it can.
    pub(super) fn lazy(settings: Arc<Settings>) -> Line {
        let client = settings.client(false);
        let task = client.connect();
        Line::of(settings, client, task)
    }

    fn of(settings: Arc<Settings>, client: Client, task: ConnectHandle) -> Line {
        let trouble = Trouble::default();
        watch(&client, &trouble);
        let state = Mutex::new(State::new(client, task));
        Line { settings, state, trouble }
    }

    /// Makes a trip, which ends within the command timeout, counted from when its first call was handed over.
    pub(super) async fn serve(self: Arc<Self>, trip: Trip) {
        let until = trip.begun() + self.settings.command_timeout;
        if let Some((trip, detour)) = self.carry(trip, (until, until), Approach::Plain).await {
            trip.finish(Err(detour.reason));
        }
    }

    /// Makes a trip to its end, or hands it back where another server is to be asked: nothing was executed then.
    ///
    /// Waits for a connection until the first instant, and for an answer until the second one.
    pub(super) async fn carry(
        &self,
        trip: Trip,
        (patience, until): (Instant, Instant),
        approach: Approach,
    ) -> Option<(Trip, Detour)> {
        let mut trip = trip;
        loop {
            let client = match self.ready(patience).await {
                Ok(client) => client,
                Err(error) => return Some((trip, Detour::around(error))),
            };
            // Who has left meanwhile is not asked for.
            trip = trip.wanted()?;
            match ask(&client, &trip.request(), until, approach).await {
                Ok(value) => {
                    self.hear(&trip);
                    trip.finish(Ok(Answer(value)));
                    return None;
                }
                Err(Failure::NotSent) => sleep(Duration::from_millis(1)).await,
                Err(Failure::Detour(detour)) => {
                    self.lock().heard = Instant::now();
                    return Some((trip, detour));
                }
                Err(failure) => {
                    trip.finish(Err(self.conclude(failure)));
                    return None;
                }
            }
        }
    }

    /// Asks which server of a cluster has which slot.
    pub(super) async fn slots(&self, limit: Duration) -> Result<Value, RedisError> {
        let client = self.ready(Instant::now() + limit).await?;
        let answer = ask_for_slots(&client, limit).await;
        answer.map_err(|failure| match failure {
            Failure::Final(error) => error,
            Failure::Detour(detour) => detour.reason,
            Failure::TimedOut | Failure::NotSent | Failure::NoScript => self.timed_out(),
        })
    }

    /// Where the server is.
    pub(super) fn host(&self) -> String {
        let servers = self.settings.servers();
        servers.first().map(|server| server.host.to_string()).unwrap_or_default()
    }

    /// Whether the server has run the script of `trip` before.
    pub(super) fn knows(&self, trip: &Trip) -> bool {
        self.lock().known.contains(&*trip.script().sha)
    }

    fn hear(&self, trip: &Trip) {
        let mut state = self.lock();
        state.heard = Instant::now();
        state.known.insert(&trip.script().sha);
    }

    /// The client, once it is connected.
    async fn ready(&self, until: Instant) -> Result<Client, RedisError> {
        let client = self.client();
        if client.is_connected() { Ok(client) } else { Box::pin(self.wait(until)).await }
    }

    async fn wait(&self, until: Instant) -> Result<Client, RedisError> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.unreachable());
            }
            // Ended clients are replaced, at this pace at most.
            let client = self.client();
            let moment = sleep(left.min(LOOK_EVERY));
            // What it answers doesn't matter: the state tells.
            let _ = timeout(left.min(LOOK_EVERY), client.wait_for_connect()).await;
            if client.is_connected() {
                return Ok(client);
            }
            moment.await;
        }
    }

    fn conclude(&self, failure: Failure) -> RedisError {
        match failure {
            Failure::Final(error) => {
                self.lock().heard = Instant::now();
                // Sentinels know who the master is now.
                if matches!(error, RedisError::ReadOnly(_)) && self.settings.has_sentinels() {
                    self.renew();
                }
                error
            }
            Failure::NoScript => {
                RedisError::Refused("NOSCRIPT in answer to the script's own text".to_owned())
            }
            Failure::Detour(detour) => detour.reason,
            Failure::TimedOut | Failure::NotSent => self.timed_out(),
        }
    }

    /// What a call failed with that has no answer in time.
    fn timed_out(&self) -> RedisError {
        // A call that was written fails as soon as its connection does. So where there is no connection, this one was not
        // written, and the client doesn't write what has timed out.
        if !self.lock().client.is_connected() {
            return self.unreachable();
        }
        let silence = self.lock().heard.elapsed();
        if silence > 2 * self.settings.command_timeout {
            self.renew();
        }
        RedisError::TimedOut(self.settings.command_timeout)
    }

    fn unreachable(&self) -> RedisError {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().map_or_else(|| late(&self.settings), no_connection)
    }

    /// A new client, if the one there was has ended.
    fn client(&self) -> Client {
        if self.lock().task.is_finished() {
            self.renew();
        }
        self.lock().client.clone()
    }

    /// Replaces the client: a connection that has fallen silent would hold up everybody until the system notices.
    fn renew(&self) {
        let client = self.settings.client(false);
        watch(&client, &self.trouble);
        let task = client.connect();
        let old = std::mem::replace(&mut *self.lock(), State::new(client, task));
        old.task.abort();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.lock().task.abort();
    }
}

/// Keeps the last error of the client's connections in `trouble`.
fn watch(client: &Client, trouble: &Trouble) {
    let (mut errors, trouble) = (client.error_rx(), Arc::clone(trouble));
    tokio::spawn(async move {
        loop {
            match errors.recv().await {
                Ok((error, _)) => {
                    *trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
}

fn late(settings: &Settings) -> RedisError {
    let patience = settings.connection_timeout.min(settings.command_timeout);
    RedisError::Unreachable(format!("no connection within {patience:?}"))
}
