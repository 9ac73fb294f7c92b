//! The server forgets its scripts.

use std::thread;

use pyrate_redis::{AbstractBucket, Rate, RateItem, Rates};

use crate::desk::{ms, put, under_load};
use crate::support::{shared, store};

#[test]
fn every_call_works_after_the_scripts_were_forgotten() {
    let bucket = store().bucket("a", Rate::per_hour(3));
    let forget = || assert_eq!(shared().ask("SCRIPT FLUSH"), "OK");
    forget();
    assert!(put(&bucket, 2).unwrap().is_granted());
    forget();
    assert_eq!(bucket.count().unwrap(), 2);
    forget();
    assert!(put(&bucket, 2).unwrap().is_denied());
    forget();
    assert!(bucket.peek(1).unwrap().is_some());
    forget();
    assert!(bucket.waiting(&RateItem::new("a", 3)).unwrap().is_some());
    forget();
    assert_eq!((bucket.leak(None).unwrap(), bucket.available().unwrap()), (0, 1));
    forget();
    bucket.flush().unwrap();
    forget();
    assert!(bucket.now().is_ok());
}

#[test]
fn scripts_that_are_forgotten_under_load_cost_nobody_anything() {
    let rates: Rates = "20/50ms;200/1s".parse().unwrap();
    let harvest = under_load(&store(), &rates, ms(1_500), || {
        shared().ask("SCRIPT FLUSH");
        thread::sleep(ms(5));
    });
    assert_eq!(harvest.failed.len(), 0, "{:?}", harvest.failed.first());
    harvest.audit(&rates);
}
