//! Long histories read from streams of bytes: each few bytes are a call, whatever they are.
//!
//! Where `histories` makes short ones that shrink well, these go on for hundreds of calls on one log, as a fuzzer's would.
//! 10^7 calls where `PYRATE_LONG` is set.

use std::cell::Cell;
use std::env;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use pyrate_conformance::histories::rates;
use pyrate_core::{Rates, Timestamp};

use crate::pair::{Call, Check, Pair};

const START: u64 = 1_000;
/// How many bytes a call takes.
const CALL: usize = 3;
const CALLS: usize = 300;

#[test]
fn whatever_a_stream_of_bytes_calls_the_log_decides_as_the_oracle_does() {
    let wanted: u64 = if env::var_os("PYRATE_LONG").is_some() { 10_000_000 } else { 40_000 };
    let calls = Cell::new(0);
    while calls.get() < wanted {
        let config = Config { cases: 50, failure_persistence: None, ..Config::default() };
        let streams = (rates(), vec(any::<u8>(), CALL..=CALL * CALLS));
        let played = TestRunner::new(config).run(&streams, |(rates, bytes)| {
            calls.update(|calls| calls + (bytes.len() / CALL) as u64);
            play(&rates, &bytes)
        });
        if let Err(failure) = played {
            panic!("{failure}");
        }
    }
    println!("{} calls", calls.get());
}

fn play(rates: &Rates, bytes: &[u8]) -> Check {
    let (mut pair, mut clock) = (Pair::new(rates), START);
    let (calls, _) = bytes.as_chunks::<CALL>();
    for [what, time, how] in calls {
        clock = moved(clock, *time);
        let call = call(&pair, [*what, *time, *how], Timestamp::from_micros(clock));
        pair.call(&call)?;
    }
    Ok(())
}

/// The clock goes on by a few ticks, mostly by none, and now and then far ahead or back.
fn moved(clock: u64, time: u8) -> u64 {
    match time {
        0..=159 => clock,
        160..=231 => clock + u64::from(time % 4),
        232..=247 => clock + u64::from(time - 228),
        248..=252 => clock + 100,
        _ => clock.saturating_sub(u64::from(time - 250)),
    }
}

fn call(pair: &Pair, [what, time, how]: [u8; CALL], now: Timestamp) -> Call {
    let waiting = pair.waiting_at(now);
    let turn = |count: usize| usize::from(how) % count.max(1);
    match what {
        0..=159 => Call::Reserve {
            name: ["a", "b", "c"][usize::from(what % 3)],
            weight: [1, 1, 1, 2, 3, u64::from(how % 8)][usize::from(time % 6)],
            now,
            max_delay: max_delay(how),
        },
        160..=215 if !waiting.is_empty() => {
            Call::Cancel { grant: waiting[turn(waiting.len())], now }
        }
        216..=227 if !pair.grants().is_empty() => {
            Call::Cancel { grant: turn(pair.grants().len()), now }
        }
        228..=247 => Call::Leak { now },
        255 if how < 32 => Call::Flush,
        _ => Call::Look { now },
    }
}

fn max_delay(how: u8) -> Duration {
    match how {
        0..=79 => Duration::ZERO,
        80..=111 => Duration::from_micros(u64::from(how - 80)),
        _ => Duration::MAX,
    }
}
