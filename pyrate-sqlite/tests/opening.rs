//! Opening a file that others open at the same time.

#![allow(clippy::unwrap_used, reason = "what the tests stand on")]

use std::sync::Barrier;
use std::thread;

use pyrate_sqlite::{AbstractBucket, Rate, RateItem, SqliteStore};

#[test]
fn those_who_open_a_new_file_at_once_all_get_a_store() {
    for _ in 0..30 {
        let folder = tempfile::tempdir().unwrap();
        let (path, together) = (folder.path().join("limits.db"), Barrier::new(8));
        let granted = || {
            together.wait();
            let store = SqliteStore::open(&path).unwrap();
            store.bucket("key", Rate::per_hour(5)).put(&RateItem::new("", 1)).unwrap().is_granted()
        };
        let granted = thread::scope(|scope| {
            let threads = (0..8).map(|_| scope.spawn(granted)).collect::<Vec<_>>();
            threads.into_iter().map(|thread| thread.join().unwrap()).filter(|it| *it).count()
        });
        assert_eq!(granted, 5);
    }
}
