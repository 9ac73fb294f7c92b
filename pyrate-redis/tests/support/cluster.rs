//! A throwaway cluster, put together by hand, so that it needs no program but the server.

use std::thread;
use std::time::{Duration, Instant};

use super::server::{Server, Wire, free_port, program};

/// How many slots every cluster has.
const SLOTS: usize = 16_384;

/// Servers, of which the first ones share all slots. The others, as many again or none, each follow one of them.
pub(crate) struct Cluster {
    servers: Vec<Server>,
    masters: usize,
}

impl Cluster {
    /// Three masters.
    pub(crate) fn start() -> Cluster {
        Cluster::of(&program().unwrap(), 3, 0)
    }

    /// Three masters and a replica of each.
    pub(crate) fn with_replicas() -> Cluster {
        Cluster::of(&program().unwrap(), 3, 3)
    }

    /// Of servers that are another program.
    pub(crate) fn of(program: &str, masters: usize, replicas: usize) -> Cluster {
        let buses: Vec<String> = (0..masters + replicas).map(|_| free_port().to_string()).collect();
        let servers: Vec<Server> = buses.iter().map(|bus| node(program, bus)).collect();
        let cluster = Cluster { servers, masters };
        cluster.share_slots();
        cluster.introduce(&buses);
        cluster.follow();
        cluster.wait_until_up();
        cluster
    }

    pub(crate) fn url(&self) -> String {
        self.servers[0].url().replace("redis://", "redis-cluster://")
    }

    pub(crate) fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The number of the master that was given `slot` at the start.
    pub(crate) fn first_owner(&self, slot: u16) -> usize {
        usize::from(slot) * self.masters / SLOTS
    }

    /// Begins to move a slot.
    pub(crate) fn begin_to_move(&self, slot: u16, from: usize, to: usize) {
        let (source, target) = (&self.servers[from], &self.servers[to]);
        say_ok(target, &format!("CLUSTER SETSLOT {slot} IMPORTING {}", id(source)));
        say_ok(source, &format!("CLUSTER SETSLOT {slot} MIGRATING {}", id(target)));
    }

    /// Moves one key of a slot that is being moved.
    pub(crate) fn move_key(&self, key: &str, from: usize, to: usize) {
        let port = self.servers[to].port().to_string();
        let answer =
            self.servers[from].connect().ask(&["MIGRATE", "127.0.0.1", &port, key, "0", "5000"]);
        assert!(["OK", "NOKEY"].contains(&answer.as_str()), "{key}: {answer}");
    }

    /// The keys of a slot on a server.
    pub(crate) fn keys(&self, slot: u16, on: usize) -> Vec<String> {
        let keys = self.servers[on].ask(&format!("CLUSTER GETKEYSINSLOT {slot} 1000"));
        let mut keys: Vec<String> = keys.split(' ').map(str::to_owned).collect();
        keys.retain(|key| !key.is_empty());
        keys
    }

    /// Moves whatever is left of a slot, and tells everybody who has it now.
    pub(crate) fn finish_to_move(&self, slot: u16, from: usize, to: usize) {
        let owner = id(&self.servers[to]);
        loop {
            let keys = self.keys(slot, from);
            if keys.is_empty() {
                break;
            }
            for key in keys {
                self.move_key(&key, from, to);
            }
        }
        // The new owner first, so that nobody sends calls in a circle.
        say_ok(&self.servers[to], &format!("CLUSTER SETSLOT {slot} NODE {owner}"));
        for server in &self.servers[..self.masters] {
            say_ok(server, &format!("CLUSTER SETSLOT {slot} NODE {owner}"));
        }
    }

    /// Waits until each server that runs finds the cluster whole.
    pub(crate) fn wait_until_up(&self) {
        let size = format!("cluster_known_nodes:{}", self.servers.len());
        wait(|| {
            self.servers.iter().all(|server| {
                let info = server.ask("CLUSTER INFO");
                info.contains("cluster_state:ok") && info.contains(&size)
            })
        });
        wait(|| self.servers[self.masters..].iter().all(is_in_step));
    }

    fn share_slots(&self) {
        for (number, server) in self.servers[..self.masters].iter().enumerate() {
            let first = (number * SLOTS).div_ceil(self.masters);
            let last = ((number + 1) * SLOTS).div_ceil(self.masters) - 1;
            say_ok(server, &format!("CLUSTER ADDSLOTSRANGE {first} {last}"));
            // Two of one epoch would quarrel, though over nothing.
            say_ok(server, &format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1));
        }
    }

    fn introduce(&self, buses: &[String]) {
        for (server, bus) in self.servers.iter().zip(buses).skip(1) {
            let port = server.port();
            say_ok(&self.servers[0], &format!("CLUSTER MEET 127.0.0.1 {port} {bus}"));
        }
    }

    fn follow(&self) {
        for (number, replica) in self.servers[self.masters..].iter().enumerate() {
            let master = id(&self.servers[number % self.masters]);
            let follow = format!("CLUSTER REPLICATE {master}");
            // It must have heard of its master.
            wait(|| replica.ask(&follow) == "OK");
        }
    }
}

fn node(program: &str, bus: &str) -> Server {
    let options = [
        "--cluster-enabled",
        "yes",
        "--cluster-config-file",
        "nodes.conf",
        "--cluster-port",
        bus,
        "--cluster-node-timeout",
        "1000",
        "--cluster-replica-validity-factor",
        "0",
        "--repl-diskless-sync-delay",
        "0",
        "--repl-ping-replica-period",
        "1",
    ];
    Server::of(program.to_owned(), &options)
}

fn id(server: &Server) -> String {
    server.ask("CLUSTER MYID")
}

fn say_ok(server: &Server, command: &str) {
    assert_eq!(server.ask(command), "OK", "{command}");
}

/// Whether a replica has all that its master has.
pub(crate) fn is_in_step(replica: &Server) -> bool {
    replica.ask("INFO replication").contains("master_link_status:up")
}

/// Lets time pass until `holds`; gives up after half a minute, which only a fault takes.
fn wait(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "the cluster doesn't come up");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Bytes of all keys under a prefix, on all servers.
pub(crate) fn stored_under(prefix: &str, servers: &[Server]) -> u64 {
    servers.iter().map(|server| stored_on(prefix, &mut server.connect())).sum()
}

fn stored_on(prefix: &str, wire: &mut Wire) -> u64 {
    let keys = wire.ask(&["KEYS", &format!("{prefix}*")]);
    let sizes = keys.split(' ').filter(|key| !key.is_empty());
    sizes.map(|key| bytes_of(wire, key)).sum()
}

/// Of a string its content, since the server gives it room ahead of need.
fn bytes_of(wire: &mut Wire, key: &str) -> u64 {
    let size = match wire.ask(&["TYPE", key]).as_str() {
        "string" => wire.ask(&["STRLEN", key]),
        _ => wire.ask(&["MEMORY", "USAGE", key]),
    };
    size.parse().unwrap()
}
