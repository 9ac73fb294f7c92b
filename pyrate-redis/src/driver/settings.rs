//! How connections are made.

use std::time::Duration;

use fred::clients::Client;
use fred::interfaces::ClientLike;
use fred::types::config::{Config, ConnectionConfig, ReconnectPolicy, Server, ServerConfig};

use crate::error::RedisError;

/// Longer than anybody waits.
const LONGEST: Duration = Duration::from_hours(24 * 365);

/// Where the server is, and how long everything may take.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    config: Config,
    connection: ConnectionConfig,
    pub(crate) command_timeout: Duration,
    pub(crate) connection_timeout: Duration,
    /// How long to wait before the second attempt to connect, and at most before any later one.
    pub(crate) reconnect_delays: (Duration, Duration),
    pub(crate) connections: usize,
}

impl Settings {
    /// The defaults for the server at `url`.
    pub(crate) fn of_url(url: &str) -> Result<Settings, RedisError> {
        let refuse = |why: String| RedisError::Settings(why);
        // The client takes any scheme, and speaks in the clear where it was built without TLS.
        if !url.starts_with("redis") && !url.starts_with("valkey") {
            return Err(refuse("an address begins with `redis://` or `rediss://`".to_owned()));
        }
        let is_secret = url.starts_with("rediss") || url.starts_with("valkeys");
        if is_secret && !cfg!(feature = "tls") {
            return Err(refuse("this address needs the feature `tls`".to_owned()));
        }
        Ok(Settings {
            config: Config::from_url(url).map_err(|error| refuse(error.to_string()))?,
            connection: ConnectionConfig::default(),
            command_timeout: Duration::from_secs(1),
            connection_timeout: Duration::from_secs(5),
            reconnect_delays: (Duration::from_millis(5), Duration::from_millis(200)),
            connections: 1,
        })
    }

    /// Those of a client, whose own connections are left alone.
    pub(crate) fn of_client(client: &Client) -> Result<Settings, RedisError> {
        let connection = client.connection_config().clone();
        let defaults = Settings::of_url("redis://localhost")?;
        // The client's word for no timeout at all is zero.
        let or = |timeout: Duration, default| if timeout.is_zero() { default } else { timeout };
        let command_timeout = client.perf_config().default_command_timeout;
        Ok(Settings {
            config: client.client_config(),
            command_timeout: or(command_timeout, defaults.command_timeout),
            connection_timeout: or(connection.connection_timeout, defaults.connection_timeout),
            connection,
            ..defaults
        })
    }

    /// With timeouts that end: no instant lies as far ahead as a duration reaches.
    pub(crate) fn bounded(self) -> Settings {
        Settings {
            command_timeout: self.command_timeout.min(LONGEST),
            connection_timeout: self.connection_timeout.min(LONGEST),
            ..self
        }
    }

    /// Whether buckets are spread over several servers.
    pub(super) fn is_cluster(&self) -> bool {
        self.config.server.is_clustered()
    }

    /// Whether others tell which server is the master.
    pub(super) fn has_sentinels(&self) -> bool {
        self.config.server.is_sentinel()
    }

    /// The servers that are known from the start.
    pub(super) fn servers(&self) -> Vec<Server> {
        self.config.server.hosts()
    }

    /// The same for one server of a cluster alone.
    pub(super) fn of_node(&self, server: &Server) -> Settings {
        let server = ServerConfig::Centralized { server: server.clone() };
        Settings { config: Config { server, ..self.config.clone() }, ..self.clone() }
    }

    /// A client that is not connected yet. If it `gives_up`, the first attempt to connect is the last one.
    ///
    /// A call is written to a connection once and never again: its first attempt may have been executed.
    pub(super) fn client(&self, gives_up: bool) -> Client {
        let config = Config { fail_fast: gives_up, ..self.config.clone() };
        let connection = ConnectionConfig {
            max_command_attempts: 1,
            // Calls wait for each other and for their timeout, and are not turned away.
            max_command_buffer_len: 0,
            // It would tell one call's refusal to all others on the connection, which may have been executed.
            reconnect_on_auth_error: false,
            connection_timeout: self.connection_timeout,
            internal_command_timeout: self.connection_timeout,
            ..self.connection.clone()
        };
        Client::new(config, None, Some(connection), Some(self.reconnect_policy()))
    }

    fn reconnect_policy(&self) -> ReconnectPolicy {
        let (first, longest) = self.reconnect_delays;
        // No call should have to wait for long once the server is back.
        let longest = millis(longest.min(self.command_timeout / 4)).max(1);
        let mut policy =
            ReconnectPolicy::new_exponential(0, millis(first).clamp(1, longest), longest, 2);
        policy.set_jitter(millis(first));
        policy
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_written_once() {
        let settings = Settings::of_url("redis://localhost").unwrap();
        assert_eq!(settings.client(true).connection_config().max_command_attempts, 1);
        let theirs = Settings::of_client(&Client::default()).unwrap();
        assert_eq!(theirs.client(false).connection_config().max_command_attempts, 1);
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        for url in ["", "localhost", "http://localhost", "redis://"] {
            assert!(matches!(Settings::of_url(url), Err(RedisError::Settings(_))), "{url}");
        }
    }
}
