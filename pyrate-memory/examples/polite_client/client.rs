//! The client: one connection that sends its requests one after the other, as fast as it can or as a limiter lets it.

use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use pyrate_memory::Limiter;
use tokio::net::TcpStream;

/// What spawned tasks can fail with.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// What became of some requests.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) served: usize,
    /// Answered with 429.
    pub(crate) refused: usize,
    /// The longest time from a grant to the answer; the request arrived before that.
    pub(crate) latest: Duration,
}

impl Tally {
    pub(crate) fn plus(self, other: Tally) -> Tally {
        Tally {
            served: self.served + other.served,
            refused: self.refused + other.refused,
            latest: self.latest.max(other.latest),
        }
    }
}

pub(crate) struct Connection {
    server: SocketAddr,
    requests: SendRequest<String>,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(server).await?;
        let (requests, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Connection { server, requests })
    }

    /// Sends `count` requests as fast as they are answered.
    pub(crate) async fn send_hastily(mut self, count: u32) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        for _ in 0..count {
            tally = tally.plus(self.send().await?);
        }
        Ok(tally)
    }

    /// Sends `count` requests, each when `limiter` grants it.
    pub(crate) async fn send_politely(
        mut self,
        count: u32,
        limiter: Limiter,
    ) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        for _ in 0..count {
            // Before the grant: all that is awaited behind it makes the request arrive later.
            self.requests.ready().await?;
            let asked = Instant::now();
            let grant = limiter.acquire_async("request").await?;
            let sent = self.send().await?;
            let latest = asked.elapsed().saturating_sub(grant.delay);
            tally = tally.plus(Tally { latest, ..sent });
        }
        Ok(tally)
    }

    async fn send(&mut self) -> Result<Tally, Failure> {
        self.requests.ready().await?;
        let request = Request::get("/").header("host", self.server.to_string());
        let response = self.requests.send_request(request.body(String::new())?).await?;
        match response.status() {
            StatusCode::OK => Ok(Tally { served: 1, ..Tally::default() }),
            StatusCode::TOO_MANY_REQUESTS => Ok(Tally { refused: 1, ..Tally::default() }),
            other => Err(format!("the server answered {other}").into()),
        }
    }
}
