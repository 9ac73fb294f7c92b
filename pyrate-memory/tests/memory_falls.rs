//! What a `KeyedMemory` takes of the process's memory: bounded by the names of a window, and given back afterwards.
//!
//! In a process of its own, and one test at a time: they count every byte that is allocated.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and these say what they measured"
)]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use pyrate_memory::{
    BucketFactory, KeyedMemory, Limiter, ManualClock, Rate, RateItem, Rates, Timestamp,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MILLION: u64 = 1_000_000;

/// The right to count bytes, once nothing is given back any more: a leaker that was the last to hold its limiter frees
/// a million names on its own thread, after the test before has ended.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut before = usize::MAX;
    while MEMORY.current_usage().abs_diff(before) > 1_000 {
        before = MEMORY.current_usage();
        thread::sleep(Duration::from_millis(100));
    }
    alone
}

fn per(limit: u64, interval: Duration) -> Rates {
    Rate::new(limit, interval).unwrap().into()
}

/// A name of 16 bytes, other than that of any other number, on the stack.
struct Name([u8; 16]);

impl Name {
    fn of(number: u64) -> Name {
        // Multiplication by an odd number is one to one: scattered, and no two alike.
        let mut bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Name([(); 16].map(|()| {
            bits = bits.rotate_left(4);
            b"0123456789abcdef"[usize::try_from(bits & 15).unwrap()]
        }))
    }

    fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap()
    }
}

/// Bytes allocated beyond `baseline`.
fn beyond(baseline: usize) -> usize {
    MEMORY.current_usage().saturating_sub(baseline)
}

#[test]
fn a_million_names_used_once_are_given_back_without_a_call() {
    let _alone = alone();
    let baseline = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let memory = KeyedMemory::new(per(1, Duration::from_secs(2)));
    let limiter = Limiter::with_factory(memory);
    for number in 0..MILLION {
        assert!(limiter.try_acquire(Name::of(number).as_str()).is_ok());
    }
    let (last_call, peak) = (Instant::now(), MEMORY.peak_usage() - baseline);
    while beyond(baseline) > peak / 10 && last_call.elapsed() < Duration::from_secs(3) {
        thread::sleep(Duration::from_millis(5));
    }
    let (after, left) = (last_call.elapsed(), beyond(baseline));
    println!("peak {peak} bytes, {left} left after {after:?}");
    assert!(left <= peak / 10, "{left} of {peak} bytes are left");
}

/// Uses each of a million names at so many instants more, and says how many bytes a name takes then.
fn used(memory: &KeyedMemory, instants: std::ops::Range<u64>, baseline: usize) -> usize {
    for number in 0..MILLION {
        let name = Name::of(number);
        for micros in instants.clone() {
            let timestamp = Some(Timestamp::from_micros(micros));
            let item = RateItem { timestamp, ..RateItem::new(name.as_str(), 1) };
            assert!(memory.reserve(&item, Duration::ZERO).unwrap().is_granted());
        }
    }
    beyond(baseline) / usize::try_from(MILLION).unwrap()
}

#[test]
fn a_name_takes_200_bytes_with_four_grants_and_340_with_ten() {
    let _alone = alone();
    let baseline = MEMORY.current_usage();
    let rates: Rates = "100/minute;1000/hour".parse().unwrap();
    let memory = KeyedMemory::builder(rates).clock(ManualClock::new()).build();
    let [one, four, ten] = [0..1, 1..4, 4..10].map(|instants| used(&memory, instants, baseline));
    println!("bytes a name: {one} with 1 grant, {four} with 4, {ten} with 10");
    assert!(one <= 200 && four <= 200 && ten <= 340, "{one}, {four}, {ten}");
    drop(memory);
    assert!(beyond(baseline) < 100_000);
}

/// What names take that were used once each, one a microsecond: at the most, and at the end.
fn rotating(names: u64, window: u64) -> usize {
    let baseline = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let clock = ManualClock::new();
    let memory = KeyedMemory::builder(per(1, Duration::from_micros(window))).clock(clock.clone());
    let limiter = Limiter::builder_with_factory(memory.build()).without_leaker().build();
    for number in 0..names {
        clock.set(Timestamp::from_micros(number));
        assert!(limiter.try_acquire(Name::of(number).as_str()).is_ok());
    }
    MEMORY.peak_usage() - baseline
}

#[test]
fn without_a_leaker_memory_follows_the_names_of_a_window() {
    let _alone = alone();
    for window in [100, 10_000, 40_000, 100_000] {
        let (needed, taken) = (rotating(window, window), rotating(8 * window, window));
        println!("window of {window} names: {needed} bytes needed, {taken} taken");
        // Tables double, and expired names stand in them for up to a quarter of a window: twice two in the worst case.
        assert!(taken <= 4 * needed + needed / 8, "{taken} of {needed} bytes");
    }
}
