//! Several buckets behind one limiter: reads and writes have rates of their own, and anything else is a typed error.

// An example prints: that is its job.
#![allow(clippy::print_stdout)]

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use pyrate_memory::{
    AcquireError, AnyBucket, BucketError, BucketFactory, InMemoryBucket, Limiter, Outcome, Rate,
    RateItem, Rates,
};

/// Names are requests such as `GET /users`: the method chooses the bucket.
struct ByMethod {
    reads: AnyBucket,
    writes: AnyBucket,
}

#[derive(Debug, PartialEq)]
enum RouteError {
    NoMethod,
    UnknownMethod(String),
}

impl BucketFactory for ByMethod {
    fn get(&self, item: &RateItem<'_>) -> Result<Cow<'_, AnyBucket>, BucketError> {
        match item.name.split_once(' ') {
            Some(("GET" | "HEAD", _)) => Ok(Cow::Borrowed(&self.reads)),
            Some(("POST" | "PUT" | "DELETE", _)) => Ok(Cow::Borrowed(&self.writes)),
            Some((method, _)) => Err(RouteError::UnknownMethod(method.to_owned()).into()),
            None => Err(RouteError::NoMethod.into()),
        }
    }

    // What goes for all buckets at once, such as `flush`, goes for these.
    fn buckets(&self) -> Vec<AnyBucket> {
        vec![self.reads.clone(), self.writes.clone()]
    }
}

// Permanent: whoever sends the same request again meets the same error.
impl From<RouteError> for BucketError {
    fn from(error: RouteError) -> BucketError {
        BucketError::new(Outcome::NotRecorded, error).permanent()
    }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RouteError::NoMethod => write!(f, "a request needs a method and a path"),
            RouteError::UnknownMethod(method) => write!(f, "no bucket is for `{method}`"),
        }
    }
}

impl Error for RouteError {}

fn main() -> Result<(), Box<dyn Error>> {
    let write_rates: Rates = "2/minute;3/hour".parse()?;
    let limiter = Limiter::with_factory(ByMethod {
        reads: InMemoryBucket::new(Rate::per_minute(4)).into(),
        writes: InMemoryBucket::new(write_rates).into(),
    });
    each_method_has_its_rates(&limiter);
    errors_can_be_told_apart(&limiter);

    limiter.flush()?;
    println!("flushed: both buckets are empty again");
    limiter.try_acquire(("GET /users", 4))?;
    limiter.try_acquire(("POST /users", 2))?;
    Ok(())
}

fn each_method_has_its_rates(limiter: &Limiter) {
    let requests = ["GET /users", "POST /users", "PUT /users/7", "DELETE /users/7", "HEAD /users"];
    let went = requests.map(|request| ask(limiter, request).is_ok());
    // Two writes went, so the third is refused; the read behind it doesn't mind.
    assert_eq!(went, [true, true, true, false, true]);
}

fn errors_can_be_told_apart(limiter: &Limiter) {
    let unknown = ask(limiter, "BREW /coffee").err();
    let route = unknown.as_ref().and_then(route_error);
    assert_eq!(route, Some(&RouteError::UnknownMethod("BREW".to_owned())));

    let unreadable = ask(limiter, "coffee").err();
    assert_eq!(unreadable.as_ref().and_then(route_error), Some(&RouteError::NoMethod));

    // A full bucket is no failure of the route.
    let full = ask(limiter, "POST /users").err();
    assert!(full.is_some_and(|full| full.is_denied() && route_error(&full).is_none()));
}

/// The error that `get` gave: it comes out as the source of the failure.
fn route_error(refusal: &AcquireError) -> Option<&RouteError> {
    match refusal {
        AcquireError::Bucket(failure) => failure.source()?.downcast_ref(),
        _ => None,
    }
}

fn ask(limiter: &Limiter, request: &str) -> Result<(), AcquireError> {
    let outcome = limiter.try_acquire(request).map(drop);
    match &outcome {
        Ok(()) => println!("{request:15} goes"),
        Err(refusal) => println!("{request:15} {refusal}"),
    }
    outcome
}
