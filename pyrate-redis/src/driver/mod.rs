//! The driver: a thread of the store's own, which speaks to the server for everybody.
//!
//! So a call needs no runtime of its caller's, and is not lost with one.

mod asking;
mod cluster;
mod detour;
mod failure;
mod job;
mod line;
mod settings;
mod slots;
mod traffic;
mod trip;
mod way;

use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot};

use job::Job;
pub(crate) use settings::Settings;
use traffic::Traffic;
use way::Ways;

use crate::error::RedisError;
use crate::script::{Answer, Request, Target};

/// A way to the driver's thread, which ends once the last clone is dropped and every call is over.
#[derive(Clone, Debug)]
pub(crate) struct Driver {
    jobs: mpsc::UnboundedSender<Job>,
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
        let (jobs, queue) = mpsc::unbounded_channel();
        let (tell, opened) = oneshot::channel();
        let stopped = |error: std::io::Error| RedisError::Stopped(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(stopped)?;
        let drive = move || runtime.block_on(drive(settings, opening, tell, queue));
        thread::Builder::new().name("pyrate-redis".to_owned()).spawn(drive).map_err(stopped)?;
        Ok((Driver { jobs }, opened))
    }

    /// Makes a call. If nobody waits for its answer any more, the reservations in it are given back, where there is `undo`.
    pub(crate) async fn call(
        &self,
        request: Request,
        undo: Option<Target>,
    ) -> Result<Answer, RedisError> {
        let (job, answer) = Job::new(request, undo, self.clone());
        self.jobs.send(job).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())??.taken().ok_or_else(ended)
    }

    /// Makes a call whose answer nobody waits for.
    pub(crate) fn send(&self, request: Request) {
        // If the thread is gone, so is the way to the server.
        let _ = self.jobs.send(Job::errand(request, self.clone()));
    }
}

async fn drive(
    settings: Settings,
    opening: Opening,
    opened: oneshot::Sender<Result<(), RedisError>>,
    mut queue: mpsc::UnboundedReceiver<Job>,
) {
    let ways = match Ways::open(settings, opening).await {
        Ok(ways) => ways,
        Err(error) => return drop(opened.send(Err(error))),
    };
    let _ = opened.send(Ok(()));
    let traffic = Arc::new(Traffic::default());
    // Each job holds a sender until it is over: the queue doesn't end before that.
    while let Some(job) = queue.recv().await {
        if let Some(way) = ways.of(&job.request.key) {
            traffic.send(way, job);
        }
    }
}

fn ended() -> RedisError {
    RedisError::Stopped("it has ended".to_owned())
}
