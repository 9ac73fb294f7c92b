//! What these tests have in common.

use std::error::Error;

use pyrate_sqlite::rusqlite::Connection;
use pyrate_sqlite::{
    AbstractBucket, BucketError, Decision, ManualClock, Rate, RateItem, SqliteBucket, SqliteError,
    SqliteStore, Timestamp,
};

use crate::files::File;

/// What a bucket's error comes from.
pub(crate) fn cause(error: &BucketError) -> &SqliteError {
    error.source().and_then(|source| source.downcast_ref()).expect("an error of SQLite")
}

/// A store on `file` whose clock stands at zero.
pub(crate) fn store(file: &File) -> SqliteStore {
    SqliteStore::builder(file.path()).clock(ManualClock::new()).build().unwrap()
}

/// A bucket of three a second in it.
pub(crate) fn bucket(file: &File) -> SqliteBucket {
    store(file).bucket("key", Rate::per_second(3))
}

/// A store on a connection, whose clock stands at zero.
pub(crate) fn on(connection: Connection) -> Result<SqliteStore, SqliteError> {
    SqliteStore::builder_from_connection(connection).clock(ManualClock::new()).build()
}

pub(crate) fn put(bucket: &SqliteBucket, weight: u64) -> Result<Decision, BucketError> {
    bucket.put(&RateItem::new("key", weight))
}

pub(crate) fn is_granted(bucket: &SqliteBucket) -> bool {
    put(bucket, 1).unwrap().is_granted()
}

pub(crate) fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Three a second and no more: the bucket is as good as new.
pub(crate) fn holds_its_limit(bucket: &SqliteBucket) {
    bucket.flush().unwrap();
    let granted = (0..5).filter(|_| is_granted(bucket)).count();
    assert_eq!((granted, bucket.count().unwrap()), (3, 3));
}
