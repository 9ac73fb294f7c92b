//! The bucket under test: how it is made, what it can do, and through which door it is called.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyrate_core::{AbstractBucket, AnyBucket, AsyncBucket, ManualClock, Outcome, Rates};

use crate::failure::Failure;
use crate::rig::{Notes, Rig};

/// Opens the bucket of a key with these rates, as one more handle on the same store.
type Opener = Box<dyn Fn(&str, Rates) -> AnyBucket + Send + Sync>;

/// Makes the calls of a bucket fail with this outcome from now on; `None` mends it.
pub type Switch = Box<dyn Fn(Option<Outcome>) + Send + Sync>;

/// How much a bucket stores at the moment, in whatever unit its store counts.
pub type Probe = Box<dyn Fn() -> u64 + Send + Sync>;

/// Through which of a bucket's doors a check calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The methods of `AbstractBucket`.
    Sync,
    /// The methods of `AsyncBucket`, awaited on a tokio runtime of the suite's own.
    Async,
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Door::Sync => "sync door",
            Door::Async => "async door",
        })
    }
}

type Make<T> = Arc<dyn Fn(Rates, ManualClock) -> T + Send + Sync>;

/// How to make the bucket under test, in an empty store each time, and what else a check may ask for.
///
/// [`conformance!`](crate::conformance) makes one of the closures it is given; to call a check by hand, make it
/// yourself.
#[derive(Clone)]
pub struct Subject {
    door: Door,
    make: Make<AnyBucket>,
    keeps_own_time: bool,
    store: Option<Arc<dyn Fn(ManualClock) -> Opener + Send + Sync>>,
    faults: Option<Make<(AnyBucket, Switch)>>,
    footprint: Option<Make<(AnyBucket, Probe)>>,
}

impl Subject {
    /// A bucket on the clock that `make` is given.
    pub fn new<B: Into<AnyBucket>>(
        make: impl Fn(Rates, ManualClock) -> B + Send + Sync + 'static,
    ) -> Subject {
        Subject {
            door: Door::Sync,
            make: Arc::new(move |rates, clock| make(rates, clock).into()),
            keeps_own_time: false,
            store: None,
            faults: None,
            footprint: None,
        }
    }

    /// A bucket with async methods only, on the clock that `make` is given.
    pub fn asynchronous<B: AsyncBucket>(
        make: impl Fn(Rates, ManualClock) -> B + Send + Sync + 'static,
    ) -> Subject {
        Subject::new(move |rates, clock| AnyBucket::asynchronous(make(rates, clock)))
    }

    /// A bucket with both kinds of methods, on the clock that `make` is given.
    pub fn dual<B: AbstractBucket + AsyncBucket>(
        make: impl Fn(Rates, ManualClock) -> B + Send + Sync + 'static,
    ) -> Subject {
        Subject::new(move |rates, clock| AnyBucket::dual(make(rates, clock)))
    }

    /// A bucket whose store keeps its own time, which nobody can move.
    pub fn own_time<B: Into<AnyBucket>>(
        make: impl Fn(Rates) -> B + Send + Sync + 'static,
    ) -> Subject {
        Subject { keeps_own_time: true, ..Subject::new(move |rates, _| make(rates)) }
    }

    /// A bucket with async methods only, whose store keeps its own time.
    pub fn asynchronous_own_time<B: AsyncBucket>(
        make: impl Fn(Rates) -> B + Send + Sync + 'static,
    ) -> Subject {
        Subject::own_time(move |rates| AnyBucket::asynchronous(make(rates)))
    }

    /// The same subject, called through `door`.
    #[must_use]
    pub fn through(self, door: Door) -> Subject {
        Subject { door, ..self }
    }

