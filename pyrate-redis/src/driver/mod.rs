//! The driver: a thread of the store's own, which speaks to the server for everybody.
//!
//! So a call needs no runtime of its caller's, and is not lost with one.

mod asking;
mod cluster;
mod convoy;
mod detour;
mod failure;
mod job;
mod line;
mod replies;
mod settings;
mod slots;
mod survey;
mod traffic;
mod trip;
mod way;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use job::Job;
pub(crate) use settings::Settings;
use survey::Tour;
pub(crate) use survey::{Seen, Survey};
use traffic::Traffic;
use way::Way;

use crate::error::RedisError;
use crate::script::{Answer, Request};

/// How many calls are taken from the queue at a time.
const AT_ONCE: usize = 256;

/// A way to the driver's thread, which ends once the last clone is dropped and every call is over.
#[derive(Clone, Debug)]
pub(crate) struct Driver {
    /// Shared once more: a channel counts its senders, which costs each clone twice.
    orders: Arc<mpsc::UnboundedSender<Order>>,
}

/// What the driver is asked for.
#[derive(Debug)]
enum Order {
    Call(Job),
    Tour(Tour),
}

/// How the driver gets its connections.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Opening {
    /// All are there, or the store isn't opened.
    AtOnce,
    /// Each call waits for one.
    Lazy,
}

/// Tells how opening ended.
pub(crate) type Opened = oneshot::Receiver<Result<(), RedisError>>;

impl Driver {
    /// Starts the thread; how connecting ended comes later.
    pub(crate) fn start(
        settings: Settings,
        opening: Opening,
    ) -> Result<(Driver, Opened), RedisError> {
        let (orders, queue) = mpsc::unbounded_channel();
        let (tell, opened) = oneshot::channel();
        let stopped = |error: std::io::Error| RedisError::Stopped(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(stopped)?;
        let drive = move || runtime.block_on(drive(settings, opening, tell, queue));
        thread::Builder::new().name("pyrate-redis".to_owned()).spawn(drive).map_err(stopped)?;
        Ok((Driver { orders: Arc::new(orders) }, opened))
    }

    /// Makes a call. If nobody waits for its answer any more, a reservation that it made is given back.
    pub(crate) async fn call(&self, request: Request) -> Result<Answer, RedisError> {
        let (job, answer) = Job::new(request, self.clone());
        self.orders.send(Order::Call(job)).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())??.taken().ok_or_else(ended)
    }

    /// Makes a call, for nobody who would wait for it, that gives back a place which is due after `delay`.
    pub(crate) fn give_back(&self, request: Request, delay: Duration) {
        // If the thread is gone, so is the way to the server.
        let _ = self.orders.send(Order::Call(Job::errand(request, delay, self.clone())));
    }

    /// Has the servers tell of themselves.
    pub(crate) async fn survey(&self) -> Result<Vec<Survey>, RedisError> {
        let (tour, surveyed) = Tour::new(self.clone());
        self.orders.send(Order::Tour(tour)).map_err(|_| ended())?;
        surveyed.await.map_err(|_| ended())?
    }
}

async fn drive(
    settings: Settings,
    opening: Opening,
    opened: oneshot::Sender<Result<(), RedisError>>,
    mut queue: mpsc::UnboundedReceiver<Order>,
) {
    let ways = match Way::open(settings, opening).await {
        Ok(ways) => ways,
        Err(error) => return drop(opened.send(Err(error))),
    };
    let _ = opened.send(Ok(()));
    let ways: Vec<_> = ways.into_iter().map(|way| Arc::new(Traffic::new(way))).collect();
    let mut orders = Vec::new();
    // Each order holds a sender until it is over: the queue doesn't end before that.
    while queue.recv_many(&mut orders, AT_ONCE).await > 0 {
        let mut jobs = Vec::new();
        for order in orders.drain(..) {
            match order {
                Order::Call(job) => jobs.push(job),
                Order::Tour(tour) => {
                    if let Some(first) = ways.first() {
                        tokio::spawn(tour.make(first.way().clone()));
                    }
                }
            }
        }
        for (way, jobs) in ways.iter().zip(shares(ways.len(), jobs)) {
            way.send(jobs);
        }
    }
}

/// Shares out calls among so many ways. Those for one bucket take one way, on which they keep their order.
fn shares(ways: usize, jobs: Vec<Job>) -> Vec<Vec<Job>> {
    let mut shares: Vec<Vec<Job>> = (0..ways).map(|_| Vec::new()).collect();
    for job in jobs {
        if let Some(share) = shares.get_mut(way::index(job.request.key(), ways)) {
            share.push(job);
        }
    }
    shares
}

fn ended() -> RedisError {
    RedisError::Stopped("it has ended".to_owned())
}
