//! Many tasks on one bucket, whose calls share round trips: decisions a second, beside as many tasks that PING.

use pyrate_redis::Rate;
use xtask::paired::{Pair, Peer, Report};

use crate::callers::{from_tasks, put};
use crate::crowd::repeated;
use crate::desk::{Desk, PLENTY};
use crate::peer::{Direct, PING, PING_WITHOUT_HOP};

/// How many tasks, and how many decisions for one PING are the target.
const CROWDS: [(u64, f64); 2] = [(64, 1.0), (1_024, 4.0)];

/// Why few callers gain little.
const SMALL_TRIPS: &str = "so few callers fill small trips only, and a trip costs the server and the client more than its decisions do";

pub(crate) fn all() -> Vec<Report> {
    CROWDS.into_iter().flat_map(|(tasks, times)| beside_pings(tasks, times)).collect()
}

fn beside_pings(tasks: u64, times: f64) -> [Report; 2] {
    let desk = Desk::new();
    let bucket = desk.store.bucket("key", Rate::per_hour(PLENTY));
    let direct = Direct::connect(&desk.server.url());
    let pings = repeated(tasks, &desk.peer, |peer| async move { peer.ping().await });
    let ours =
        |iterations| from_tasks(tasks, iterations, |_, times| put(bucket.clone(), 1, times, true));
    let work = format!("redis, {tasks} tasks on one bucket");
    let pair = |peer: Peer<'static>| Pair::new(&work, peer).with_long_rounds();
    [
        pair(PING).target(1.0 / times).run(ours, pings).because(SMALL_TRIPS),
        pair(PING_WITHOUT_HOP).run(ours, |iterations| direct.ping_from_tasks(tasks, iterations)),
    ]
}
