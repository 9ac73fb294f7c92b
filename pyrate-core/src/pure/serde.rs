//! Rates in configuration files: written as the text they print, read from any text they parse from.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use super::rate::Rate;
use super::rates::Rates;

fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    // Owned: text with escapes, or out of a reader, can't be borrowed.
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
        from_text(deserializer)
    }
}

impl Serialize for Rates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rates, D::Error> {
        from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_go_through_json_as_text() {
        let rates: Rates = serde_json::from_str("\"500/hour;1000/day\"").unwrap();
        assert_eq!(serde_json::to_string(&rates).unwrap(), "\"500/1h;1000/1d\"");
        let rate: Rate = serde_json::from_str("\"5/2s\"").unwrap();
        assert_eq!(serde_json::to_string(&rate).unwrap(), "\"5/2s\"");
    }

    #[test]
    fn text_that_can_not_be_borrowed_is_read_too() {
        let rate = Rate::per_second(5);
        assert_eq!(serde_json::from_str::<Rate>("\"5\\/1s\"").unwrap(), rate);
        assert_eq!(serde_json::from_reader::<_, Rate>(&b"\"5/1s\""[..]).unwrap(), rate);
    }

    #[test]
    fn a_bad_rate_in_a_file_says_what_is_wrong() {
        let refusal = serde_json::from_str::<Rates>("\"5/s;6/s\"").unwrap_err();
        assert!(refusal.to_string().contains("have the same interval"));
    }
}
