//! Surveys: what servers tell of themselves. Asks and keeps their words; what they mean is judged elsewhere.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use fred::clients::Client;
use fred::interfaces::ClientLike;
use fred::types::Value;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::Driver;
use super::asking::send;
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
        surveys.push(survey_line(&line, until).await?);
    }
    Ok(surveys)
}

async fn survey_line(line: &Line, until: Instant) -> Result<Survey, RedisError> {
    loop {
        let client = line.ready(until).await?;
        match survey_server(&client, line, until).await {
            Ok(survey) => return Ok(survey),
            // It has just lost its connection.
            Err(Failure::NotSent) => sleep(Duration::from_millis(1)).await,
            Err(failure) => return Err(line.conclude(failure, &client)),
        }
    }
}

/// What the server tells that `client` is connected to.
async fn survey_server(client: &Client, line: &Line, until: Instant) -> Result<Survey, Failure> {
    // The client only knows whom it has asked for the connection's number, which not every user may do.
    let connected = client.active_connections().into_iter().next();
    Ok(Survey {
        address: connected
            .or_else(|| line.address())
            .map(|server| server.to_string())
            .unwrap_or_default(),
        info: info(client, until).await?,
        syncs: setting(client, "appendfsync", until).await?,
        saves: setting(client, "save", until).await?,
    })
}

async fn info(client: &Client, until: Instant) -> Result<Seen<String>, Failure> {
    let answer = seen(client, "INFO", &[], until).await?;
    Ok(answer.and_then(|value| value.as_string().ok_or_else(|| "INFO is no text".to_owned())))
}

async fn setting(
    client: &Client,
    name: &'static str,
    until: Instant,
) -> Result<Seen<String>, Failure> {
    let answer = seen(client, "CONFIG", &["GET", name], until).await?;
    // Some servers leave out what they don't show.
    let unnamed = || format!("CONFIG GET {name} answers without it");
    Ok(answer.and_then(|value| {
        let settings: Option<HashMap<String, String>> = value.convert().ok();
        settings.and_then(|mut settings| settings.remove(name)).ok_or_else(unnamed)
    }))
}

/// What the server answers. That it refuses is an answer too.
async fn seen(
    client: &Client,
    command: &'static str,
    words: &[&'static str],
    until: Instant,
) -> Result<Seen<Value>, Failure> {
    let words = words.iter().map(|word| Value::from_static_str(word)).collect();
    match send(client, command, words, until).await {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Final(RedisError::Refused(why) | RedisError::Authentication(why))) => {
            Ok(Err(why))
        }
        Err(failure) => Err(failure),
    }
}
