//! Buckets that already hold a number of grants, each at an instant of its own.

use std::time::Duration;

use pyrate_sqlite::rusqlite::Connection;
use pyrate_sqlite::{
    AsyncBucket, Clock, ManualClock, Rate, RateItem, Rates, SqliteBucket, SqliteStore, SystemClock,
    Timestamp,
};
use tempfile::TempDir;

/// From one stored grant to the next.
pub(crate) const STEP: Duration = Duration::from_micros(1_000);

pub(crate) struct Desk {
    pub(crate) bucket: SqliteBucket,
    /// What a full bucket's time is: it stands still by itself.
    pub(crate) clock: ManualClock,
    folder: TempDir,
}

impl Desk {
    /// On the wall clock, with room for more.
    pub(crate) fn filled(stored: u32, rates: impl Into<Rates>) -> Desk {
        Desk::filled_with(stored, 1, rates)
    }

    /// The same, with items of that weight.
    pub(crate) fn filled_with(stored: u32, weight: u32, rates: impl Into<Rates>) -> Desk {
        let desk = Desk::new(rates, SystemClock::new());
        fill(&desk.bucket, stored, weight, SystemClock::new().now().unwrap());
        desk
    }

    /// On a clock that stands still, without room: the next unit fits a step later.
    pub(crate) fn full(stored: u32) -> Desk {
        let rate = Rate::new(stored.into(), STEP * stored).unwrap();
        let (clock, now) = (ManualClock::new(), Timestamp::from_micros(1_700_000_000_000_000));
        clock.set(now);
        let desk = Desk { clock: clock.clone(), ..Desk::new(rate, clock) };
        fill(&desk.bucket, stored, 1, now);
        desk
    }

    fn new(rates: impl Into<Rates>, clock: impl Clock) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::builder(folder.path().join("limits.db")).clock(clock);
        let bucket = store.build().unwrap().bucket("key", rates);
        Desk { bucket, clock: ManualClock::new(), folder }
    }

    /// The bytes of the file, once the write-ahead log is in it.
    pub(crate) fn bytes(&self) -> u32 {
        size(&Connection::open(self.folder.path().join("limits.db")).unwrap())
    }
}

/// The bytes of a file, once the write-ahead log is in it.
pub(crate) fn size(connection: &Connection) -> u32 {
    let number = |pragma| connection.query_row(pragma, [], |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!(number("PRAGMA wal_checkpoint(TRUNCATE)"), 0);
    number("PRAGMA page_count") * number("PRAGMA page_size")
}

/// Grants one item a step, the last one now; many to a transaction, or it would take minutes.
fn fill(bucket: &SqliteBucket, stored: u32, weight: u32, now: Timestamp) {
    let step = u64::try_from(STEP.as_micros()).unwrap();
    let first = now.as_micros() - u64::from(stored) * step + step;
    let put = |number: u32| {
        let timestamp = Some(Timestamp::from_micros(first + u64::from(number) * step));
        let item = RateItem { timestamp, ..RateItem::new("key", weight.into()) };
        let bucket = bucket.clone();
        async move { bucket.put_async(&item).await.unwrap().is_granted() }
    };
    together(stored, put);
}

/// Has many at once on their way, and sees to it that each answers with yes.
pub(crate) fn together<F: Future<Output = bool> + Send + 'static>(
    count: u32,
    call: impl Fn(u32) -> F,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for first in (0..count).step_by(512) {
            let calls = (first..count.min(first + 512)).map(|number| tokio::spawn(call(number)));
            for call in calls.collect::<Vec<_>>() {
                assert!(call.await.unwrap());
            }
        }
    });
}
