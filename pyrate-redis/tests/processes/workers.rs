//! What a child does: threads that ask for units until they are called off.

use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_redis::{AbstractBucket, Clock, Decision, RateItem, RedisBucket, RedisClock, Timestamp};

use crate::chance::Chance;
use crate::reports;

/// What the calls of a process took.
#[derive(Default)]
struct Times {
    longest: Duration,
    held_up: Duration,
}

/// Threads that ask for 1 to 5 units, now or in up to a second, and pause for so many microseconds in between.
///
/// So many wait that the line reaches far ahead: a machine that holds up a process for a moment costs nothing then.
pub(crate) struct Crew {
    pub(crate) threads: u64,
    pub(crate) seed: u64,
    pub(crate) pauses: RangeInclusive<u64>,
    /// Read before and after each call; not where the server is disturbed, since that would rather hit these readings.
    pub(crate) clock: Option<RedisClock>,
}

impl Crew {
    /// Lets them work until `is_over`, and tells of it.
    pub(crate) fn work(&self, bucket: &RedisBucket, is_over: &AtomicBool) {
        let times = Mutex::new(Times::default());
        thread::scope(|scope| {
            scope.spawn(|| watch(&times, is_over));
            for thread in 0..self.threads {
                let times = &times;
                scope.spawn(move || {
                    let mut chance = Chance::of(self.seed ^ thread);
                    while !is_over.load(Ordering::Relaxed) {
                        let took = ask(self.clock.as_ref(), bucket, thread, &mut chance);
                        let mut times = times.lock().unwrap();
                        times.longest = times.longest.max(took);
                        drop(times);
                        thread::sleep(chance.micros(self.pauses.clone()));
                    }
                });
            }
        });
        let times = times.into_inner().unwrap();
        reports::took(times.longest, times.held_up);
    }
}

/// Sees for how long the machine lets nobody run: this is no call's fault.
fn watch(times: &Mutex<Times>, is_over: &AtomicBool) {
    let nap = Duration::from_millis(2);
    while !is_over.load(Ordering::Relaxed) {
        let start = Instant::now();
        thread::sleep(nap);
        let late = start.elapsed().saturating_sub(nap);
        let mut times = times.lock().unwrap();
        times.held_up = times.held_up.max(late);
    }
}

/// Makes a call, tells of it, and waits for what it was granted; answers how long the call took.
fn ask(
    clock: Option<&RedisClock>,
    bucket: &RedisBucket,
    thread: u64,
    chance: &mut Chance,
) -> Duration {
    let may_wait = chance.within(0..=3) > 0;
    let max_delay = if may_wait { chance.micros(0..=1_000_000) } else { Duration::ZERO };
    let item = RateItem::new("call", chance.within(1..=5));
    let now = |clock: &RedisClock| clock.now().unwrap();
    let from = clock.map_or(Timestamp::from_micros(0), now);
    let start = Instant::now();
    let decision = bucket.reserve(&item, max_delay);
    let took = start.elapsed();
    match decision {
        Ok(Decision::Granted(grant)) => {
            let to = clock.map_or(Timestamp::MAX, now);
            reports::granted(thread, &grant, (from, to));
            thread::sleep(grant.delay);
        }
        Ok(Decision::Denied(_)) => {}
        Err(error) => reports::failed(item.weight, &error),
    }
    took
}
