//! A fault at each place of a lone call's way, and what its caller is told.

use std::thread;
use std::time::{Duration, Instant};

use pyrate_redis::{
    AbstractBucket, AsyncBucket, BucketError, Decision, Outcome, Rate, RateItem, RedisBucket,
    RedisError, RedisStore,
};

use crate::support::proxy::{Fault, Proxy};
use crate::support::{fresh_prefix, shared};
use crate::{TIMEOUT, source};

/// Where no call may fail, not even on a machine that lets nobody run for a while.
const PATIENT: Duration = Duration::from_secs(10);

/// A bucket behind a proxy, and the same one on a connection that nothing befalls.
struct Way {
    proxy: Proxy,
    bucket: RedisBucket,
    control: RedisBucket,
}

impl Way {
    /// On which calls wait for so long.
    fn new(timeout: Duration) -> Way {
        let (proxy, prefix) = (Proxy::before(shared().port()), fresh_prefix());
        let bucket = |url: String, timeout| {
            let builder = RedisStore::builder(url).prefix(prefix.clone()).command_timeout(timeout);
            builder.build().unwrap().bucket("a", Rate::per_hour(9))
        };
        let control = bucket(shared().url(), PATIENT);
        Way { bucket: bucket(proxy.url(), timeout), proxy, control }
    }

    fn put(&self) -> Result<Decision, BucketError> {
        self.bucket.put(&RateItem::new("a", 1))
    }

    fn put_works(&self) {
        assert!(self.put().unwrap().is_granted());
    }

    /// What a call is told that `fault` befalls.
    fn struck_by(&self, fault: Fault) -> RedisError {
        self.put_works();
        self.proxy.strike(fault);
        let error = self.put().unwrap_err();
        assert!(!self.proxy.is_armed());
        assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
        assert!(!error.is_retryable(), "{error}");
        source(&error).clone()
    }
}

/// Calls until there is an answer; gives up after half a minute, which only a fault takes.
fn patiently<T>(call: impl Fn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        assert!(start.elapsed() < Duration::from_secs(30), "this should have come about");
        if let Some(answer) = call() {
            return answer;
        }
    }
}

/// How many units are charged once a call that `fault` befell, between two that go well, is over.
fn charged_by_a_cut(fault: Fault) -> u64 {
    let way = Way::new(PATIENT);
    let error = way.struck_by(fault);
    assert!(matches!(error, RedisError::ConnectionLost(_)), "{error}");
    way.put_works();
    way.control.count().unwrap()
}

#[test]
fn a_cut_before_the_server_has_the_whole_request_charges_nothing_though_nobody_can_know() {
    assert_eq!(charged_by_a_cut(Fault::CutBeforeRequest), 2);
    assert_eq!(charged_by_a_cut(Fault::CutInRequest), 2);
}

#[test]
fn a_cut_after_the_request_or_inside_the_answer_charges_once() {
    assert_eq!(charged_by_a_cut(Fault::CutBeforeReply), 3);
    assert_eq!(charged_by_a_cut(Fault::CutInReply), 3);
}

#[test]
fn an_answer_that_comes_too_late_charges_once_and_is_no_other_calls_answer() {
    let too_late = TIMEOUT + Duration::from_millis(100);
    for fault in [Fault::LateRequest(too_late), Fault::LateReply(too_late)] {
        let way = Way::new(TIMEOUT);
        assert_eq!(way.struck_by(fault), RedisError::TimedOut(TIMEOUT));
        // The answer to this one comes behind the late one.
        assert_eq!(patiently(|| way.bucket.available().ok()), 9 - 2);
        assert_eq!(way.control.count().unwrap(), 2);
    }
}

#[test]
fn delays_within_the_timeout_cost_time_only() {
    let way = Way::new(PATIENT);
    for delay in [1, 20, 100].map(Duration::from_millis) {
        way.proxy.strike(Fault::LateRequest(delay));
        way.put_works();
        way.proxy.strike(Fault::LateReply(delay));
        way.put_works();
    }
    assert_eq!(way.control.count().unwrap(), 6);
}

#[test]
fn a_peer_that_vanishes_without_a_word_charges_nothing_and_holds_up_a_few_calls_only() {
    let way = Way::new(TIMEOUT);
    assert_eq!(way.struck_by(Fault::Vanish), RedisError::TimedOut(TIMEOUT));
    let failures = (0..6).take_while(|_| way.bucket.count().is_err()).count();
    assert!(failures <= 3, "{failures}");
    assert_eq!(way.control.count().unwrap(), 1);
}

