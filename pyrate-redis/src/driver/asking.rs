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
    /// By the script's name.
    Name,
    /// By its text, since the server doesn't know the name.
    Text,
    /// As one that is getting the slot: it was said to be asked this once.
    Asking,
}

/// Sends a call.
pub(super) async fn ask(
    client: &Client,
    message: &Message,
    until: Instant,
    approach: Approach,
) -> Result<Value, Failure> {
    let script = message.script;
    match approach {
        Approach::Name => send(client, "EVALSHA", words(&script.sha, message), until).await,
        // Apart, since the client's futures are large, and each call would carry the room for these.
        Approach::Text => Box::pin(send(client, "EVAL", words(&script.text, message), until)).await,
        Approach::Asking => Box::pin(send_asking(client, message, until)).await,
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

/// Sends a call to a server that is getting the bucket's slot: it is told so right before, on the same connection. Whoever is
/// getting a slot may not know the script's name.
async fn send_asking(client: &Client, message: &Message, until: Instant) -> Result<Value, Failure> {
    // Both are handed over before either is waited for, so nothing comes between them. Where the connection breaks between them,
    // the call comes alone, and is turned away.
    let told = send(client, "ASKING", Vec::new(), until);
    let asked = send(client, "EVAL", words(&message.script.text, message), until);
    tokio::join!(told, asked).1
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
