//! One line to the server: a client, and what is done when it fails.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, EventInterface};
use fred::types::config::Options;
use fred::types::{ClusterHash, ConnectHandle, CustomCommand, Value};
use fred::util::redis_keyslot;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{sleep, timeout};

use super::failure::{Failure, no_connection};
use super::settings::Settings;
use super::trip::Trip;
use crate::error::RedisError;
use crate::script::{Answer, Request};

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
        hear_once(&client, settings.connection_timeout).await?;
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
        let timeout = self.settings.command_timeout;
        let mut trip = trip;
        loop {
            let client = match self.ready(trip.begun() + timeout).await {
                Ok(client) => client,
                Err(error) => return trip.finish(Err(error)),
            };
            // Who has left meanwhile is not asked for.
            let Some(wanted) = trip.wanted(timeout) else { return };
            trip = wanted;
            match ask(&client, &trip.request(), trip.begun() + timeout).await {
                Ok(value) => {
                    self.hear(&trip);
                    return trip.finish(Ok(Answer(value)));
                }
                Err(Failure::NotSent) => sleep(Duration::from_millis(1)).await,
                Err(failure) => return trip.finish(Err(self.conclude(failure))),
            }
        }
    }

    /// Whether there is a connection.
    pub(super) fn is_connected(&self) -> bool {
        self.lock().client.is_connected()
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

    /// How long a call may take.
    pub(super) fn command_timeout(&self) -> Duration {
        self.settings.command_timeout
    }

    /// The client, once it is connected.
    pub(super) async fn ready(&self, until: Instant) -> Result<Client, RedisError> {
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

    /// The error of a call that failed like this.
    pub(super) fn conclude(&self, failure: Failure) -> RedisError {
        match failure {
            Failure::Final(error) => {
                self.lock().heard = Instant::now();
                error
            }
            Failure::NoScript => {
                RedisError::Refused("NOSCRIPT in answer to the script's own text".to_owned())
            }
            Failure::TimedOut | Failure::NotSent => self.timed_out(),
        }
    }

    /// What a call failed with that has no answer in time.
    fn timed_out(&self) -> RedisError {
        // A call that was written fails as soon as its connection does. So where there is no connection, this one was not
        // written, and the client doesn't write what has timed out.
        if self.settings.is_one_server() && !self.lock().client.is_connected() {
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

/// Sends the name of the script, or its text where the server doesn't know that name.
async fn ask(client: &Client, request: &Request, until: Instant) -> Result<Value, Failure> {
    let script = request.script;
    match send(client, "EVALSHA", &script.sha, request, until).await {
        // Apart, since the client's futures are large, and each call would carry the room for this one.
        Err(Failure::NoScript) => {
            Box::pin(send(client, "EVAL", &script.text, request, until)).await
        }
        answer => answer,
    }
}

/// Sends a command once, and waits for its answer until `until`. What has timed out is never written afterwards.
///
/// By `custom`, since no other way to run a script takes the options of a call.
async fn send(
    client: &Client,
    command: &'static str,
    script: &'static str,
    request: &Request,
    until: Instant,
) -> Result<Value, Failure> {
    let timeout = until.saturating_duration_since(Instant::now());
    if timeout.is_zero() {
        return Err(Failure::TimedOut);
    }
    let options = Options { timeout: Some(timeout), ..Options::default() };
    let command = CustomCommand::new_static(command, slot(client, &request.key), false);
    let mut words = Vec::with_capacity(3 + request.arguments.len());
    words.extend([Value::from_static_str(script), Value::from(1), request.key.clone().into()]);
    words.extend(request.arguments.iter().cloned().map(Value::from));
    let answer = client.with_options(&options).custom(command, words).await;
    answer.map_err(|error| Failure::of(&error))
}

/// Which server of a cluster holds `key`.
fn slot(client: &Client, key: &[u8]) -> ClusterHash {
    if client.is_clustered() {
        ClusterHash::Custom(redis_keyslot(key))
    } else {
        ClusterHash::Random
    }
}

/// Has the server say something, whatever it is: the client takes a connection that is closed at once for a good one, and a
/// balancer with nothing behind it does that.
async fn hear_once(client: &Client, patience: Duration) -> Result<(), RedisError> {
    let options = Options { timeout: Some(patience), ..Options::default() };
    let ping = CustomCommand::new_static("PING", ClusterHash::Random, false);
    let answer = client.with_options(&options).custom::<Value, Value>(ping, Vec::new()).await;
    match answer.map_err(|error| no_connection(&error)) {
        Err(RedisError::Unreachable(why)) => Err(RedisError::Unreachable(why)),
        _ => Ok(()),
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
