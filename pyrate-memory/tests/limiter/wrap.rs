//! Decorators: a wrapped function runs once for each grant, and not at all without one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pyrate_memory::{AcquireError, Clock, Timestamp};

use crate::desk::{at_ms, count, fullest, ms, on_manual, on_tokio, per, poll, ready, until};

#[test]
fn try_wrap_runs_the_function_once_for_each_grant() {
    let (limiter, _clock) = on_manual(per(2, ms(100)));
    let runs = AtomicUsize::new(0);
    let run = limiter.try_wrap(
        |(user, _): &(&str, u64)| (*user).to_owned(),
        |(_, number)| {
            runs.fetch_add(1, Ordering::SeqCst);
            number * 10
        },
    );
    let answers: Vec<_> = (0..10).map(|number| run(("user", number))).collect();
    assert_eq!((runs.load(Ordering::SeqCst), answers[1].as_ref().ok()), (2, Some(&10)));
    let is_refused = |answer: &Result<u64, AcquireError>| {
        answer.as_ref().is_err_and(|refusal| refusal.name() == Some("user"))
    };
    assert!(answers[2..].iter().all(is_refused));
}

#[test]
fn wrap_runs_the_function_each_time_and_never_too_often() {
    let (limiter, clock) = on_manual(per(2, ms(100)));
    let runs = Arc::new(Mutex::new(Vec::<Timestamp>::new()));
    let (kept, seen) = (Arc::clone(&runs), clock.clone());
    let run =
        limiter.wrap(|(): &()| "wrapped", move |()| kept.lock().unwrap().push(seen.now().unwrap()));
    let thread = thread::spawn(move || (0..10).for_each(|_| run(()).unwrap()));
    for round in 1..5 {
        // Whoever was woken has run before the clock moves on.
        until(|| runs.lock().unwrap().len() == 2 * round && clock.sleepers() == 1);
        clock.advance(ms(100));
    }
    thread.join().unwrap();
    let runs = runs.lock().unwrap();
    assert_eq!((runs.len(), fullest(&runs, ms(100))), (10, 2));
}

#[test]
fn a_wrapped_function_that_is_refused_for_good_does_not_run() {
    let (limiter, _clock) = on_manual(per(2, ms(100)));
    let run = limiter.wrap(|(): &()| ("heavy", 3), |()| unreachable!("it was not let through"));
    let refusal: Result<(), AcquireError> = run(());
    assert!(matches!(refusal, Err(AcquireError::TooHeavy { .. })));
    assert_eq!(count(&limiter), 0);
}

#[tokio::test(start_paused = true)]
async fn wrap_async_runs_each_time_and_never_too_often() {
    let start = tokio::time::Instant::now();
    let limiter = on_tokio(per(2, ms(100)));
    let run = limiter.wrap_async(|_: &u32| "wrapped", move |_| async move { start.elapsed() });
    drop(limiter);
    let tasks: Vec<_> = (0..10).map(|number| tokio::spawn(run(number))).collect();
    let mut runs = Vec::new();
    for task in tasks {
        let after: Duration = task.await.unwrap().unwrap();
        runs.push(at_ms(u64::try_from(after.as_millis()).unwrap()));
    }
    // Granted every 100 ms; tokio's timer may be a millisecond or two late.
    assert!((400..=402).contains(&(runs[9].as_micros() / 1_000)), "{runs:?}");
    assert_eq!(fullest(&runs, ms(98)), 2);
}

#[tokio::test]
async fn try_wrap_async_runs_the_function_once_for_each_grant() {
    let (limiter, _clock) = on_manual(per(2, ms(100)));
    let runs = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&runs);
    let run = limiter.try_wrap_async(
        |_: &u32| "wrapped",
        move |number| {
            let runs = Arc::clone(&kept);
            async move { runs.lock().unwrap().push(number) }
        },
    );
    for number in 0..10 {
        assert_eq!(tokio::spawn(run(number)).await.unwrap().is_ok(), number < 2);
    }
    assert_eq!(*runs.lock().unwrap(), [0, 1]);
}

#[test]
fn a_dropped_call_of_a_wrapped_function_gives_its_place_back() {
    let (limiter, clock) = on_manual(per(1, ms(100)));
    let run = limiter.wrap_async(|_: &u32| "wrapped", |number| async move { number });
    assert_eq!(ready(&mut run(1)).unwrap(), 1);
    let mut gone = run(2);
    assert!(poll(&mut gone).is_pending());
    assert_eq!(count(&limiter), 2);
    drop(gone);
    assert_eq!(count(&limiter), 1);
    let mut next = run(3);
    assert!(poll(&mut next).is_pending());
    clock.advance(ms(100));
    assert_eq!(ready(&mut next).unwrap(), 3);
}
