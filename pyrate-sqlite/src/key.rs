//! Buckets by key, as this process knows them: how long their handles want history to be kept.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyrate_core::Rates;

/// A bucket's key, and the longest interval of the handles that this process has on it.
#[derive(Debug)]
pub(crate) struct BucketKey {
    text: Arc<str>,
    longest_interval: AtomicU64,
}

impl BucketKey {
    fn new(text: Arc<str>) -> BucketKey {
        BucketKey { text, longest_interval: AtomicU64::new(0) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// In microseconds.
    pub(crate) fn longest_interval(&self) -> u64 {
        // Whoever opened a handle did so before its call was queued, under a lock that the reader has held since.
        self.longest_interval.load(Ordering::Relaxed)
    }
}

/// The keys that have a handle.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    keys: HashMap<Arc<str>, Weak<BucketKey>>,
    /// How many there were when those without a handle were last thrown out.
    alive: usize,
}

impl Keys {
    /// The key of one more handle, with these rates.
    pub(crate) fn of(&self, key: &str, rates: &Rates) -> Arc<BucketKey> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = known.find(key).unwrap_or_else(|| known.add(key));
        let interval = rates.longest().interval_micros();
        key.longest_interval.fetch_max(interval, Ordering::Relaxed);
        key
    }

    /// The key of a bucket that is only visited.
    pub(crate) fn known(&self, key: &str) -> Arc<BucketKey> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).find(key);
        known.unwrap_or_else(|| Arc::new(BucketKey::new(Arc::from(key))))
    }
}

impl Known {
    fn find(&self, key: &str) -> Option<Arc<BucketKey>> {
        self.keys.get(key).and_then(Weak::upgrade)
    }

    fn add(&mut self, key: &str) -> Arc<BucketKey> {
        // Each time they have doubled: a call pays for it once in as many calls.
        if self.keys.len() > 2 * self.alive + 16 {
            self.keys.retain(|_, key| key.strong_count() > 0);
            self.alive = self.keys.len();
        }
        let text: Arc<str> = Arc::from(key);
        let key = Arc::new(BucketKey::new(Arc::clone(&text)));
        self.keys.insert(text, Arc::downgrade(&key));
        key
    }
}

#[cfg(test)]
mod tests {
    use pyrate_core::Rate;

    use super::*;

    #[test]
    fn handles_on_one_key_share_the_longest_interval() {
        let keys = Keys::default();
        let short = keys.of("a", &Rate::per_second(1).into());
        let long = keys.of("a", &Rate::per_hour(1).into());
        assert!(Arc::ptr_eq(&short, &long));
        assert_eq!(short.longest_interval(), 3_600_000_000);
        assert_eq!(keys.of("b", &Rate::per_second(1).into()).longest_interval(), 1_000_000);
    }

    #[test]
    fn keys_without_a_handle_are_thrown_out() {
        let (keys, rates) = (Keys::default(), Rates::from(Rate::per_second(1)));
        let held = keys.of("held", &rates);
        for number in 0..10_000 {
            drop(keys.of(&number.to_string(), &rates));
        }
        assert!(keys.0.lock().unwrap().keys.len() < 100);
        assert!(Arc::ptr_eq(&held, &keys.of("held", &rates)));
    }
}
