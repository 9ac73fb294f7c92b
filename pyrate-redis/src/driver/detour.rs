//! Detours: what a server of a cluster says where it can't execute a call, but another one can, or soon will.

use fred::types::config::Server;

use crate::error::RedisError;

/// A call that was not executed where it was sent, and how it goes on.
#[derive(Debug)]
pub(super) struct Detour {
    pub(super) heading: Heading,
    /// What the call fails with if there is no time left for it.
    pub(super) reason: RedisError,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Setback {
    /// Nothing was executed yet.
    Detour(Detour),
    Final(RedisError),
}

impl Setback {
    /// What the call fails with if it isn't made again.
    pub(super) fn error(self) -> RedisError {
        match self {
            Setback::Detour(detour) => detour.reason,
            Setback::Final(error) => error,
        }
    }
}

/// Where a call goes on. A host that isn't said is the one that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    /// To the server that has the slot.
    Moved(Server),
    /// To the server that is getting the slot, for this once.
    Ask(Server),
    /// To the same server, once its keys have arrived.
    Later,
    /// To whoever has the slot once the cluster is up. The client has ended the connection, and told every call on it the same.
    Down,
    /// To whoever has the slot by then, since the server can't be reached.
    Anywhere,
}

impl Detour {
    /// What a server's words mean, if they send the call elsewhere.
    pub(super) fn of(words: &str) -> Option<Detour> {
        let heading = heading(words)?;
        Some(Detour { heading, reason: RedisError::Cluster(words.to_owned()) })
    }

    /// The server can't be reached.
    pub(super) const fn around(reason: RedisError) -> Detour {
        Detour { heading: Heading::Anywhere, reason }
    }
}

fn heading(words: &str) -> Option<Heading> {
    let mut parts = words.split(' ');
    match parts.next()? {
        "MOVED" => parts.nth(1).and_then(server).map(Heading::Moved),
        "ASK" => parts.nth(1).and_then(server).map(Heading::Ask),
        "CLUSTERDOWN" => Some(Heading::Down),
        "TRYAGAIN" | "PYRATE_MOVING" => Some(Heading::Later),
        // A key of the bucket is not here, or must not be made here. The scripts see to it that nothing was written by then.
        _ if words.contains("access a non local key") => Some(Heading::Later),
        _ => None,
    }
}

/// `host:port`, the host possibly empty or with colons of its own.
fn server(address: &str) -> Option<Server> {
    let (host, port) = address.rsplit_once(':')?;
    Some(Server::new(host, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use pyrate_core::Outcome;

    use super::*;

    fn heading_of(words: &str) -> Option<Heading> {
        Detour::of(words).map(|detour| detour.heading)
    }

    #[test]
    fn a_redirection_says_where_to() {
        let there = Server::new("10.0.0.7", 7001);
        assert_eq!(heading_of("MOVED 3999 10.0.0.7:7001"), Some(Heading::Moved(there.clone())));
        assert_eq!(heading_of("ASK 3999 10.0.0.7:7001"), Some(Heading::Ask(there)));
        assert_eq!(heading_of("ASK 1 ::1:7001"), Some(Heading::Ask(Server::new("::1", 7001))));
        assert_eq!(heading_of("MOVED 1 :7001"), Some(Heading::Moved(Server::new("", 7001))));
    }

    #[test]
    fn what_a_cluster_cannot_do_yet_is_tried_later() {
        for words in [
            "TRYAGAIN Multiple keys request during rehashing of slot",
            "PYRATE_MOVING the bucket is between two servers",
            "ERR Script attempted to access a non local key in a cluster node script: 12ab",
            "ERR Attempted to access a non local key in a cluster node script: on @user_script:559.",
            "ERR Error running script: Lua script attempted to access a non local key in a cluster node",
        ] {
            assert_eq!(heading_of(words), Some(Heading::Later), "{words}");
        }
        assert_eq!(heading_of("CLUSTERDOWN The cluster is down"), Some(Heading::Down));
    }

    #[test]
    fn a_call_that_was_sent_elsewhere_was_not_recorded() {
        let detour = Detour::of("MOVED 3999 10.0.0.7:7001").unwrap();
        assert_eq!(detour.reason.outcome(), Outcome::NotRecorded);
        assert_eq!(heading_of("MOVED"), None);
        assert_eq!(heading_of("WRONGTYPE Operation"), None);
    }
}
