//! Rates as text: `5/2s`, `500/hour`, `10000/4weeks`, and lists of them, `500/hour;1000/day`.
//!
//! What is printed reads back as the same rate.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::rate::{Rate, RateError};
use super::rates::Rates;

/// A unit of time: its length in microseconds, the name that is printed, other short names, and its words, which may
/// also end in an `s`.
struct Unit(u64, &'static str, &'static [&'static str], &'static [&'static str]);

/// From the longest to the shortest.
const UNITS: [Unit; 7] = [
    Unit(604_800_000_000, "w", &[], &["week"]),
    Unit(86_400_000_000, "d", &[], &["day"]),
    Unit(3_600_000_000, "h", &[], &["hour"]),
    Unit(60_000_000, "min", &["m"], &["min", "minute"]),
    Unit(1_000_000, "s", &[], &["sec", "second"]),
    Unit(1_000, "ms", &[], &["millisecond"]),
    Unit(1, "us", &["\u{b5}s"], &["microsecond"]),
];

impl fmt::Display for Rate {
    /// The interval in the longest unit that divides it: `3/500ms`, `5/2s`, `500/1h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole =
            UNITS.iter().find(|Unit(length, ..)| self.interval_micros().is_multiple_of(*length));
        let Unit(length, name, ..) = whole.unwrap_or(&Unit(1, "us", &[], &[]));
        write!(f, "{}/{}{name}", self.limit(), self.interval_micros() / length)
    }
}

impl FromStr for Rate {
    type Err = RateError;

    /// Reads `limit/interval`, where the interval is a count (1 if left out) and a unit: `5/2s`, `500/hour`.
    ///
    /// | unit | spellings |
    /// |---|---|
    /// | microsecond | `us`, `µs`, `microsecond`, `microseconds` |
    /// | millisecond | `ms`, `millisecond`, `milliseconds` |
    /// | second | `s`, `sec`, `secs`, `second`, `seconds` |
    /// | minute | `m`, `min`, `mins`, `minute`, `minutes` |
    /// | hour | `h`, `hour`, `hours` |
    /// | day, of 24 hours | `d`, `day`, `days` |
    /// | week, of seven days | `w`, `week`, `weeks` |
    ///
    /// Units are in lower case; `m` is a minute, and no unit is a month or a year. Both numbers are digits only. Spaces
    /// around each part are passed over.
    ///
    /// # Errors
    ///
    /// [`RateError::Syntax`] for any other text; else as [`Rate::new`].
    fn from_str(text: &str) -> Result<Rate, RateError> {
        let syntax = || RateError::Syntax { text: text.chars().take(64).collect() };
        let (limit, interval) = text.split_once('/').ok_or_else(syntax)?;
        let limit = whole_number(limit.trim()).ok_or_else(syntax)?;
        let micros = interval_micros(interval.trim()).ok_or_else(syntax)?;
        Rate::new(limit, duration_of(micros))
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, rate) in self.iter().enumerate() {
            write!(f, "{}{rate}", if place == 0 { "" } else { ";" })?;
        }
        Ok(())
    }
}

impl FromStr for Rates {
    type Err = RateError;

    /// Reads rates set apart by `;`, in any order: `500/hour;1000/day`. The units stand at [`Rate`]'s own `from_str`.
    ///
    /// # Errors
    ///
    /// As for [`Rate`], and then as [`Rates::new`].
    fn from_str(text: &str) -> Result<Rates, RateError> {
        if text.trim().is_empty() {
            return Err(RateError::NoRates);
        }
        Rates::new(text.split(';').map(str::parse).collect::<Result<Vec<Rate>, _>>()?)
    }
}

/// A number of digits only: `u64::from_str` alone would also take a sign.
fn whole_number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn interval_micros(text: &str) -> Option<u128> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at_checked(digits)?;
    let count = if count.is_empty() { 1 } else { whole_number(count)? };
    Some(u128::from(count) * u128::from(unit_micros(unit.trim_start())?))
}

fn unit_micros(name: &str) -> Option<u64> {
    let word = name.strip_suffix('s').unwrap_or(name);
    let is_named = |Unit(_, printed, short, words): &&Unit| {
        name == *printed || short.contains(&name) || words.contains(&word)
    };
    UNITS.iter().find(is_named).map(|Unit(length, ..)| *length)
}

