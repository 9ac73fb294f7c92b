//! A cluster: lines to each of its servers, and which of them a call takes.
//!
//! The client's own way with clusters isn't used: it doesn't tell a call that was sent elsewhere from one that was lost, and
//! holds up all servers while one is away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fred::bytes::Bytes;
use fred::types::config::Server;
use fred::util::redis_keyslot;
use tokio::time::{sleep, timeout};

use super::Opening;
use super::asking::Approach;
use super::detour::{Heading, Setback};
use super::line::{Course, Line};
use super::settings::Settings;
use super::slots::Slots;
use super::trip::Trip;
use super::way;
use crate::error::RedisError;
use crate::script::Script;

/// How long a call waits for a connection before it looks whether another server has taken over.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long a server may take to tell who has which slot.
const TELLING: Duration = Duration::from_millis(200);

/// How long a call rests that was told to come again.
const REST: Duration = Duration::from_millis(5);

/// Which part of its time a call must have left to be sent, or sent once more.
const SPARE: u32 = 5;

/// How long what was told is good enough, unless a server can't be reached.
const FRESH: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Cluster {
    settings: Arc<Settings>,
    state: Mutex<State>,
    /// When it was asked last who has which slot, and how often it was: one asks at a time.
    asked: tokio::sync::Mutex<(Option<Instant>, usize)>,
}

#[derive(Debug, Default)]
struct State {
    slots: Slots,
    lines: HashMap<Server, Vec<Arc<Line>>>,
}

impl Cluster {
    pub(super) async fn open(
        settings: Arc<Settings>,
        opening: Opening,
    ) -> Result<Cluster, RedisError> {
        let asked = tokio::sync::Mutex::default();
        let cluster = Cluster { settings, state: Mutex::default(), asked };
        if let Opening::AtOnce = opening {
            cluster.connect().await?;
        }
        Ok(cluster)
    }

    /// Makes a trip, which ends within the command timeout, wherever it is sent.
    pub(super) async fn serve(self: Arc<Self>, mut trip: Trip) {
        let timeout = self.settings.command_timeout;
        let (mut invited, mut trouble) = (None, RedisError::NotSent(timeout));
        while trip.goes_on(timeout / SPARE * (SPARE - 1), &trouble) {
            let (line, approach) = match invited.take() {
                Some(line) => (line, Approach::Asking),
                None => match self.line_of(&trip).await {
                    Ok(line) => (line, Approach::Name),
                    Err(error) => {
                        trouble = error;
                        continue;
                    }
                },
            };
            let patience = Some(Instant::now() + PATIENCE);
            let course = Course { begun: trip.begun, patience, approach };
            match line.carry(course, |timeout| trip.request(timeout)).await {
                None => return,
                Some(Err(Setback::Detour(detour))) => {
                    trouble = detour.reason;
                    invited = self.turn(&trip, &line, detour.heading).await;
                }
                Some(answer) => return trip.finish(answer.map_err(Setback::error)),
            }
        }
    }

    /// How long a call may take.
    pub(super) fn command_timeout(&self) -> Duration {
        self.settings.command_timeout
    }

    /// When a trip must be over.
    fn end_of(&self, trip: &Trip) -> Instant {
        trip.begun + self.settings.command_timeout
    }

    /// Whether an attempt could hardly be answered in time any more. It would leave the outcome open, or not be sent at all.
    fn is_late(&self, until: Instant) -> bool {
        Instant::now() + self.settings.command_timeout / SPARE >= until
    }

    /// Whether what is sent to `key` behind a trip of `script` goes to the same server, which takes it in turn.
    pub(super) fn is_straight_for(&self, key: &Bytes, script: &Script) -> bool {
        let state = self.lock();
        let owner = state.slots.owner(redis_keyslot(key));
        let lines = owner.and_then(|owner| state.lines.get(owner));
        let line = lines.and_then(|lines| line_for(lines, key));
        line.is_some_and(|line| line.is_straight_for(script))
    }

    /// Learns from what `line` answered. Where another server invites the call for this once, this is the line to it.
    async fn turn(&self, trip: &Trip, line: &Line, heading: Heading) -> Option<Arc<Line>> {
        let until = self.end_of(trip);
        let absolute = |server: Server| match &*server.host {
            "" | "?" => {
                let host = line.address().map(|server| server.host).unwrap_or_default();
                Server::new(host, server.port)
            }
            _ => server,
        };
        match heading {
            Heading::Ask(server) => return self.line_to(&absolute(server), &trip.key),
            Heading::Moved(server) => {
                // What is told may be older than what this server knows.
                let _ = self.refresh(FRESH, until).await;
                self.lock().slots.give(slot(trip), &absolute(server));
            }
            Heading::Later => sleep(REST).await,
            Heading::Down => {
                // Each attempt ends a connection that others use.
                sleep(PATIENCE).await;
                let _ = self.refresh(FRESH, until).await;
            }
            Heading::Anywhere => {
                let _ = self.refresh(PATIENCE, until).await;
            }
        }
        None
    }

