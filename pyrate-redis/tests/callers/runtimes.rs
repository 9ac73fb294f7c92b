//! Calls work wherever they are made.

use std::thread;
use std::time::Duration;

use pyrate_redis::{AbstractBucket, AsyncBucket, Limiter, Rate, RateItem, RedisStore};
use tokio::runtime::{Builder, Runtime};

use crate::support::{builder, shared, store};

fn of_one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_sync_call_works_on_a_plain_thread_and_inside_any_runtime() {
    let bucket = store().bucket("a", Rate::per_hour(9));
    let put = || assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
    put();
    of_one_thread().block_on(async { put() });
    let workers = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    workers.block_on(async { put() });
    let bucket = bucket.clone();
    workers.block_on(async {
        let on_worker = tokio::spawn(async move { bucket.put(&RateItem::new("a", 1)) });
        assert!(on_worker.await.unwrap().unwrap().is_granted());
    });
}

/// A task's budget is 128 answers of tokio's channels: what asks for more has to see to it that it is served.
#[test]
fn a_task_that_has_used_up_its_budget_gets_its_answers_too() {
    let bucket = store().bucket("a", Rate::per_hour(1_000));
    let put = move || bucket.put(&RateItem::new("a", 1)).unwrap().is_granted();
    let granted = async move { (0..300).filter(|_| put()).count() };
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        tell.send(of_one_thread().block_on(async { tokio::spawn(granted).await }))
    });
    // Without it, the thread would turn for ever.
    let told = told.recv_timeout(Duration::from_secs(20)).expect("no call comes to its end");
    assert_eq!(told.unwrap(), 300);
}

#[test]
fn an_async_call_works_in_any_runtime_and_in_none() {
    let bucket = store().bucket("a", Rate::per_hour(9));
    let item = RateItem::new("a", 1);
    assert!(pollster::block_on(bucket.put_async(&item)).unwrap().is_granted());
    assert!(of_one_thread().block_on(bucket.put_async(&item)).unwrap().is_granted());
    // Without a timer, too.
    let bare = Builder::new_current_thread().build().unwrap();
    assert!(bare.block_on(bucket.put_async(&item)).unwrap().is_granted());
    assert_eq!(bucket.count().unwrap(), 3);
}

#[test]
fn a_store_that_was_opened_in_a_runtime_outlives_it() {
    let runtime = of_one_thread();
    let url = shared().url();
    let store = runtime.block_on(RedisStore::connect_async(url)).unwrap();
    drop(runtime);
    let bucket = store.bucket(crate::support::fresh_prefix(), Rate::per_hour(1));
    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
}

#[test]
fn threads_and_tasks_stand_in_one_line() {
    let limiter =
        Limiter::new(store().bucket("a", Rate::new(5, Duration::from_millis(100)).unwrap()));
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..5).for_each(|_| assert!(limiter.acquire("thread").is_ok())));
        }
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let limiter = limiter.clone();
                runtime.spawn(async move { limiter.acquire_async("task").await })
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).unwrap().unwrap();
        }
    });
    // The last five may have been granted a window later than they were counted.
    assert!(limiter.buckets()[0].count().unwrap() <= 10);
}

#[test]
fn a_client_of_ones_own_lends_its_settings_and_keeps_its_connection() {
    use pyrate_redis::fred::clients::Client;
    use pyrate_redis::fred::types::config::Config;

    let config = Config::from_url(&shared().url()).unwrap();
    // It is not even connected.
    let store = RedisStore::from_client(Client::new(config, None, None, None)).unwrap();
    let bucket = store.bucket(crate::support::fresh_prefix(), Rate::per_hour(1));
    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_denied());
}

#[test]
fn a_client_lends_its_address_to_stores_with_settings_of_their_own() {
    use pyrate_redis::fred::clients::Client;
    use pyrate_redis::fred::types::config::Config;

    let config = Config::from_url(&shared().url()).unwrap();
    let client = Client::new(config, None, None, None);
    let store = |prefix: &str| {
        RedisStore::builder_from_client(&client).prefix(prefix).pool_size(2).build().unwrap()
    };
    let put = |store: RedisStore| {
        store.bucket("a", Rate::per_hour(1)).put(&RateItem::new("a", 1)).unwrap()
    };
    let (one, another) = (crate::support::fresh_prefix(), crate::support::fresh_prefix());
    assert!(put(store(&one)).is_granted());
    assert!(put(store(&one)).is_denied());
    assert!(put(store(&another)).is_granted());
}

#[test]
fn a_store_that_is_built_from_a_client_waits_for_the_connection_and_one_that_just_takes_it_does_not()
 {
    use pyrate_redis::RedisError;
    use pyrate_redis::fred::clients::Client;
    use pyrate_redis::fred::types::config::Config;

    // Port 1 is nobody's.
    let config = Config::from_url("redis://127.0.0.1:1").unwrap();
    let client = Client::new(config, None, None, None);
    let refused = RedisStore::builder_from_client(&client).build();
    assert!(matches!(refused, Err(RedisError::Unreachable(_))), "{refused:?}");
    assert!(RedisStore::from_client(&client).is_ok());
}

/// Settings that would have calls turned away, or end before they begin, are not taken over.
#[test]
fn a_client_without_timeouts_and_with_a_short_queue_lends_its_address() {
    use pyrate_redis::fred::clients::Client;
    use pyrate_redis::fred::types::config::{Config, ConnectionConfig};

    let connection = ConnectionConfig {
        connection_timeout: Duration::ZERO,
        internal_command_timeout: Duration::ZERO,
        max_command_buffer_len: 1,
        ..ConnectionConfig::default()
    };
    let config = Config::from_url(&shared().url()).unwrap();
    let store = RedisStore::from_client(Client::new(config, None, Some(connection), None)).unwrap();
    let prefix = crate::support::fresh_prefix();
    thread::scope(|scope| {
        for number in 0..16 {
            let bucket = store.bucket(format!("{prefix}{number}"), Rate::per_hour(50));
            scope.spawn(move || {
                for _ in 0..50 {
                    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
                }
            });
        }
    });
}

#[test]
fn several_connections_serve_all_buckets() {
    let store = builder().pool_size(4).build().unwrap();
    thread::scope(|scope| {
        for number in 0..8 {
            let bucket = store.bucket(number.to_string(), Rate::per_hour(5));
            scope.spawn(move || {
                for granted in 1..=5 {
                    assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_granted());
                    assert_eq!(bucket.count().unwrap(), granted);
                }
                assert!(bucket.put(&RateItem::new("a", 1)).unwrap().is_denied());
            });
        }
    });
}