#[test]
fn where_no_connection_can_be_had_nothing_was_sent_and_that_is_said() {
    let way = Way::new(TIMEOUT);
    way.put_works();
    way.proxy.refuse(true);
    // Until the store has noticed.
    thread::sleep(Duration::from_millis(50));
    for _ in 0..3 {
        let error = way.put().unwrap_err();
        assert!(matches!(source(&error), RedisError::Unreachable(_)), "{error}");
        assert_eq!(error.outcome(), Outcome::NotRecorded);
        assert!(error.is_retryable());
    }
    way.proxy.refuse(false);
    let granted = patiently(|| match way.put() {
        Err(error) if error.is_retryable() => None,
        told => Some(told.unwrap().is_granted()),
    });
    assert!(granted, "what was surely not recorded may be asked for again");
    assert_eq!(way.control.count().unwrap(), 2);
}

/// Each is told its own failure, and those who come behind find the way open again.
#[test]
fn callers_who_share_a_trip_that_is_cut_are_each_told_so() {
    for (fault, charged) in [(Fault::CutBeforeRequest, 2), (Fault::CutInReply, 9)] {
        let way = Way::new(PATIENT);
        way.put_works();
        // The first one is answered late, and alone. The fault is for the trip behind it, which the others share.
        way.proxy.strike(Fault::LateReply(Duration::from_millis(500)));
        let told = eight_at_once(&way.bucket, || {
            while way.proxy.is_armed() {
                thread::sleep(Duration::from_millis(1));
            }
            way.proxy.strike(fault);
        });
        assert!(told[0].as_ref().unwrap().is_granted());
        for told in &told[1..] {
            let error = told.as_ref().unwrap_err();
            assert!(matches!(source(error), RedisError::ConnectionLost(_)), "{error}");
            assert_eq!(error.outcome(), Outcome::Unknown);
        }
        assert_eq!(way.bucket.available().unwrap(), 9 - charged);
        assert_eq!(way.control.count().unwrap(), charged);
    }
}

/// What tasks are told that ask for a unit at the same moment, and then `disturb` is called, on another thread.
fn eight_at_once(
    bucket: &RedisBucket,
    disturb: impl FnOnce() + Send,
) -> Vec<Result<Decision, BucketError>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let put = |_| {
        let bucket = bucket.clone();
        async move { bucket.put_async(&RateItem::new("a", 1)).await }
    };
    thread::scope(|scope| {
        scope.spawn(disturb);
        runtime.block_on(async {
            let calls: Vec<_> = (0..8).map(put).map(tokio::spawn).collect();
            let mut told = Vec::new();
            for call in calls {
                told.push(call.await.unwrap());
            }
            told
        })
    })
}

/// With next to no time left, they would only add to what nobody knows.
#[test]
fn callers_behind_a_call_that_is_never_answered_are_not_sent_and_told_so() {
    let timeout = Duration::from_millis(800);
    let way = Way::new(timeout);
    way.put_works();
    way.proxy.strike(Fault::Vanish);
    let told = eight_at_once(&way.bucket, || ());
    assert_eq!(source(told[0].as_ref().unwrap_err()), &RedisError::TimedOut(timeout));
    for told in &told[1..] {
        let error = told.as_ref().unwrap_err();
        assert_eq!(source(error), &RedisError::NotSent(timeout));
        assert!(error.is_retryable());
    }
    assert_eq!(way.control.count().unwrap(), 1);
}

#[test]
fn who_stands_behind_a_place_that_is_given_back_waits_no_longer_for_it() {
    let timeout = Duration::from_millis(800);
    let way = Way::new(timeout);
    let reserve = |bucket: &RedisBucket| bucket.reserve(&RateItem::new("a", 9), Duration::MAX);
    assert!(matches!(reserve(&way.control), Ok(Decision::Granted(_))));
    let Ok(Decision::Granted(waits)) = reserve(&way.control) else { panic!("a place in line") };
    way.proxy.refuse(true);
    let (first, second) = (way.bucket.clone(), way.bucket.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let took = runtime.block_on(async {
        let start = Instant::now();
        // The second and third wait until the first is over: then there is no connection either.
        let first = tokio::spawn(async move { first.count_async().await });
        let third = tokio::spawn(async move {
            second.cancel_later(waits);
            second.count_async().await
        });
        assert!(first.await.unwrap().is_err() && third.await.unwrap().is_err());
        start.elapsed()
    });
    assert!(took < timeout + timeout / 2, "{took:?}");
}
