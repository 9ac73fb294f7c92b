//! From what a server tells of itself to what that weakens.

use std::collections::HashMap;

use super::{Aspect, CheckedServer, Weakness};
use crate::driver::{Seen, Survey};

/// Since this version, a script may read the time before it writes.
const OLDEST_MAJOR: u64 = 5;

/// Whose own version stands beside the version of Redis that they are compatible with.
const OTHERS: [&str; 5] = ["valkey", "keydb", "dragonfly", "redict", "garnet"];

/// The fields of `INFO`.
type Fields<'a> = HashMap<&'a str, &'a str>;

pub(super) fn judged(survey: &Survey) -> CheckedServer {
    let (fields, reason) = match &survey.info {
        Ok(text) => (fields(text), "INFO doesn't tell"),
        Err(why) => (Fields::new(), why.as_str()),
    };
    let (product, version) = product(&fields);
    let looks = [
        (Aspect::Version, age(&fields)),
        (Aspect::Eviction, eviction(&fields)),
        (Aspect::Persistence, persistence(&fields, survey)),
        (Aspect::Replication, replication(&fields)),
    ];
    let mut findings = Vec::from_iter(unfamiliarity(&fields, &product));
    for (aspect, look) in looks {
        findings.extend(match look {
            Some(found) => found,
            None => vec![Weakness::Unseen { aspect, reason: reason.to_owned() }],
        });
    }
    CheckedServer { address: survey.address.clone(), product, version, findings }
}

fn fields(info: &str) -> Fields<'_> {
    info.lines().filter_map(|line| line.trim_end().split_once(':')).collect()
}

/// What the server is called, and its own version.
fn product(fields: &Fields<'_>) -> (String, String) {
    let own = |name: &str| fields.get(format!("{name}_version").as_str()).copied();
    let named = fields.get("server_name").copied();
    let found = OTHERS.into_iter().find(|name| own(name).is_some()).or(named);
    let name = found.or_else(|| own("redis").map(|_| "redis")).unwrap_or_default();
    let version = own(name).or_else(|| own("redis")).unwrap_or_default();
    (name.to_ascii_lowercase(), version.to_owned())
}

/// `None`, here and where a list is found, if it can't be seen.
fn age(fields: &Fields<'_>) -> Option<Vec<Weakness>> {
    let version = fields.get("redis_version")?;
    let major: u64 = version.split('.').next()?.parse().ok()?;
    let too_old = Weakness::TooOld { version: (*version).to_owned() };
    Some(if major < OLDEST_MAJOR { vec![too_old] } else { Vec::new() })
}

fn unfamiliarity(fields: &Fields<'_>, product: &str) -> Option<Weakness> {
    let is_tried = fields.is_empty() || matches!(product, "" | "redis" | "valkey");
    (!is_tried).then(|| Weakness::Untried { product: product.to_owned() })
}

fn eviction(fields: &Fields<'_>) -> Option<Vec<Weakness>> {
    let policy = (*fields.get("maxmemory_policy")?).to_owned();
    if policy == "noeviction" {
        return Some(Vec::new());
    }
    let bytes: u64 = fields.get("maxmemory")?.parse().ok()?;
    let max_memory = (bytes > 0).then_some(bytes);
    Some(vec![Weakness::Evicts { policy, max_memory }])
}

fn persistence(fields: &Fields<'_>, survey: &Survey) -> Option<Vec<Weakness>> {
    let is_logged = *fields.get("aof_enabled")? != "0";
    let fails = |field: &str| fields.get(field).is_some_and(|status| *status != "ok");
    let (mut found, status) = if is_logged {
        (synced(&survey.syncs), "aof_last_write_status")
    } else {
        (snapshots(&survey.saves), "rdb_last_bgsave_status")
    };
    if fails(status) {
        found.push(Weakness::WritingFails);
    }
    Some(found)
}

fn synced(setting: &Seen<String>) -> Vec<Weakness> {
    match setting.as_deref() {
        Ok("always") => Vec::new(),
        Ok("everysec") => vec![Weakness::SyncsEverySecond],
        Ok("no") => vec![Weakness::SyncsAtLeisure],
        Ok(other) => vec![unseen_persistence(&format!("appendfsync is {other:?}"))],
        Err(why) => vec![unseen_persistence(why)],
    }
}

