//! Windows: for how long the buckets that are open in this process keep their history.
//!
//! A handle says it with each of its calls. But a call through one with short windows may come before the first one through
//! another, and must not drop what that other counts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use fred::bytes::Bytes;

/// The longest window of any handle, by the bucket's key.
#[derive(Debug, Default)]
pub(crate) struct Windows(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    windows: HashMap<Bytes, Weak<AtomicU64>>,
    /// How many there may be before those of closed buckets are looked for.
    enough: usize,
}

impl Windows {
    /// What handles on the bucket of `key` share, once one with a window of `window` microseconds is among them.
    pub(crate) fn open(&self, key: &Bytes, window: u64) -> Arc<AtomicU64> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = open.windows.get(key).and_then(Weak::upgrade) {
            shared.fetch_max(window, Ordering::Relaxed);
            return shared;
        }
        open.make_room();
        let shared = Arc::new(AtomicU64::new(window));
        open.windows.insert(key.clone(), Arc::downgrade(&shared));
        shared
    }
}

impl Open {
    /// Forgets closed buckets each time there are twice as many as were left the last time.
    fn make_room(&mut self) {
        if self.windows.len() >= self.enough {
            self.windows.retain(|_, window| window.strong_count() > 0);
            self.enough = 64.max(2 * self.windows.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_on_one_bucket_share_the_longest_window() {
        let windows = Windows::default();
        let key = Bytes::from_static(b"a");
        let first = windows.open(&key, 5);
        let second = windows.open(&key, 7);
        windows.open(&Bytes::from_static(b"b"), 9);
        assert_eq!(first.load(Ordering::Relaxed), 7);
        drop((first, second));
        assert_eq!(windows.open(&key, 3).load(Ordering::Relaxed), 3);
    }

    #[test]
    fn closed_buckets_are_forgotten() {
        let windows = Windows::default();
        for number in 0..10_000_u64 {
            windows.open(&Bytes::copy_from_slice(&number.to_be_bytes()), 1);
        }
        assert!(windows.0.lock().unwrap().windows.len() <= 64);
    }
}
