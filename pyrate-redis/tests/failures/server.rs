//! The server says no, is away, or comes back.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_redis::fred::clients::Client;
use pyrate_redis::fred::types::config::Config;
use pyrate_redis::{
    AbstractBucket, BucketError, Outcome, Rate, RateItem, Rates, RedisError, RedisStore,
};

use crate::desk::{ms, put, source, under_load, until};
use crate::support::server::{Server, free_port};
use crate::support::{fresh_prefix, shared};

const TIMEOUT: Duration = Duration::from_millis(300);
/// How much longer than its timeout a call may take.
const LATE: Duration = Duration::from_millis(250);

fn store(server: &Server) -> RedisStore {
    RedisStore::builder(server.url()).command_timeout(TIMEOUT).build().unwrap()
}

fn is_unreachable(error: &BucketError) -> bool {
    matches!(source(error), RedisError::Unreachable(_))
}

#[test]
fn a_server_that_is_not_there_is_unreachable() {
    let port = free_port();
    let start = Instant::now();
    let error = RedisStore::connect(format!("redis://127.0.0.1:{port}")).unwrap_err();
    assert!(matches!(error, RedisError::Unreachable(_)), "{error}");
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_unreachable_once_the_time_to_connect_is_over() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let start = Instant::now();
    let error = RedisStore::builder(url).connection_timeout(TIMEOUT).build().unwrap_err();
    assert!(matches!(error, RedisError::Unreachable(_)), "{error}");
    assert!(start.elapsed() < TIMEOUT + LATE, "{:?}", start.elapsed());
}

/// As a balancer does that has nothing behind it.
#[test]
fn a_door_that_is_closed_as_soon_as_it_is_opened_is_no_server() {
    let door = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("redis://{}", door.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in door.incoming().flatten() {
            stream.shutdown(Shutdown::Write).unwrap();
            // Read to the end: what is closed with bytes that nobody has read is reset, which is another failure.
            thread::spawn(move || io::copy(&mut stream, &mut io::sink()));
        }
    });
    let error = RedisStore::connect(&url).unwrap_err();
    assert!(matches!(error, RedisError::Unreachable(_)), "{error}");
    let client = Client::new(Config::from_url(&url).unwrap(), None, None, None);
    let bucket = RedisStore::from_client(&client).unwrap().bucket("a", Rate::per_hour(2));
    let error = put(&bucket, 1).unwrap_err();
    assert!(
        matches!(source(&error), RedisError::Unreachable(_) | RedisError::NotSent(_)),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::NotRecorded);
}

#[test]
fn calls_fail_in_time_while_the_server_is_away_and_the_next_one_works_when_it_is_back() {
    let server = Server::start();
    let bucket = store(&server).bucket("a", Rate::per_hour(2));
    for _ in 0..2 {
        assert!(put(&bucket, 2).unwrap().is_granted());
        server.kill();
        thread::sleep(ms(50));
        for _ in 0..3 {
            let start = Instant::now();
            let error = put(&bucket, 1).unwrap_err();
            assert!(start.elapsed() < TIMEOUT + LATE, "{:?}", start.elapsed());
            assert!(is_unreachable(&error), "{error}");
            assert!(error.is_retryable(), "nothing was sent");
        }
        server.run();
        // It kept nothing, so there is room again.
        assert!(put(&bucket, 1).unwrap().is_granted());
        bucket.flush().unwrap();
    }
}

#[test]
fn a_call_that_comes_while_the_server_is_starting_waits_for_it() {
    let server = Server::start();
    let store = RedisStore::builder(server.url()).command_timeout(Duration::from_secs(10));
    let bucket = store.build().unwrap().bucket("a", Rate::per_hour(2));
    server.kill();
    thread::sleep(ms(50));
    thread::scope(|scope| {
        let call = scope.spawn(|| put(&bucket, 1));
        thread::sleep(ms(100));
        server.run();
        assert!(call.join().unwrap().unwrap().is_granted());
    });
}

#[test]
fn a_server_that_is_killed_and_restarted_under_load_grants_no_more_than_it_knows_of() {
    let server = Server::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let rates: Rates = "20/100ms;150/1s".parse().unwrap();
    let store = store(&server);
    let harvest = under_load(&store, &rates, ms(2_000), || {
        thread::sleep(ms(300));
        server.kill();
        server.run();
    });
    harvest.audit(&rates);
    assert!(harvest.longest < TIMEOUT + LATE, "{:?}", harvest.longest);
    assert!(put(&store.bucket("other", rates), 1).unwrap().is_granted());
}

