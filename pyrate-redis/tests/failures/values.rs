//! What stands under a bucket's key is something else.

use std::time::Duration;

use pyrate_redis::{AbstractBucket, BucketError, Rate, RateItem, RedisBucket, RedisError};

use crate::desk::{put, source};
use crate::support::server::Reply;
use crate::support::{builder, fresh_prefix, shared};

/// A bucket with something in it, and its key.
fn bucket() -> (RedisBucket, String) {
    let prefix = fresh_prefix();
    let store = builder().prefix(prefix.clone()).build().unwrap();
    (store.bucket("a", Rate::per_hour(5)), format!("{prefix}{{a}}"))
}

/// The error of each call.
fn errors(bucket: &RedisBucket) -> Vec<BucketError> {
    let item = RateItem::new("b", 1);
    vec![
        bucket.put(&item).unwrap_err(),
        bucket.reserve(&item, Duration::MAX).unwrap_err(),
        bucket.waiting(&item).unwrap_err(),
        bucket.available().unwrap_err(),
        bucket.leak(None).unwrap_err(),
        bucket.count().unwrap_err(),
        bucket.peek(0).unwrap_err(),
        bucket.flush().unwrap_err(),
    ]
}

#[test]
fn a_key_of_another_type_is_refused_and_left_alone() {
    let (bucket, key) = bucket();
    for command in ["RPUSH", "SADD"] {
        let mut wire = shared().connect();
        wire.ask(&["DEL", &key]);
        wire.ask(&[command, &key, "theirs"]);
        let before = wire.ask(&["DUMP", &key]);
        for error in errors(&bucket) {
            assert!(matches!(source(&error), RedisError::WrongType), "{error}");
            assert!(!error.is_retryable());
        }
        assert_eq!(wire.ask(&["DUMP", &key]), before);
    }
}

#[test]
fn a_text_that_is_no_bucket_is_refused_and_left_alone() {
    let (bucket, key) = bucket();
    for text in ["x", "theirs", "PYR", &"long".repeat(1_000)] {
        let mut wire = shared().connect();
        wire.ask(&["SET", &key, text]);
        for error in errors(&bucket) {
            assert!(matches!(source(&error), RedisError::Corrupt(_)), "{error}");
            assert!(!error.is_retryable());
        }
        assert_eq!(wire.ask(&["GET", &key]), text);
    }
}

#[test]
fn a_bucket_of_another_version_is_refused_and_says_which() {
    let (bucket, key) = bucket();
    assert!(put(&bucket, 1).unwrap().is_granted());
    let mut wire = shared().connect();
    let length: usize = wire.ask(&["STRLEN", &key]).parse().unwrap();
    wire.ask(&["SETRANGE", &key, &(length - 25).to_string(), "\u{7}"]);
    for error in errors(&bucket) {
        let due = RedisError::OtherVersion { found: 7, known: 1 };
        assert_eq!(source(&error), &due);
    }
}

/// A part of a bucket may end like a whole one, and yet grants nothing that the whole one would deny.
#[test]
fn a_bucket_that_was_cut_anywhere_grants_nothing_more() {
    let (bucket, key) = bucket();
    for _ in 0..5 {
        assert!(put(&bucket, 1).unwrap().is_granted());
    }
    let mut wire = shared().connect();
    let Reply::Text(whole) = wire.ask_bytes(&[b"GET", key.as_bytes()]) else { panic!("a text") };
    for cut in 1..whole.len() {
        for part in [&whole[cut..], &whole[..cut]] {
            wire.ask_bytes(&[b"SET", key.as_bytes(), part]);
            if let Ok(decision) = put(&bucket, 1) {
                assert!(decision.is_denied(), "granted by a part of {} bytes", part.len());
            }
        }
    }
    wire.ask_bytes(&[b"SET", key.as_bytes(), &whole]);
    assert!(put(&bucket, 1).unwrap().is_denied());
}

#[test]
fn further_keys_of_another_type_are_refused_before_anything_is_recorded() {
    let (bucket, key) = bucket();
    assert!(put(&bucket, 4).unwrap().is_granted());
    shared().connect().ask(&["SET", &format!("{key}:q"), "theirs"]);
    let waits = bucket.reserve(&RateItem::new("a", 3), Duration::MAX).unwrap_err();
    assert!(matches!(source(&waits), RedisError::WrongType), "{waits}");
    assert_eq!(bucket.count().unwrap(), 4);
    assert!(put(&bucket, 1).unwrap().is_granted());
}
