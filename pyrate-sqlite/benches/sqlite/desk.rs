//! Buckets that already hold a number of grants, each at an instant of its own.

use std::hint::black_box;
use std::time::{Duration, Instant};

use pyrate_sqlite::{
    AsyncBucket, Clock, ManualClock, Rate, RateItem, SqliteBucket, SqliteStore, SystemClock,
    Timestamp,
};
use tempfile::TempDir;

/// From one stored grant to the next.
pub(crate) const STEP: Duration = Duration::from_micros(1_000);

pub(crate) struct Desk {
    pub(crate) bucket: SqliteBucket,
    /// What a full bucket's time is: it stands still by itself.
    pub(crate) clock: ManualClock,
    _folder: TempDir,
}

impl Desk {
    /// On the wall clock, with room for more.
    pub(crate) fn filled(stored: u64, rate: Rate) -> Desk {
        let now = SystemClock::new().now().unwrap();
        Desk::new(stored, rate, SystemClock::new(), now)
    }

    /// On a clock that stands still, without room: the next unit fits a step later.
    pub(crate) fn full(stored: u64) -> Desk {
        let rate = Rate::new(stored, STEP * u32::try_from(stored).unwrap()).unwrap();
        let (clock, now) = (ManualClock::new(), Timestamp::from_micros(1_700_000_000_000_000));
        clock.set(now);
        Desk { clock: clock.clone(), ..Desk::new(stored, rate, clock, now) }
    }

    fn new(stored: u64, rate: Rate, clock: impl Clock, now: Timestamp) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::builder(folder.path().join("limits.db")).clock(clock);
        let bucket = store.build().unwrap().bucket("key", rate);
        fill(&bucket, stored, now);
        Desk { bucket, clock: ManualClock::new(), _folder: folder }
    }
}

/// The time of `iterations` calls.
pub(crate) fn timed<T>(iterations: u64, mut call: impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..iterations {
        black_box(call());
    }
    start.elapsed()
}

/// Grants one unit a step, the last one now; many to a transaction, or it would take minutes.
fn fill(bucket: &SqliteBucket, stored: u64, now: Timestamp) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let step = u64::try_from(STEP.as_micros()).unwrap();
    let first = now.as_micros() - stored * step + step;
    let instants: Vec<u64> = (0..stored).map(|number| first + number * step).collect();
    runtime.block_on(async {
        for instants in instants.chunks(512) {
            let puts = instants.iter().map(|at| {
                let timestamp = Some(Timestamp::from_micros(*at));
                let (bucket, item) =
                    (bucket.clone(), RateItem { timestamp, ..RateItem::new("key", 1) });
                tokio::spawn(async move { bucket.put_async(&item).await.unwrap().is_granted() })
            });
            for put in puts.collect::<Vec<_>>() {
                assert!(put.await.unwrap());
            }
        }
    });
}
