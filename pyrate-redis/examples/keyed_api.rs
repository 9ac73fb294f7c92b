//! An API that allows each of its users 5 requests in 2 seconds, whichever of its hosts they come to. Two hosts serve three
//! users here; who comes too often is told when to come back.

// An example prints: that is its job.
#![allow(clippy::print_stdout)]

mod throwaway;

use std::error::Error;
use std::thread;
use std::time::Duration;

use pyrate_redis::{AcquireError, Limiter, Rate, RedisStore};

const USERS: [&str; 3] = ["ada", "bob", "cy"];

/// What a host answers.
enum Response {
    Ok,
    TooManyRequests {
        retry_after: Duration,
    },
    /// Nothing is known about the limit. Here the host rather serves than not.
    Unlimited(AcquireError),
}

struct Host {
    limiter: Limiter,
}

impl Host {
    /// Each host has a store of its own; the server is what they share.
    fn new(url: &str) -> Result<Host, Box<dyn Error>> {
        let store = RedisStore::builder(url)
            .prefix("example-api:")
            .command_timeout(Duration::from_millis(200))
            .build()?;
        let rate = Rate::new(5, Duration::from_secs(2))?;
        Ok(Host { limiter: Limiter::with_factory(store.keyed(rate)) })
    }

    fn serve(&self, user: &str) -> Response {
        match self.limiter.try_acquire(user) {
            Ok(_) => Response::Ok,
            Err(refusal) if refusal.is_denied() => Response::TooManyRequests {
                retry_after: refusal.retry_after().unwrap_or(Duration::MAX),
            },
            Err(failure) => Response::Unlimited(failure),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let server = throwaway::Server::from_environment_or_start()?;
    let hosts = [Host::new(server.url())?, Host::new(server.url())?];
    for (user, requests) in USERS.into_iter().zip([3, 8, 6]) {
        println!("{user} makes {requests} requests, to both hosts in turn:");
        for (number, host) in (1..=requests).zip(hosts.iter().cycle()) {
            match host.serve(user) {
                Response::Ok => println!("  request {number}: 200"),
                Response::TooManyRequests { retry_after } => {
                    println!("  request {number}: 429, retry after {} ms", retry_after.as_millis());
                }
                Response::Unlimited(failure) => println!("  request {number}: 200, but {failure}"),
            }
        }
    }
    thread::sleep(Duration::from_secs(2));
    println!("two seconds later:");
    for (user, host) in USERS.into_iter().zip(hosts.iter().cycle()) {
        let is_served = matches!(host.serve(user), Response::Ok);
        println!("  {user} is served again: {is_served}");
    }
    Ok(())
}