/// What no `u64` holds is far beyond every rate: the longest duration stands for it, and is refused as too long.
fn duration_of(micros: u128) -> Duration {
    u64::try_from(micros).map_or(Duration::MAX, Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn the_written_forms_are_read() {
        assert_eq!(rate("5/2s"), Rate::new(5, Duration::from_secs(2)).unwrap());
        assert_eq!(rate("500/hour"), Rate::per_hour(500));
        assert_eq!(rate("10/minute"), Rate::per_minute(10));
        assert_eq!(rate("3/500ms"), Rate::new(3, Duration::from_millis(500)).unwrap());
        assert_eq!(
            rate("10000/4weeks"),
            Rate::new(10_000, Duration::from_secs(2_419_200)).unwrap()
        );
        assert_eq!(rate(" 7 / 2 days "), Rate::new(7, Duration::from_secs(172_800)).unwrap());
        assert_eq!(rate("1/us"), Rate::new(1, Duration::from_micros(1)).unwrap());
        assert_eq!(rate("1/5\u{b5}s"), rate("1/5us"));
        assert_eq!(rate("9/min"), rate("9/m"));
        assert_eq!(rate("9/secs"), rate("9/seconds"));
    }

    #[test]
    fn every_documented_spelling_of_a_unit_is_read() {
        let spellings: [(u64, &str); 7] = [
            (1, "us \u{b5}s microsecond microseconds"),
            (1_000, "ms millisecond milliseconds"),
            (1_000_000, "s sec secs second seconds"),
            (60_000_000, "m min mins minute minutes"),
            (3_600_000_000, "h hour hours"),
            (86_400_000_000, "d day days"),
            (604_800_000_000, "w week weeks"),
        ];
        for (micros, names) in spellings {
            for name in names.split(' ') {
                assert_eq!(rate(&format!("1/{name}")).interval_micros(), micros, "{name}");
            }
        }
    }

    #[test]
    fn the_longest_whole_unit_is_printed() {
        for text in
            ["5/2s", "3/500ms", "7/1us", "500/1h", "10/1min", "1/90s", "1000/1d", "10000/4w"]
        {
            assert_eq!(rate(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_rate_says_how_to_write_one() {
        for text in [
            "",
            "5",
            "5/",
            "/s",
            "five/s",
            "5/2",
            "5/2 parsecs",
            "-5/s",
            "+5/s",
            "5/-2s",
            "5/2.5s",
            "5/ss",
            "5//s",
            "5/S",
            "5/month",
        ] {
            let refusal = text.parse::<Rate>().unwrap_err();
            assert_eq!(refusal, RateError::Syntax { text: text.to_owned() }, "{text}");
            assert!(refusal.to_string().contains("write it as \"5/2s\""));
        }
    }

    #[test]
    fn numbers_beyond_the_range_are_refused_not_wrapped() {
        assert_eq!("0/s".parse::<Rate>(), Err(RateError::ZeroLimit));
        assert_eq!("5/0s".parse::<Rate>(), Err(RateError::ZeroInterval));
        assert!(matches!(
            "18446744073709551615/s".parse::<Rate>(),
            Err(RateError::LimitTooLarge { .. })
        ));
        let long = "1/18446744073709551615weeks".parse::<Rate>();
        assert!(matches!(long, Err(RateError::IntervalTooLong { .. })));
        assert!(matches!("18446744073709551616/s".parse::<Rate>(), Err(RateError::Syntax { .. })));
    }

    #[test]
    fn a_refusal_quotes_no_more_than_64_characters() {
        let RateError::Syntax { text } = "\u{e9}".repeat(1 << 20).parse::<Rate>().unwrap_err()
        else {
            panic!("a megabyte of one letter is not a rate");
        };
        assert_eq!(text.chars().count(), 64);
    }

    #[test]
    fn lists_are_read_in_any_order_and_printed_in_theirs() {
        let rates: Rates = "1000/day; 500/hour".parse().unwrap();
        assert_eq!(rates.to_string(), "500/1h;1000/1d");
        assert_eq!(rates.to_string().parse::<Rates>().unwrap(), rates);
        assert_eq!(" ".parse::<Rates>(), Err(RateError::NoRates));
        assert!("500/hour;".parse::<Rates>().is_err());
    }
}
