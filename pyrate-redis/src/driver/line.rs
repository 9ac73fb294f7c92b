//! One line to the server: a client, and what is done when it fails.

use std::collections::HashSet;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, EventInterface};
use fred::types::config::Server;
use fred::types::{ConnectHandle, Value};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{sleep, timeout};

use super::asking::{Approach, ask, ask_for_slots, hear_once};
use super::convoy::Convoy;
use super::detour::{Detour, Heading, Setback};
use super::failure::{Failure, no_connection};
use super::job::Job;
use super::replies::Replies;
use super::settings::Settings;
use super::trip::Trip;
use crate::error::RedisError;
use crate::script::{Answer, Message, Script};

/// How often somebody who waits for a connection looks whether there is one, should no signal come.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How something is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    /// When the oldest of its calls began.
    pub(super) begun: Instant,
    /// Until when a connection is waited for, if not until the last moment.
    pub(super) patience: Option<Instant>,
    pub(super) approach: Approach,
}

impl Course {
    /// To the only server there is.
    fn of(begun: Instant) -> Course {
        Course { begun, patience: None, approach: Approach::Name }
    }
}

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
    /// When the server was heard last, or was asked something after it had answered everything.
    heard: Instant,
    replies: Replies,
    /// The scripts that it has run: it knows them by name, unless it was told to forget them.
    known: HashSet<&'static str>,
    /// Whether it refuses calls for several keys: it is part of a cluster, though the address didn't say so.
    is_divided: bool,
}

impl State {
    fn new(client: Client, task: ConnectHandle) -> State {
        let (heard, replies, known) = (Instant::now(), Replies::default(), HashSet::new());
        State { client, task, heard, replies, known, is_divided: false }
    }
}

/// Why connecting failed last.
type Trouble = Arc<Mutex<Option<Error>>>;

impl Line {
    /// Connects, or gives up.
    pub(super) async fn connect(settings: Arc<Settings>) -> Result<Line, RedisError> {
        let client = settings.client(true);
        let patience = settings.connection_timeout;
        let task = timeout(patience, client.init()).await;
        let late = |_| RedisError::Unreachable(format!("no connection within {patience:?}"));
        let task = task.map_err(late)?.map_err(|error| no_connection(&error))?;
        hear_once(&client, patience).await?;
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

    /// Makes a trip.
    pub(super) async fn serve(self: Arc<Self>, mut trip: Trip) {
        let course = Course::of(trip.begun);
        if let Some(answer) = self.carry(course, |timeout| trip.request(timeout)).await {
            trip.finish(answer.map_err(Setback::error));
        }
    }

    /// Makes the trip of a convoy, and returns the calls that have to be made again, each by itself.
    pub(super) async fn convey(&self, mut convoy: Convoy) -> Vec<Job> {
        let course = Course::of(convoy.begun);
        let answer = self.carry(course, |timeout| convoy.request(timeout)).await;
        let Some(answer) = answer.map(|answer| answer.map_err(Setback::error)) else {
            return Vec::new();
        };
        if matches!(answer, Err(RedisError::Cluster(_))) {
            self.lock().is_divided = true;
        }
        convoy.finish(answer)
    }

    /// Sends what is `packed` and answers what comes back, within the command timeout, counted from when the oldest of the
    /// calls began. It is packed as late as may be, and says when that was: `None` if nobody is left by then.
    ///
    /// Fails for good, or with a detour, where another server is to be asked: nothing was executed then.
    pub(super) async fn carry(
        &self,
        course: Course,
        mut packed: impl FnMut(Duration) -> Option<(Instant, Message)>,
    ) -> Option<Result<Answer, Setback>> {
        let (mut begun, timeout) = (course.begun, self.settings.command_timeout);
        let mut approach = course.approach;
        loop {
            let until = begun + timeout;
            let patience = course.patience.map_or(until, |patience| patience.min(until));
            let client = match self.ready(patience).await {
                Ok(client) => client,
                Err(error) => return Some(Err(Setback::Detour(Detour::around(error)))),
            };
            let (oldest, message) = packed(timeout)?;
            begun = oldest;
            let number = self.set_out();
            match ask(&client, &message, begun + timeout, approach).await {
                Ok(value) => {
                    self.hear(number, message.script);
                    return Some(Ok(Answer(value)));
                }
                Err(Failure::NotSent) => sleep(Duration::from_millis(1)).await,
                Err(Failure::NoScript) if !matches!(approach, Approach::Text) => {
                    approach = Approach::Text;
                }
                Err(failure) => return Some(Err(self.judge(failure, number, &client))),
            }
        }
    }

    /// What a call that failed like this comes to.
    fn judge(&self, failure: Failure, number: u64, client: &Client) -> Setback {
        let Failure::Detour(detour) = failure else {
            if let Failure::Final(_) = failure {
                self.lock().replies.settle(number);
            }
            return Setback::Final(self.conclude(failure, client));
        };
        let mut state = self.lock();
        state.heard = Instant::now();
        if detour.heading != Heading::Down {
            state.replies.settle(number);
        } else if !state.replies.is_cut_off_by(number) {
            return Setback::Final(RedisError::ConnectionLost(detour.reason.to_string()));
        }
        Setback::Detour(detour)
    }

    /// Whether lone calls of different buckets may go together: all keys are on one server.
    pub(super) fn may_convey(&self) -> bool {
        !self.lock().is_divided
    }

    /// Asks which server of a cluster has which slot.
    pub(super) async fn slots(&self, limit: Duration) -> Result<Value, RedisError> {
        let client = self.ready(Instant::now() + limit).await?;
        let number = self.set_out();
        match ask_for_slots(&client, limit).await {
            Ok(answer) => {
                self.lock().replies.settle(number);
                Ok(answer)
            }
            Err(failure) => Err(self.conclude(failure, &client)),
        }
    }

    /// Where the server is, or the first sentinel who knows that.
    pub(super) fn address(&self) -> Option<Server> {
        self.settings.servers().into_iter().next()
    }

    /// Whether what is sent behind a trip of `script` can't overtake it: there is a connection, and the server has run it before.
    pub(super) fn is_straight_for(&self, script: &Script) -> bool {
        let state = self.lock();
        state.client.is_connected() && state.known.contains(&*script.sha)
    }

    /// The number of a call that is about to be sent.
    fn set_out(&self) -> u64 {
        let mut state = self.lock();
        // A line that nobody used has not been silent.
        if state.replies.is_quiet() {
            state.heard = Instant::now();
        }
        state.replies.send()
    }

    fn hear(&self, number: u64, script: &'static Script) {
        let mut state = self.lock();
        state.heard = Instant::now();
        state.replies.settle(number);
        state.known.insert(&script.sha);
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
    pub(super) fn conclude(&self, failure: Failure, client: &Client) -> RedisError {
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
            Failure::TimedOut | Failure::NotSent => self.timed_out(client),
        }
    }

    /// What a call failed with that was given to `client` and has no answer in time.
    fn timed_out(&self, client: &Client) -> RedisError {
        // A call that was written fails as soon as its connection does. So where there is no connection, this one was not
        // written, and the client doesn't write what has timed out. A client that has taken its place tells nothing of it.
        if !client.is_connected() {
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
        let unknown = || RedisError::Unreachable("there is no connection yet".to_owned());
        trouble.as_ref().map_or_else(unknown, no_connection)
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
        let mut new = State::new(client.clone(), client.connect());
        let mut state = self.lock();
        state.replies.cut_off();
        mem::swap(&mut state.replies, &mut new.replies);
        mem::replace(&mut *state, new).task.abort();
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