    /// How to make an empty store, and open buckets in it: for the capabilities `keys`, `shared` and `reopening`.
    #[must_use]
    pub fn store<B: Into<AnyBucket>, O: Fn(&str, Rates) -> B + Send + Sync + 'static>(
        self,
        store: impl Fn(ManualClock) -> O + Send + Sync + 'static,
    ) -> Subject {
        let opener = move |clock| -> Opener {
            let open = store(clock);
            Box::new(move |key, rates| open(key, rates).into())
        };
        Subject { store: Some(Arc::new(opener)), ..self }
    }

    /// How to make a bucket beside a switch that makes its store fail: for the capability `faults`.
    #[must_use]
    pub fn faults<B: Into<AnyBucket>, S: Fn(Option<Outcome>) + Send + Sync + 'static>(
        self,
        make: impl Fn(Rates, ManualClock) -> (B, S) + Send + Sync + 'static,
    ) -> Subject {
        let make = move |rates, clock| -> (AnyBucket, Switch) {
            let (bucket, switch) = make(rates, clock);
            (bucket.into(), Box::new(switch))
        };
        Subject { faults: Some(Arc::new(make)), ..self }
    }

    /// How to make a bucket beside a probe of how much it stores: for the capability `footprint`.
    #[must_use]
    pub fn footprint<B: Into<AnyBucket>, P: Fn() -> u64 + Send + Sync + 'static>(
        self,
        make: impl Fn(Rates, ManualClock) -> (B, P) + Send + Sync + 'static,
    ) -> Subject {
        let make = move |rates, clock| -> (AnyBucket, Probe) {
            let (bucket, probe) = make(rates, clock);
            (bucket.into(), Box::new(probe))
        };
        Subject { footprint: Some(Arc::new(make)), ..self }
    }

    /// An empty bucket on a clock that shows [`Rig::START`].
    #[must_use]
    pub fn rig(&self, rates: impl Into<Rates>) -> Rig {
        let clock = clock();
        self.on_bench((self.make)(rates.into(), clock.clone()), clock)
    }

    /// Opens buckets in one empty store, all on the clock that is returned.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the subject doesn't say how to make a store.
    pub fn open_store(&self) -> Result<Store, Box<Failure>> {
        let store = self.store.as_ref().ok_or_else(|| lacking("store"))?;
        let clock = clock();
        let (open, subject) = (store(clock.clone()), self.clone());
        Ok(Store { open, clock, subject, notes: Notes::default(), opened: AtomicUsize::new(0) })
    }

    /// An empty bucket with the switch that makes its store fail.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the subject doesn't say how to make one.
    pub fn faulty_rig(&self, rates: impl Into<Rates>) -> Result<(Rig, Switch), Box<Failure>> {
        let make = self.faults.as_ref().ok_or_else(|| lacking("faults"))?;
        let clock = clock();
        let (bucket, switch) = make(rates.into(), clock.clone());
        Ok((self.on_bench(bucket, clock), switch))
    }

    /// An empty bucket with the probe of how much it stores.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the subject doesn't say how to make one.
    pub fn probed_rig(&self, rates: impl Into<Rates>) -> Result<(Rig, Probe), Box<Failure>> {
        let make = self.footprint.as_ref().ok_or_else(|| lacking("footprint"))?;
        let clock = clock();
        let (bucket, probe) = make(rates.into(), clock.clone());
        Ok((self.on_bench(bucket, clock), probe))
    }

    /// Through which door the checks call.
    #[must_use]
    pub fn door(&self) -> Door {
        self.door
    }

    /// Whether nobody can move the bucket's time.
    #[must_use]
    pub fn keeps_own_time(&self) -> bool {
        self.keeps_own_time
    }

    fn on_bench(&self, bucket: AnyBucket, clock: ManualClock) -> Rig {
        Rig::new(bucket, self.door, (!self.keeps_own_time).then_some(clock))
    }
}

/// One store of the subject, in which buckets are opened by key.
pub struct Store {
    open: Opener,
    clock: ManualClock,
    subject: Subject,
    /// Of all handles together: what one of them does shows at another.
    notes: Notes,
    opened: AtomicUsize,
}

impl Store {
    /// A handle on the bucket of `key`, new or held elsewhere already, with these rates.
    #[must_use]
    pub fn open(&self, key: &str, rates: impl Into<Rates>) -> Rig {
        let rig = self.subject.on_bench((self.open)(key, rates.into()), self.clock.clone());
        let number = self.opened.fetch_add(1, Ordering::Relaxed) + 1;
        rig.noted_in(&self.notes, format!("handle {number}: "))
    }
}

fn clock() -> ManualClock {
    let clock = ManualClock::new();
    clock.set(Rig::START);
    clock
}

fn lacking(closure: &str) -> Box<Failure> {
    let expected = format!("`{closure}:` in `conformance!`, which this capability needs");
    Box::new(Failure { expected, found: "none was given".to_owned(), ..Failure::default() })
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("door", &self.door).finish_non_exhaustive()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}