    /// The line to the server that has the slot of `trip`.
    async fn line_of(&self, trip: &Trip) -> Result<Arc<Line>, RedisError> {
        let until = self.end_of(trip);
        loop {
            let owner = self.lock().slots.owner(slot(trip)).cloned();
            if let Some(line) = owner.and_then(|owner| self.line_to(&owner, &trip.key)) {
                return Ok(line);
            }
            let told = self.refresh(PATIENCE, until).await;
            if self.is_late(until) {
                let nobody = || RedisError::Cluster("no server has the bucket's slot".to_owned());
                return Err(told.err().unwrap_or_else(nobody));
            }
            sleep(REST).await;
        }
    }

    /// A line to each server that has slots.
    pub(super) async fn masters(&self, until: Instant) -> Result<Vec<Arc<Line>>, RedisError> {
        self.refresh(Duration::ZERO, until).await?;
        let masters: Vec<Server> = self.lock().slots.masters().to_vec();
        Ok(masters.iter().filter_map(|master| self.line_to(master, b"")).collect())
    }

    fn line_to(&self, server: &Server, key: &[u8]) -> Option<Arc<Line>> {
        let mut state = self.lock();
        let lines = state.lines.entry(server.clone()).or_insert_with(|| {
            let settings = Arc::new(self.settings.of_node(server));
            (0..settings.connections.max(1))
                .map(|_| Arc::new(Line::lazy(Arc::clone(&settings))))
                .collect()
        });
        line_for(lines, key).map(Arc::clone)
    }

    /// Connects to one of the servers that are known from the start, and asks it for the others.
    async fn connect(&self) -> Result<(), RedisError> {
        let mut error = RedisError::Settings("a cluster needs a server's address".to_owned());
        for server in self.settings.servers() {
            match Line::connect(Arc::new(self.settings.of_node(&server))).await {
                Ok(line) => {
                    drop(self.line_to(&server, b""));
                    if let Some(lines) = self.lock().lines.get_mut(&server) {
                        lines.pop();
                        lines.insert(0, Arc::new(line));
                    }
                    return self.refresh_until_told().await;
                }
                Err(other) => error = other,
            }
        }
        Err(error)
    }

    async fn refresh_until_told(&self) -> Result<(), RedisError> {
        let until = Instant::now() + self.settings.connection_timeout;
        loop {
            match self.refresh(Duration::ZERO, until).await {
                // It is only being put together.
                Err(RedisError::Cluster(_)) if Instant::now() + PATIENCE < until => {
                    sleep(PATIENCE).await;
                }
                told => return told,
            }
        }
    }

    /// Asks who has which slot, unless somebody was told that within `fresh`.
    async fn refresh(&self, fresh: Duration, until: Instant) -> Result<(), RedisError> {
        let asking = async {
            let mut asked = self.asked.lock().await;
            if asked.0.is_some_and(|when| when.elapsed() < fresh) {
                return Ok(());
            }
            // Begins with another server each time: one that is cut off from the others tells of what was.
            asked.1 = asked.1.wrapping_add(1);
            let told = self.ask_around(asked.1).await;
            asked.0 = Some(Instant::now());
            told
        };
        let left = until.saturating_duration_since(Instant::now());
        timeout(left, asking).await.unwrap_or_else(|_| {
            Err(RedisError::Unreachable("no server told in time who has which slot".to_owned()))
        })
    }

    async fn ask_around(&self, turn: usize) -> Result<(), RedisError> {
        let mut servers = self.servers();
        let first = turn % servers.len().max(1);
        servers.rotate_left(first);
        let mut error = RedisError::Unreachable("no server of the cluster is known".to_owned());
        for server in servers {
            let Some(line) = self.line_to(&server, b"") else { continue };
            match line.slots(TELLING).await {
                Ok(answer) => match Slots::of(&answer, &server) {
                    Some(slots) => {
                        self.take_over(slots);
                        return Ok(());
                    }
                    None => error = RedisError::Cluster("no server has any slot".to_owned()),
                },
                Err(other) => error = other,
            }
        }
        Err(error)
    }

    /// Every server that may tell, without those named twice.
    fn servers(&self) -> Vec<Server> {
        let state = self.lock();
        let mut servers: Vec<Server> = Vec::new();
        for server in state.slots.servers().chain(&self.settings.servers()) {
            if !servers.contains(server) {
                servers.push(server.clone());
            }
        }
        servers
    }

    /// Goes by `slots` from here on. Lines to servers without any slot end with the calls that they have.
    fn take_over(&self, slots: Slots) {
        let mut state = self.lock();
        state.lines.retain(|server, _| slots.masters().contains(server));
        state.slots = slots;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn slot(trip: &Trip) -> u16 {
    redis_keyslot(&trip.key)
}

/// Calls for one bucket take one of the lines to its server.
fn line_for<'a>(lines: &'a [Arc<Line>], key: &[u8]) -> Option<&'a Arc<Line>> {
    lines.get(way::index(key, lines.len()))
}
