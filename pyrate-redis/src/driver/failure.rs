//! What the client's errors mean.

use fred::error::{Error, ErrorKind};

use super::detour::Detour;
use crate::error::RedisError;
use crate::script::VERSION;

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was not sent, since there was no connection any more. It may be sent once there is one.
    NotSent,
    /// The server doesn't have the script, and executed nothing.
    NoScript,
    /// No answer in time.
    TimedOut,
    /// Another server of the cluster is to be asked, or this one again a little later; nothing was executed.
    Detour(Detour),
    /// The server said no, or the answer is lost.
    Final(RedisError),
}

impl Failure {
    pub(super) fn of(error: &Error) -> Failure {
        let details = error.details();
        match error.kind() {
            ErrorKind::Timeout => Failure::TimedOut,
            ErrorKind::Unknown if details == "Failed to route command." => Failure::NotSent,
            _ if details.starts_with("NOSCRIPT") => Failure::NoScript,
            // The error of a connection is told to all calls that were on their way; so are the words that a cluster is down.
            _ => match Detour::of(details) {
                Some(detour) => Failure::Detour(detour),
                None => Failure::Final(refusal(details).unwrap_or_else(|| lost(error))),
            },
        }
    }
}

/// What a connection that can't be had fails with.
pub(super) fn no_connection(error: &Error) -> RedisError {
    let details = error.details();
    match error.kind() {
        ErrorKind::Auth => RedisError::Authentication(details.to_owned()),
        ErrorKind::Config | ErrorKind::Url => RedisError::Settings(error.to_string()),
        // What `SELECT` says: the address names a database that isn't there.
        _ if details.starts_with("ERR DB index") => RedisError::Settings(details.to_owned()),
        _ => match (Detour::of(details), refusal(details)) {
            (Some(detour), _) => detour.reason,
            (None, Some(RedisError::Refused(_)) | None) => {
                RedisError::Unreachable(error.to_string())
            }
            (None, Some(refusal)) => refusal,
        },
    }
}

fn lost(error: &Error) -> RedisError {
    RedisError::ConnectionLost(error.to_string())
}

/// What the server says no with: a code in capitals, then words. The client's own errors begin otherwise.
fn refusal(details: &str) -> Option<RedisError> {
    // A command that fails within a script is quoted behind the script's own words, by some servers.
    if details.contains("WRONGTYPE") {
        return Some(RedisError::WrongType);
    }
    let (code, rest) = details.split_once(' ').unwrap_or((details, ""));
    let is_code =
        code.len() > 2 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    if !is_code {
        return None;
    }
    let details = details.to_owned();
    Some(match code {
        "PYRATE_VERSION" => other_version(rest),
        "PYRATE_FOREIGN" | "PYRATE_CORRUPT" => RedisError::Corrupt(rest.to_owned()),
        "NOAUTH" | "WRONGPASS" | "NOPERM" => RedisError::Authentication(details),
        "READONLY" => RedisError::ReadOnly(details),
        "LOADING" => RedisError::Loading(details),
        "OOM" => RedisError::OutOfMemory(details),
        "CROSSSLOT" => RedisError::Cluster(details),
        // Servers before Redis 7 wrap the error of a command within a script.
        _ if details.contains("OOM command") => RedisError::OutOfMemory(details),
        _ if details.contains("READONLY") => RedisError::ReadOnly(details),
        // So Redis 7.0 says that the user may not call a command by a script.
        _ if details.contains("user executing the script can't") => {
            RedisError::Authentication(details)
        }
        _ if is_of_the_script(&details) => RedisError::Corrupt(details),
        _ => RedisError::Refused(details),
    })
}

/// Whether the script itself stumbled, over a value that is not what it should be. It writes a bucket's string last, so
/// nothing was granted. An administrator who ends a script is told of in other words.
fn is_of_the_script(details: &str) -> bool {
    details.contains("user_script:") && !details.contains("Script killed")
}

fn other_version(text: &str) -> RedisError {
    let number = text.split(' ').next().unwrap_or_default();
    match number.parse() {
        Ok(found) => RedisError::OtherVersion { found, known: VERSION },
        Err(_) => RedisError::Corrupt(format!("format version {text}")),
    }
}

#[cfg(test)]
mod tests {
    use pyrate_core::Outcome;

    use super::*;

    fn server_says(text: &str) -> RedisError {
        match Failure::of(&Error::new(ErrorKind::Unknown, text.to_owned())) {
            Failure::Final(error) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_servers_words_tell_what_is_wrong() {
        let seven =
            "WRONGTYPE Operation against a key holding the wrong kind of value script: 12ab";
        let six = "ERR Error running script (call to f_12ab): @user_script:9: WRONGTYPE Operation";
        assert_eq!(
            [server_says(seven), server_says(six)],
            [RedisError::WrongType, RedisError::WrongType]
        );
        let version = RedisError::OtherVersion { found: 7, known: VERSION };
        assert_eq!(server_says("PYRATE_VERSION 7"), version);
        assert!(matches!(server_says("OOM command not allowed"), RedisError::OutOfMemory(_)));
        assert!(matches!(server_says("READONLY You can't write"), RedisError::ReadOnly(_)));
        assert!(matches!(server_says("LOADING Redis is loading"), RedisError::Loading(_)));
        assert!(matches!(
            server_says("NOAUTH Authentication required."),
            RedisError::Authentication(_)
        ));
        assert!(matches!(server_says("BUSY Redis is busy"), RedisError::Refused(_)));
    }

    /// It was once told as a refusal, after which a retry may help.
    #[test]
    fn a_script_that_stumbles_over_a_value_says_that_it_is_corrupt() {
        let seven =
            "ERR user_script:9: bad argument #2 to 'unpack' script: 12ab, on @user_script:9.";
        let six =
            "ERR Error running script (call to f_12ab): @user_script:9: user_script:9: attempt to";
        for text in [seven, six] {
            assert!(matches!(server_says(text), RedisError::Corrupt(_)), "{text}");
        }
        let killed =
            "ERR Error running script (call to f_12ab): @user_script:9: Script killed by user";
        assert!(matches!(server_says(killed), RedisError::Refused(_)));
    }

    #[test]
    fn what_the_client_says_of_a_broken_connection_leaves_the_outcome_open() {
        for words in ["Connection closed.", "Too many failed write attempts.", "channel closed"] {
            assert_eq!(server_says(words).outcome(), Outcome::Unknown);
        }
    }
}