fn snapshots(setting: &Seen<String>) -> Vec<Weakness> {
    match setting.as_deref() {
        Ok("") => vec![Weakness::KeepsNothing],
        Ok(schedule) => vec![Weakness::SnapshotsOnly { schedule: Some(schedule.to_owned()) }],
        Err(why) => vec![Weakness::SnapshotsOnly { schedule: None }, unseen_persistence(why)],
    }
}

fn unseen_persistence(why: &str) -> Weakness {
    Weakness::Unseen { aspect: Aspect::Persistence, reason: why.to_owned() }
}

fn replication(fields: &Fields<'_>) -> Option<Vec<Weakness>> {
    if *fields.get("role")? != "master" {
        return Some(vec![Weakness::IsReplica]);
    }
    let replicas = fields.get("connected_slaves")?.parse().ok()?;
    let replicated = Weakness::Replicated { replicas };
    Some(if replicas > 0 { vec![replicated] } else { Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server to which nothing can be objected, with some fields of `INFO` in place of its own.
    fn server(instead: &str) -> Survey {
        let own = "# Server\r\nredis_version:7.0.15\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n\
                   aof_enabled:1\r\naof_last_write_status:ok\r\nrole:master\r\nconnected_slaves:0\r\n";
        Survey {
            address: "a:1".to_owned(),
            info: Ok(format!("{own}{instead}\r\n")),
            syncs: Ok("always".to_owned()),
            saves: Ok(String::new()),
        }
    }

    fn found(survey: &Survey) -> Vec<Weakness> {
        judged(survey).findings
    }

    #[test]
    fn nothing_is_found_where_nothing_is_wrong() {
        let good = judged(&server(""));
        assert_eq!(good.findings, []);
        assert_eq!(good.to_string(), "a:1, redis 7.0.15: nothing weakens the promises");
    }

    #[test]
    fn products_are_told_apart_and_age_is_that_of_the_redis_they_stand_for() {
        let valkey =
            judged(&server("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1"));
        assert_eq!((&*valkey.product, &*valkey.version), ("valkey", "8.1.1"));
        assert_eq!(valkey.findings, []);
        let other = judged(&server("redis_version:6.2.11\r\ndragonfly_version:df-v1.2.0"));
        assert_eq!((&*other.product, &*other.version), ("dragonfly", "df-v1.2.0"));
        assert_eq!(other.findings, [Weakness::Untried { product: "dragonfly".to_owned() }]);
        let old = Weakness::TooOld { version: "4.0.14".to_owned() };
        assert_eq!(found(&server("redis_version:4.0.14")), [old]);
        assert_eq!(found(&server("redis_version:5.0.0")), []);
    }

    #[test]
    fn a_disk_that_fails_is_told_of() {
        assert_eq!(found(&server("aof_last_write_status:err")), [Weakness::WritingFails]);
        let snapshots = Survey {
            saves: Ok("60 1".to_owned()),
            ..server("aof_enabled:0\r\nrdb_last_bgsave_status:err")
        };
        let schedule = Some("60 1".to_owned());
        assert_eq!(
            found(&snapshots),
            [Weakness::SnapshotsOnly { schedule }, Weakness::WritingFails]
        );
    }

    #[test]
    fn what_can_not_be_seen_is_neither_right_nor_an_error() {
        let unseen = |aspect| Weakness::Unseen { aspect, reason: "NOPERM".to_owned() };
        let hidden = || Err("NOPERM".to_owned());
        let all = Survey { info: hidden(), syncs: hidden(), saves: hidden(), ..server("") };
        let aspects = [Aspect::Version, Aspect::Eviction, Aspect::Persistence, Aspect::Replication];
        assert_eq!(found(&all), aspects.map(unseen));
        assert_eq!(found(&Survey { syncs: hidden(), ..server("") }), [unseen(Aspect::Persistence)]);
        let at_most = Weakness::SnapshotsOnly { schedule: None };
        let no_log = Survey { saves: hidden(), ..server("aof_enabled:0") };
        assert_eq!(found(&no_log), [at_most, unseen(Aspect::Persistence)]);
        let strange = Survey { info: Ok("<html>: no".to_owned()), ..server("") };
        assert_eq!(found(&strange).len(), 4);
    }
}
