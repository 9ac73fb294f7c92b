//! Somebody else's server: it counts requests when they arrive, and answers 429 beyond its limit. It knows nothing of pyrate.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// An exact sliding window: any `interval` holds at most `limit` of the requests that were served.
struct Window {
    limit: usize,
    interval: Duration,
    /// Of the requests served, oldest first.
    arrivals: Mutex<VecDeque<Instant>>,
}

impl Window {
    fn admits_now(&self) -> bool {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while arrivals.front().is_some_and(|arrival| now - *arrival >= self.interval) {
            arrivals.pop_front();
        }
        let has_room = arrivals.len() < self.limit;
        if has_room {
            arrivals.push_back(now);
        }
        has_room
    }
}

/// Starts a server with a window of its own on a free port of this host.
pub(crate) async fn start(limit: usize, interval: Duration) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let window = Arc::new(Window { limit, interval, arrivals: Mutex::default() });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&window)));
        }
    });
    Ok(address)
}

async fn serve(stream: TcpStream, window: Arc<Window>) -> hyper::Result<()> {
    let answer = service_fn(|_request| {
        let is_served = window.admits_now();
        async move {
            let mut response = Response::new(String::new());
            if !is_served {
                *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            }
            Ok::<_, Infallible>(response)
        }
    });
    http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await
}
