//! Weaknesses: what may make a server forget grants, or keep it from deciding.

use std::fmt;

/// What weakens the promises of buckets on a server: what they may lose by it, and what mends it.
///
/// It prints both:
///
/// ```
/// use pyrate_redis::Weakness;
///
/// let told = Weakness::SyncsEverySecond.to_string();
/// assert!(told.contains("a power cut takes") && told.ends_with("`CONFIG SET appendfsync always`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weakness {
    /// Where memory is full, the server drops keys. Those of buckets are among them whatever the policy, also by a
    /// `volatile` one, since they have a lifetime; and a dropped bucket starts empty.
    Evicts {
        /// The `maxmemory-policy`.
        policy: String,
        /// The `maxmemory` in bytes; `None` if there is none, so that nothing is evicted as yet.
        max_memory: Option<u64>,
    },
    /// Nothing is written to disk: a restart forgets all.
    KeepsNothing,
    /// There are snapshots only: a restart that isn't orderly forgets what was granted since the last one.
    SnapshotsOnly {
        /// When they are taken, as `save` says it; `None` if the server doesn't tell whether it takes any.
        schedule: Option<String>,
    },
    /// The log of changes is forced to disk once a second.
    SyncsEverySecond,
    /// The log of changes is forced to disk when the operating system likes to.
    SyncsAtLeisure,
    /// The last attempt to write to disk failed.
    WritingFails,
    /// There are replicas, which hear of grants after their callers do: one that takes over may never have heard of the last.
    Replicated {
        /// How many are connected.
        replicas: u64,
    },
    /// It is a replica itself, and takes no grants.
    IsReplica,
    /// It can't run the scripts, so that calls fail.
    TooOld {
        /// The version of Redis that it says it is, or is compatible with.
        version: String,
    },
    /// Neither Redis nor Valkey: nobody has tried whether it runs scripts as they do.
    Untried {
        /// What it calls itself.
        product: String,
    },
    /// The server doesn't let this be seen, so it may be right or wrong.
    Unseen {
        /// What can't be seen.
        aspect: Aspect,
        /// What the server said.
        reason: String,
    },
}

/// Something about a server that a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Aspect {
    /// Which product it is, and which version.
    Version,
    /// Whether it drops keys.
    Eviction,
    /// What it writes to disk, and when.
    Persistence,
    /// Whether it has replicas, or is one.
    Replication,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Weakness::Evicts { policy, max_memory } => told_of_eviction(f, policy, *max_memory),
            Weakness::SnapshotsOnly { schedule } => told_of_snapshots(f, schedule.as_deref()),
            Weakness::Replicated { replicas } => write!(
                f,
                "replicated ({replicas} connected): one that takes over may have missed the last grants, which are then \
                 granted again; `CONFIG SET min-replicas-to-write 1` and `CONFIG SET min-replicas-max-lag 1` bound it"
            ),
            Weakness::TooOld { version } => {
                write!(f, "version {version} is too old for the scripts: use 5.0 or later")
            }
            Weakness::Untried { product } => {
                write!(
                    f,
                    "{product} is untried: run the conformance suite on it, or use Redis or Valkey"
                )
            }
            Weakness::Unseen { aspect, reason } => {
                write!(
                    f,
                    "{aspect} can't be seen ({reason}): look it up where the server is managed"
                )
            }
            plain => f.write_str(plain.words()),
        }
    }
}

impl Weakness {
    /// What is said of those that carry nothing.
    const fn words(&self) -> &'static str {
        match self {
            Weakness::KeepsNothing => {
                "nothing is written to disk: a restart forgets every grant; `CONFIG SET appendonly yes` and \
                 `CONFIG SET appendfsync always`"
            }
            Weakness::SyncsEverySecond => {
                "the log of changes is synced every second: a power cut takes up to two seconds of grants with it; \
                 `CONFIG SET appendfsync always`"
            }
            Weakness::SyncsAtLeisure => {
                "the log of changes is never synced: a power cut takes half a minute of grants with it, or more; \
                 `CONFIG SET appendfsync always`"
            }
            Weakness::WritingFails => {
                "writing to disk fails: a restart forgets what is not written, and the server may refuse calls; look at its \
                 log and its disk"
            }
            Weakness::IsReplica => {
                "it is a replica and takes no grants: connect to its master, or by sentinel or cluster"
            }
            _ => "",
        }
    }
}

fn told_of_eviction(
    f: &mut fmt::Formatter<'_>,
    policy: &str,
    max_memory: Option<u64>,
) -> fmt::Result {
    match max_memory {
        Some(bytes) => write!(f, "evicts keys by {policy} once it holds {bytes} bytes")?,
        None => write!(f, "would evict keys by {policy}, if maxmemory were set")?,
    }
    f.write_str(
        ": an evicted bucket forgets its grants; `CONFIG SET maxmemory-policy noeviction`, or a server of its own",
    )
}

fn told_of_snapshots(f: &mut fmt::Formatter<'_>, schedule: Option<&str>) -> fmt::Result {
    match schedule {
        Some(schedule) => write!(f, "there are only snapshots (save {schedule})")?,
        None => f.write_str("there are snapshots at most")?,
    }
    f.write_str(
        ": a crash forgets what was granted since the last one; `CONFIG SET appendonly yes` and `CONFIG SET appendfsync always`",
    )
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Aspect::Version => "the version",
            Aspect::Eviction => "the eviction policy",
            Aspect::Persistence => "how it writes to disk",
            Aspect::Replication => "whether it has replicas",
        })
    }
}
