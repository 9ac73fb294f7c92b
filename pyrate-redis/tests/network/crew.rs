//! Who calls: threads and tasks that reserve, give back and leave at random.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pyrate_redis::{
    AbstractBucket, AsyncBucket, BucketError, Decision, Grant, RateItem, RedisBucket,
};

use crate::harvest::{Harvest, Wish};
use crate::support::chance::Chance;

const THREADS: u64 = 4;
const TASKS: u64 = 12;

/// Has threads call `first` and tasks call `second`, until `disturb` has returned.
pub(crate) fn harvest(
    seed: u64,
    first: &RedisBucket,
    second: &RedisBucket,
    disturb: impl FnOnce(),
) -> Harvest {
    let crew = Crew::default();
    thread::scope(|scope| {
        scope.spawn(|| crew.watch());
        for number in 0..THREADS {
            let crew = &crew;
            scope.spawn(move || crew.thread(first, Chance::of(seed ^ number)));
        }
        scope.spawn(|| crew.tasks(second, seed));
        disturb();
        crew.is_over.store(true, Ordering::Relaxed);
    });
    std::mem::take(&mut crew.harvest.lock().unwrap())
}

#[derive(Clone, Default)]
struct Crew {
    harvest: Arc<Mutex<Harvest>>,
    is_over: Arc<AtomicBool>,
    /// Microseconds.
    held_up: Arc<AtomicU64>,
}

/// When a call began, and for how long the machine had held up sleepers until then.
struct Begun {
    at: Instant,
    held_up: u64,
}

/// What somebody is about to do.
struct Plan {
    wish: Wish,
    max_delay: Duration,
    gives_back: bool,
    patience: Option<Duration>,
    pause: Duration,
}

impl Plan {
    fn next(chance: &mut Chance) -> Plan {
        Plan {
            wish: Wish { name: chance.next().to_string(), weight: chance.within(1..=3) },
            max_delay: chance.micros(0..=60_000),
            gives_back: chance.within(0..=2) == 0,
            patience: (chance.within(0..=7) == 0).then(|| chance.micros(0..=2_000)),
            pause: chance.micros(0..=4_000),
        }
    }

    fn item(&self) -> RateItem<'_> {
        RateItem::new(&*self.wish.name, self.wish.weight)
    }
}

impl Crew {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Harvest) -> T) -> T {
        work(&mut self.harvest.lock().unwrap())
    }

    /// Adds up for how long the machine lets somebody wait who only sleeps.
    fn watch(&self) {
        let (nap, usual) = (Duration::from_millis(2), Duration::from_millis(1));
        while self.goes_on() {
            let start = Instant::now();
            thread::sleep(nap);
            let late = start.elapsed().saturating_sub(nap + usual);
            let micros = u64::try_from(late.as_micros()).unwrap();
            self.held_up.fetch_add(micros, Ordering::Relaxed);
        }
    }

    fn begin(&self) -> Begun {
        Begun { at: Instant::now(), held_up: self.held_up.load(Ordering::Relaxed) }
    }

    fn took(&self, begun: &Begun) {
        let took = begun.at.elapsed();
        let held_up = self.held_up.load(Ordering::Relaxed) - begun.held_up;
        self.with(|harvest| harvest.took(took, Duration::from_micros(held_up)));
    }

    fn thread(&self, bucket: &RedisBucket, mut chance: Chance) {
        while self.goes_on() {
            let plan = Plan::next(&mut chance);
            let begun = self.begin();
            let decision = bucket.reserve(&plan.item(), plan.max_delay);
            if let Some(grant) = self.decided(&begun, &plan, decision) {
                let begun = self.begin();
                let answer = bucket.cancel(&grant);
                self.cancelled(&begun, &plan.wish, &grant, answer);
            }
            thread::sleep(plan.pause);
        }
    }

    fn tasks(&self, bucket: &RedisBucket, seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let task = |number| {
            let (crew, bucket) = (self.clone(), bucket.clone());
            async move { crew.task(&bucket, Chance::of(seed ^ number)).await }
        };
        runtime.block_on(async {
            let tasks: Vec<_> =
                (0..TASKS).map(|task| task + THREADS).map(task).map(tokio::spawn).collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
    }

    async fn task(&self, bucket: &RedisBucket, mut chance: Chance) {
        while self.goes_on() {
            let plan = Plan::next(&mut chance);
            let (begun, item) = (self.begin(), plan.item());
            let reserve = bucket.reserve_async(&item, plan.max_delay);
            let decision = match plan.patience {
                Some(patience) => tokio::time::timeout(patience, reserve).await,
                None => Ok(reserve.await),
            };
            match decision {
                Err(_) => self.with(|harvest| harvest.left(&plan.wish)),
                Ok(decision) => {
                    if let Some(grant) = self.decided(&begun, &plan, decision) {
                        let begun = self.begin();
                        let answer = bucket.cancel_async(&grant).await;
                        self.cancelled(&begun, &plan.wish, &grant, answer);
                    }
                }
            }
            tokio::time::sleep(plan.pause).await;
        }
    }

    /// Takes down a decision; what is to be given back is handed back.
    fn decided(
        &self,
        begun: &Begun,
        plan: &Plan,
        decision: Result<Decision, BucketError>,
    ) -> Option<Grant> {
        self.took(begun);
        self.with(|harvest| {
            let grant = harvest.decided(&plan.wish, decision)?;
            if plan.gives_back {
                return Some(grant);
            }
            harvest.keep(&plan.wish, &grant);
            None
        })
    }

    fn cancelled(
        &self,
        begun: &Begun,
        wish: &Wish,
        grant: &Grant,
        answer: Result<bool, BucketError>,
    ) {
        self.took(begun);
        self.with(|harvest| harvest.cancelled(wish, grant, answer));
    }
}
