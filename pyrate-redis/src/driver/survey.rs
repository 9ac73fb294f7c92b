//! Surveys: what servers tell of themselves. Asks and keeps their words; what they mean is judged elsewhere.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use fred::clients::Client;
use fred::interfaces::ClientLike;
use fred::types::config::{Options, Server};
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::Driver;
use super::failure::Failure;
use super::line::Line;
use super::way::Way;
use crate::error::RedisError;

/// What was asked for; or what the server said instead.
pub(crate) type Seen<T> = Result<T, String>;

/// What one server tells.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) address: String,
    /// The text of `INFO`.
    pub(crate) info: Seen<String>,
    /// The setting `appendfsync`.
    pub(crate) syncs: Seen<String>,
    /// The setting `save`.
    pub(crate) saves: Seen<String>,
}

/// What comes of asking all servers.
pub(super) type Surveyed = Result<Vec<Survey>, RedisError>;

/// The wish for a survey, and who waits for it.
#[derive(Debug)]
pub(super) struct Tour {
    begun: Instant,
    reply: oneshot::Sender<Surveyed>,
    /// Keeps the driver going until the tour is over.
    _driver: Driver,
}

impl Tour {
    pub(super) fn new(driver: Driver) -> (Tour, oneshot::Receiver<Surveyed>) {
        let (reply, surveyed) = oneshot::channel();
        (Tour { begun: Instant::now(), reply, _driver: driver }, surveyed)
    }

    /// Asks all servers that `way` leads to, within the time of one call.
    pub(super) async fn make(self, way: Way) {
        // If the caller is gone, nobody wants to know.
        let _ = self.reply.send(survey(&way, self.begun).await);
    }
}

async fn survey(way: &Way, begun: Instant) -> Surveyed {
    let until = begun + way.command_timeout();
    let mut surveys = Vec::new();
    for line in way.lines(until).await? {
        surveys.extend(survey_line(&line, until).await?);
    }
    Ok(surveys)
}

async fn survey_line(line: &Line, until: Instant) -> Surveyed {
    loop {
        let client = line.ready(until).await?;
        match survey_all(&client, until).await {
            Err(Failure::NotSent) => sleep(Duration::from_millis(1)).await,
            Err(failure) => return Err(line.conclude(failure, &client)),
            Ok(surveys) => return Ok(surveys),
        }
    }
}

async fn survey_all(client: &Client, until: Instant) -> Result<Vec<Survey>, Failure> {
    let mut surveys = Vec::new();
    for server in client.active_connections() {
        surveys.push(Survey {
            address: server.to_string(),
            info: info(client, &server, until).await?,
            syncs: setting(client, &server, "appendfsync", until).await?,
            saves: setting(client, &server, "save", until).await?,
        });
    }
    Ok(surveys)
}

async fn info(client: &Client, server: &Server, until: Instant) -> Result<Seen<String>, Failure> {
    let answer = ask(client, server, "INFO", &[], until).await?;
    Ok(answer.and_then(|value| value.as_string().ok_or_else(|| "INFO is no text".to_owned())))
}

async fn setting(
    client: &Client,
    server: &Server,
    name: &'static str,
    until: Instant,
) -> Result<Seen<String>, Failure> {
    let answer = ask(client, server, "CONFIG", &["GET", name], until).await?;
    // Some servers leave out what they don't show.
    let unnamed = || format!("CONFIG GET {name} answers without it");
    Ok(answer.and_then(|value| {
        let settings: Option<HashMap<String, String>> = value.convert().ok();
        settings.and_then(|mut settings| settings.remove(name)).ok_or_else(unnamed)
    }))
}

/// Asks one server. That it refuses is an answer too.
async fn ask(
    client: &Client,
    server: &Server,
    command: &'static str,
    words: &[&'static str],
    until: Instant,
) -> Result<Seen<Value>, Failure> {
    let timeout = until.saturating_duration_since(Instant::now());
    if timeout.is_zero() {
        return Err(Failure::TimedOut);
    }
    let cluster_node = client.is_clustered().then(|| server.clone());
    let options = Options { timeout: Some(timeout), cluster_node, ..Options::default() };
    let command = CustomCommand::new_static(command, ClusterHash::Random, false);
    let words: Vec<Value> = words.iter().map(|word| Value::from_static_str(word)).collect();
    match client.with_options(&options).custom(command, words).await {
        Ok(value) => Ok(Ok(value)),
        Err(error) => match Failure::of(&error) {
            Failure::Final(RedisError::Refused(why) | RedisError::Authentication(why)) => {
                Ok(Err(why))
            }
            failure => Err(failure),
        },
    }
}