#[test]
fn a_server_that_pauses_lets_calls_time_out_with_an_open_outcome() {
    let server = Server::start();
    let bucket = store(&server).bucket("a", Rate::per_hour(9));
    assert!(put(&bucket, 1).unwrap().is_granted());
    server.ask("CLIENT PAUSE 1500 ALL");
    for _ in 0..2 {
        let start = Instant::now();
        let error = put(&bucket, 1).unwrap_err();
        assert!(start.elapsed() < TIMEOUT + LATE, "{:?}", start.elapsed());
        assert_eq!(source(&error), &RedisError::TimedOut(TIMEOUT));
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(!error.is_retryable());
    }
    until(|| bucket.count().is_ok());
    let count = bucket.count().unwrap();
    assert!((1..=3).contains(&count), "once each at most: {count}");
    assert!(put(&bucket, 1).unwrap().is_granted());
}

#[test]
fn pauses_under_load_hold_nobody_up_for_longer_than_the_timeout() {
    let server = Server::start();
    let rates: Rates = "20/50ms".parse().unwrap();
    let store = store(&server);
    let harvest = under_load(&store, &rates, ms(3_000), || {
        server.ask("CLIENT PAUSE 700 ALL");
        thread::sleep(ms(1_200));
    });
    harvest.audit(&rates);
    assert!(!harvest.failed.is_empty());
    assert!(harvest.longest < TIMEOUT + LATE, "{:?}", harvest.longest);
    assert!(put(&store.bucket("other", rates), 1).unwrap().is_granted());
}

#[test]
fn a_server_that_sleeps_within_a_command_is_waited_for_no_longer() {
    let server = Server::with(&["--enable-debug-command", "yes"]);
    let bucket = store(&server).bucket("a", Rate::per_hour(9));
    thread::scope(|scope| {
        scope.spawn(|| server.ask("DEBUG SLEEP 1"));
        thread::sleep(ms(50));
        let error = put(&bucket, 1).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
    });
    until(|| bucket.count().is_ok());
}

#[test]
fn a_timeout_without_end_ends_nothing() {
    let store = RedisStore::builder(shared().url()).prefix(fresh_prefix());
    let store = store.command_timeout(Duration::MAX).connection_timeout(Duration::MAX);
    let bucket = store.build().unwrap().bucket("a", Rate::per_hour(2));
    assert!(put(&bucket, 1).unwrap().is_granted());
    assert!(put(&bucket, 1).unwrap().is_granted());
    assert!(put(&bucket, 1).unwrap().is_denied());
}

#[test]
fn a_replica_is_read_only() {
    let server = Server::start();
    let bucket = store(&server).bucket("a", Rate::per_hour(2));
    server.ask("REPLICAOF 127.0.0.1 1");
    let error = put(&bucket, 1).unwrap_err();
    assert!(matches!(source(&error), RedisError::ReadOnly(_)), "{error}");
    assert!(error.is_retryable());
    server.ask("REPLICAOF NO ONE");
    assert!(put(&bucket, 1).unwrap().is_granted());
}

#[test]
fn a_server_without_memory_records_nothing_and_says_so() {
    let server = Server::start();
    let bucket = store(&server).bucket("a", Rate::per_hour(2));
    server.ask("CONFIG SET maxmemory 1");
    for item in [RateItem::new("a", 1), RateItem::new("another name", 1)] {
        let error = bucket.put(&item).unwrap_err();
        assert!(matches!(source(&error), RedisError::OutOfMemory(_)), "{error}");
        assert!(error.is_retryable());
    }
    server.ask("CONFIG SET maxmemory 0");
    assert_eq!(bucket.count().unwrap(), 0);
    assert!(put(&bucket, 2).unwrap().is_granted());
}

#[test]
fn wrong_credentials_are_told_apart() {
    let server = Server::with(&["--requirepass", "secret"]);
    let url = |password: &str| server.url().replace("://", &format!("://:{password}@"));
    for url in [server.url(), url("guessed")] {
        let error = RedisStore::connect(url).unwrap_err();
        assert!(matches!(error, RedisError::Authentication(_)), "{error}");
        assert!(!BucketError::from(error).is_retryable());
    }
    let bucket = RedisStore::connect(url("secret")).unwrap().bucket("a", Rate::per_hour(2));
    assert!(put(&bucket, 1).unwrap().is_granted());
}

#[test]
fn a_server_that_loads_its_data_is_told_apart() {
    let door = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("redis://{}", door.local_addr().unwrap());
    // It answers whatever is asked as one that is loading does.
    thread::spawn(move || {
        for stream in door.incoming().flatten() {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while let Some(Ok(line)) = lines.next() {
                if line.starts_with('*') {
                    let _ = (&stream).write_all(b"-LOADING Redis is loading the dataset\r\n");
                }
            }
        }
    });
    let error = RedisStore::connect(url).unwrap_err();
    assert!(matches!(error, RedisError::Loading(_)), "{error}");
    assert!(BucketError::from(error).is_retryable());
}
