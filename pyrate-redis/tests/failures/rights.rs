//! What a store may do on its server, and in which of its databases.

use std::thread;
use std::time::Duration;

use pyrate_redis::{
    AbstractBucket, Decision, Outcome, Rate, RateItem, RedisError, RedisStore, Weakness,
};

use crate::desk::{ms, put, source};
use crate::support::server::Server;
use crate::support::{RIGHTS, shared};

#[test]
fn a_database_that_is_not_there_is_a_wrong_setting() {
    let error = RedisStore::connect(format!("{}/99", shared().url())).unwrap_err();
    assert!(matches!(error, RedisError::Settings(_)), "{error}");
}

#[test]
fn a_bucket_stands_in_the_database_of_the_address_after_a_reconnection_too() {
    let server = Server::start();
    let store = RedisStore::connect(format!("{}/7", server.url())).unwrap();
    let bucket = store.bucket("a", Rate::per_hour(2));
    for _ in 0..2 {
        assert!(put(&bucket, 1).unwrap().is_granted());
        server.ask("CLIENT KILL TYPE normal");
        thread::sleep(ms(50));
    }
    assert!(put(&bucket, 1).unwrap().is_denied());
    assert!(!server.ask("INFO keyspace").contains("db0"));
}

/// A store by a user with these rights.
fn by_user(server: &Server, user: &str, rights: &str) -> RedisStore {
    assert_eq!(server.ask(&format!("ACL SETUSER {user} on >word ~pyrate:* {rights}")), "OK");
    let url = server.url().replace("://", &format!("://{user}:word@"));
    RedisStore::connect(url).unwrap()
}

#[test]
fn the_rights_that_are_asked_for_are_enough() {
    let server = Server::start();
    let bucket = by_user(&server, "limited", RIGHTS).bucket("a", Rate::per_hour(2));
    assert!(put(&bucket, 2).unwrap().is_granted());
    for name in ["b", "c"] {
        let reserved = bucket.reserve(&RateItem::new(name, 2), Duration::MAX).unwrap();
        let Decision::Granted(grant) = reserved else { panic!("{reserved:?}") };
        assert!(bucket.cancel(&grant).unwrap());
    }
    assert_eq!((bucket.leak(None).unwrap(), bucket.count().unwrap()), (0, 2));
    assert!(bucket.now().is_ok() && bucket.peek(0).is_ok() && bucket.available().is_ok());
    bucket.flush().unwrap();
}

/// The client doesn't know whom it is connected to where it may not ask for the connection's number: a check once waited for
/// that for ever.
#[test]
fn a_check_by_a_user_who_may_do_next_to_nothing_ends_and_says_what_it_did_not_see() {
    let server = Server::start();
    let checked = by_user(&server, "blind", "+eval").check_blocking().unwrap();
    let [checked] = &*checked.servers else { panic!("{checked:?}") };
    assert_eq!(checked.address, format!("127.0.0.1:{}", server.port()));
    let unseen = |finding: &Weakness| matches!(finding, Weakness::Unseen { .. });
    assert!(checked.findings.iter().any(unseen), "{checked}");
}

#[test]
fn what_a_user_may_not_do_is_told_and_leaves_nothing_recorded() {
    let server = Server::start();
    let all = RedisStore::connect(server.url()).unwrap();
    for denied in ["time", "getrange", "set", "setrange", "rpush", "exists", "pexpire"] {
        let store = by_user(&server, denied, &format!("+@all -{denied}"));
        let bucket = store.bucket(denied, Rate::per_hour(9));
        let by_name = |name| bucket.put(&RateItem::new(name, 1));
        let decisions = ["a", "b", "c"].map(by_name);
        let granted = decisions.iter().filter(|decision| decision.is_ok()).count() as u64;
        assert!(granted < 3, "{denied} is needed");
        for error in decisions.into_iter().filter_map(Result::err) {
            assert!(matches!(source(&error), RedisError::Authentication(_)), "{error}");
            assert_eq!(error.outcome(), Outcome::NotRecorded);
            assert!(!error.is_retryable());
        }
        assert_eq!(all.bucket(denied, Rate::per_hour(9)).count().unwrap(), granted, "{denied}");
    }
}
