//! Rates read from whatever stands there: bytes, pieces of rates in any order, rates with a few bytes changed.
//!
//! Never a panic; and what is read is printed as a text that reads back as the same. 10^6 texts where `PYRATE_LONG` is set.

#![cfg(test)]

use std::cell::Cell;
use std::env;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use pyrate_core::{Rate, RateError, Rates};

/// What rates are made of, and what looks like it.
const PIECES: [&str; 44] = [
    "1",
    "5",
    "500",
    "10000",
    "0",
    "00",
    "007",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551615",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "/",
    "/",
    "/",
    ";",
    ";",
    " ",
    "\t",
    "\n",
    "s",
    "ms",
    "us",
    "\u{b5}s",
    "\u{3bc}s",
    "m",
    "min",
    "h",
    "hour",
    "hours",
    "d",
    "day",
    "w",
    "weeks",
    "secs",
    "ss",
    "S",
    "month",
    "-",
    "+",
    ".",
    "\0",
    "\u{202e}",
    "\u{0665}",
];

fn texts() -> impl Strategy<Value = String> {
    let bytes = vec(any::<u8>(), 0..40);
    let bytes = bytes.prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let pieces = vec(select(&PIECES[..]), 0..14).prop_map(|pieces| pieces.concat());
    prop_oneof![1 => bytes, 3 => pieces, 2 => written(), 3 => damaged()]
}

/// Rates as somebody would write them.
fn written() -> impl Strategy<Value = String> {
    let unit = select(&["us", "ms", "s", "min", "h", "d", "w", "second", "weeks"][..]);
    let rate = (1..=u64::from(u32::MAX), prop_oneof![Just(1), 1..=100_u64], unit);
    let rate = rate.prop_map(|(limit, count, unit)| format!("{limit}/{count}{unit}"));
    vec(rate, 1..=3).prop_map(|rates| rates.join(";"))
}

/// The same with a few bytes changed, cut off or doubled.
fn damaged() -> impl Strategy<Value = String> {
    let change = (any::<Index>(), any::<u8>(), 0..4_u8);
    (written(), vec(change, 1..4)).prop_map(|(text, changes)| {
        let mut bytes = text.into_bytes();
        for (place, byte, how) in changes {
            let place = place.index(bytes.len().max(1)).min(bytes.len());
            match how {
                0 if place < bytes.len() => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                2 => bytes.truncate(place),
                _ => bytes.extend_from_within(place..),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

#[test]
fn any_text_is_a_rate_that_prints_and_reads_back_as_itself_or_an_error() {
    let texts_wanted = if env::var_os("PYRATE_LONG").is_some() { 1_000_000 } else { 20_000 };
    let read = Cell::new(0);
    let config = Config { cases: texts_wanted, failure_persistence: None, ..Config::default() };
    let ran = TestRunner::new(config).run(&texts(), |text| {
        let (rate, rates) = (text.parse::<Rate>(), text.parse::<Rates>());
        read.set(read.get() + u32::from(rates.is_ok()));
        // One rate is a list of one.
        prop_assert_eq!(rate.is_ok() && rates.is_err(), false, "{:?} is a rate", &text);
        reads_back(rate)?;
        reads_back(rates)
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
    println!("{} of {texts_wanted} were rates", read.get());
    assert!(read.get() > texts_wanted / 10, "enough of them are rates: {}", read.get());
}

fn reads_back<T>(read: Result<T, RateError>) -> Result<(), TestCaseError>
where
    T: std::str::FromStr<Err = RateError> + ToString + PartialEq + std::fmt::Debug,
{
    match read {
        Ok(read) => prop_assert_eq!(read.to_string().parse::<T>(), Ok(read)),
        // Whoever shows the error shows at most a line of the text.
        Err(error) => prop_assert!(error.to_string().chars().count() < 400, "{}", error),
    }
    Ok(())
}
