//! What a store may do on the servers of a cluster.

use std::time::Duration;

use pyrate_redis::{AbstractBucket, Rate, RateItem, RedisStore};

use crate::desk::put;
use crate::support::RIGHTS;
use crate::support::cluster::Cluster;

/// What is needed there as well, and for a check.
const IN_A_CLUSTER: &str = "+cluster|slots +asking +info +config|get";

#[test]
fn the_rights_that_are_asked_for_are_enough_in_a_cluster() {
    let cluster = Cluster::start();
    for server in cluster.servers() {
        let user = format!("ACL SETUSER limited on >word ~pyrate:* {RIGHTS} {IN_A_CLUSTER}");
        assert_eq!(server.ask(&user), "OK");
    }
    let url = cluster.url().replace("://", "://limited:word@");
    let store = RedisStore::connect(url).unwrap();
    for key in ["a", "b", "c", "d"] {
        let bucket = store.bucket(key, Rate::per_hour(2));
        assert!(put(&bucket, 2).unwrap().is_granted());
        // Further keys, for who waits and for names.
        assert!(bucket.reserve(&RateItem::new("other", 2), Duration::MAX).unwrap().is_granted());
        assert_eq!(bucket.count().unwrap(), 4);
    }
    assert_eq!(store.check_blocking().unwrap().servers.len(), 3);
}
