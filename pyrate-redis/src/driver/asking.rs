//! What is written to a server, and how.

use std::time::{Duration, Instant};

use fred::clients::Client;
use fred::interfaces::ClientLike;
use fred::types::config::Options;
use fred::types::{ClusterHash, CustomCommand, Value};

use super::failure::{Failure, no_connection};
use crate::error::RedisError;
use crate::script::Message;

/// How a server is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Approach {
    Plain,
    /// As one that is getting the slot: it was said to be asked this once.
    Asking,
}

/// Sends the name of the script, or its text where the server doesn't know that name.
pub(super) async fn ask(
    client: &Client,
    message: &Message,
    until: Instant,
    approach: Approach,
) -> Result<Value, Failure> {
    let script = message.script;
    if let Approach::Asking = approach {
        // Whoever is getting a slot may not know the script, and this comes about rarely.
        return Box::pin(send_asking(client, &script.text, message, until)).await;
    }
    match send(client, "EVALSHA", words(&script.sha, message), until).await {
        // Apart, since the client's futures are large, and each call would carry the room for this one.
        Err(Failure::NoScript) => {
            Box::pin(send(client, "EVAL", words(&script.text, message), until)).await
        }
        answer => answer,
    }
}

/// Asks which server of a cluster has which slot.
pub(super) async fn ask_for_slots(client: &Client, limit: Duration) -> Result<Value, Failure> {
    let words = vec![Value::from_static_str("SLOTS")];
    send(client, "CLUSTER", words, Instant::now() + limit).await
}

/// Has the server say something, whatever it is: the client takes a connection that is closed at once for a good one, and a
/// balancer with nothing behind it does that.
pub(super) async fn hear_once(client: &Client, patience: Duration) -> Result<(), RedisError> {
    let options = Options { timeout: Some(patience), ..Options::default() };
    let ping = CustomCommand::new_static("PING", ClusterHash::Random, false);
    let answer = client.with_options(&options).custom::<Value, Value>(ping, Vec::new()).await;
    match answer.map_err(|error| no_connection(&error)) {
        Err(RedisError::Unreachable(why)) => Err(RedisError::Unreachable(why)),
        _ => Ok(()),
    }
}

/// Sends a command once, and waits for its answer until `until`. What has timed out is never written afterwards.
///
/// By `custom`, since no other way to run a script takes the options of a call.
pub(super) async fn send(
    client: &Client,
    command: &'static str,
    words: Vec<Value>,
    until: Instant,
) -> Result<Value, Failure> {
    let options = in_time(until)?;
    let command = CustomCommand::new_static(command, ClusterHash::Random, false);
    let answer = client.with_options(&options).custom(command, words).await;
    answer.map_err(|error| Failure::of(&error))
}

/// The same for a server that is getting the bucket's slot: it is told so right before, on the same connection.
async fn send_asking(
    client: &Client,
    text: &'static str,
    message: &Message,
    until: Instant,
) -> Result<Value, Failure> {
    let options = in_time(until)?;
    let pipeline = client.pipeline();
    let both = pipeline.with_options(&options);
    let command = |name| CustomCommand::new_static(name, ClusterHash::Random, false);
    let told = both.custom::<(), Value>(command("ASKING"), Vec::new()).await;
    let asked = both.custom::<(), Value>(command("EVAL"), words(text, message)).await;
    told.and(asked).map_err(|error| Failure::of(&error))?;
    pipeline.last().await.map_err(|error| Failure::of(&error))
}

fn in_time(until: Instant) -> Result<Options, Failure> {
    let timeout = until.saturating_duration_since(Instant::now());
    if timeout.is_zero() {
        return Err(Failure::TimedOut);
    }
    Ok(Options { timeout: Some(timeout), ..Options::default() })
}

/// What follows the name of the command.
fn words(script: &'static str, message: &Message) -> Vec<Value> {
    let Message { keys, arguments, .. } = message;
    let mut words = Vec::with_capacity(2 + keys.len() + arguments.len());
    let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
    words.extend([Value::from_static_str(script), count.into()]);
    words.extend(keys.iter().chain(arguments).cloned().map(Value::from));
    words
}
