//! What is measured against, by the client and the thread hop that a store has: PING, an empty script, a sorted set.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pyrate_redis::fred::clients::Client;
use pyrate_redis::fred::interfaces::ClientLike;
use pyrate_redis::fred::types::config::{Config, Options};
use pyrate_redis::fred::types::{ClusterHash, CustomCommand, Value};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use xtask::paired::Skill;

use crate::callers::together;

pub(crate) const PING: xtask::paired::Peer<'_> =
    xtask::paired::Peer::new("PING, same client and hop");
/// What a store whose client ran in its caller's runtime could come to.
pub(crate) const PING_WITHOUT_HOP: xtask::paired::Peer<'_> =
    xtask::paired::Peer::new("PING, no hop");
pub(crate) const SORTED_SET: xtask::paired::Peer<'_> =
    xtask::paired::Peer::new("sorted set").cannot(&[Skill::Weights, Skill::WaitingInLine]);

/// A bucket as it is often written: a member a unit, counted once a rate; the caller's clock.
const SCRIPT: &str = "
local now, weight = tonumber(ARGV[1]), tonumber(ARGV[3])
for at = 4, #ARGV, 2 do
  if redis.call('ZCOUNT', KEYS[1], now - ARGV[at], now) + weight > tonumber(ARGV[at + 1]) then
    return (at - 2) / 2
  end
end
for unit = 1, weight do
  redis.call('ZADD', KEYS[1], now, ARGV[2] .. unit)
end
return 0";

type Words = (&'static str, Vec<Value>);

/// A client on a thread of its own, which callers reach by a channel and hear from by another, as they do a store's.
#[derive(Clone)]
pub(crate) struct Peer {
    jobs: mpsc::UnboundedSender<(Words, oneshot::Sender<Value>)>,
    empty: Value,
    sorted: Value,
}

impl Peer {
    pub(crate) fn connect(url: &str) -> Peer {
        let (jobs, mut queue) = mpsc::unbounded_channel::<(Words, oneshot::Sender<Value>)>();
        let client = client(url);
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                client.init().await.unwrap();
                while let Some((words, reply)) = queue.recv().await {
                    let client = client.clone();
                    tokio::spawn(async move { reply.send(send(&client, words).await).unwrap() });
                }
            });
        });
        let mut peer = Peer { jobs, empty: Value::Null, sorted: Value::Null };
        peer.empty = pollster::block_on(peer.load("return 1"));
        peer.sorted = pollster::block_on(peer.load(SCRIPT));
        peer
    }

    pub(crate) async fn ping(&self) {
        assert!(self.call("PING", Vec::new()).await.is_string());
    }

    pub(crate) async fn empty_script(&self) {
        let words = vec![self.empty.clone(), Value::from(1), Value::from_static_str("{key}")];
        assert_eq!(self.call("EVALSHA", words).await, Value::from(1));
    }

    /// Asks a sorted set for `weight` units; answers whether it granted them.
    pub(crate) async fn sorted_set(&self, key: &str, weight: u64, rates: &[(i64, i64)]) -> bool {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        let unit = format!("{key}:{}:", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut words = vec![self.sorted.clone(), Value::from(1), Value::from(key)];
        words.extend([i64::try_from(now).unwrap().into(), unit.into()]);
        words.push(i64::try_from(weight).unwrap().into());
        words.extend(
            rates.iter().flat_map(|(interval, limit)| [*interval, *limit]).map(Value::from),
        );
        self.call("EVALSHA", words).await == Value::from(0)
    }

    pub(crate) async fn call(&self, command: &'static str, words: Vec<Value>) -> Value {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(((command, words), reply)).unwrap();
        answer.await.unwrap()
    }

    async fn load(&self, script: &'static str) -> Value {
        let words = vec![Value::from_static_str("LOAD"), Value::from_static_str(script)];
        self.call("SCRIPT", words).await
    }
}

/// A client without the hop: it runs in its caller's runtime, which has one thread.
pub(crate) struct Direct {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl Direct {
    pub(crate) fn connect(url: &str) -> Direct {
        let client = client(url);
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(client.init()).unwrap();
        Direct { client, runtime }
    }

    /// One PING, from its sending to its answer.
    pub(crate) fn ping(&self) {
        self.runtime.block_on(ping(&self.client));
    }

    /// The time of `iterations` PINGs, made by so many tasks together.
    pub(crate) fn ping_from_tasks(&self, tasks: u64, iterations: u64) -> Duration {
        together(&self.runtime, tasks, iterations, |_, times| {
            let client = self.client.clone();
            async move {
                for _ in 0..times {
                    ping(&client).await;
                }
            }
        })
    }
}

async fn ping(client: &Client) {
    assert!(send(client, ("PING", Vec::new())).await.is_string());
}

fn client(url: &str) -> Client {
    Client::new(Config::from_url(url).unwrap(), None, None, None)
}

/// With a timeout for each call, as a store has.
async fn send(client: &Client, (command, words): Words) -> Value {
    static OPTIONS: LazyLock<Options> =
        LazyLock::new(|| Options { timeout: Some(Duration::from_secs(1)), ..Options::default() });
    let command = CustomCommand::new_static(command, ClusterHash::Random, false);
    client.with_options(&OPTIONS).custom(command, words).await.unwrap()
}
