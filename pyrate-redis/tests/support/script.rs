//! The scripts by themselves: sent by hand, packed by hand, with pages and batches so small that a few calls fill them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyrate_redis::{
    AbstractBucket, BucketError, Clock, Decision, Denial, Grant, ManualClock, RateItem, Rates,
    Timestamp, TimestampError,
};

use super::server::{Reply, Wire};
use super::{fresh_prefix, shared};

const MAX: u64 = (1 << 53) - 1;

/// The text of a script, its parts put together as the crate does.
macro_rules! text {
    ($($part:literal)*) => {
        concat!($(include_str!(concat!("../../src/script/lua/", $part, ".lua"))),*)
    };
}

const RESERVE: &str =
    text!("load" "time" "quick" "marks" "room" "spot" "names" "line" "change" "reserve");
const CANCEL: &str = text!("load" "time" "marks" "names" "line" "change" "cancel");
const LEAK: &str = text!("load" "time" "marks" "names" "line" "change" "leak");
const FLUSH: &str = text!("load" "time" "marks" "names" "line" "change" "flush");
const WAITING: &str = text!("load" "time" "marks" "room" "spot" "waiting");
const AVAILABLE: &str = text!("load" "time" "marks" "room" "available");
const COUNT: &str = text!("load" "time" "marks" "count");
const PEEK: &str = text!("load" "time" "marks" "peek");

/// A bucket whose pages hold four marks.
pub(crate) struct ScriptBucket {
    rates: Rates,
    clock: ManualClock,
    key: String,
    grace: Duration,
    wire: Mutex<Wire>,
}

impl ScriptBucket {
    pub(crate) fn new(rates: Rates, clock: ManualClock) -> ScriptBucket {
        let wire = Mutex::new(shared().connect());
        let key = format!("{}{{key}}", fresh_prefix());
        ScriptBucket { rates, clock, key, grace: Duration::from_hours(1), wire }
    }

    /// Another handle on the same bucket.
    pub(crate) fn beside(&self, rates: Rates, grace: Duration) -> ScriptBucket {
        let (clock, key) = (self.clock.clone(), self.key.clone());
        ScriptBucket { rates, clock, key, grace, wire: Mutex::new(shared().connect()) }
    }

    /// What all its keys begin with.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Decides several items in one call of the script.
    pub(crate) fn reserve_all(
        &self,
        items: &[(RateItem<'_>, Duration)],
    ) -> Result<Vec<Decision>, BucketError> {
        let mut packed = Vec::new();
        for (item, max_delay) in items {
            packed.extend(self.packed(item, *max_delay)?);
        }
        let verdicts = match self.call(RESERVE, &[packed]) {
            Reply::List(verdicts) => verdicts,
            to_all @ Reply::Text(_) => items.iter().map(|_| to_all.clone()).collect(),
        };
        assert_eq!(verdicts.len(), items.len());
        let answers = verdicts.iter().zip(items);
        Ok(answers.map(|(verdict, (item, _))| self.decision(verdict, item.weight)).collect())
    }

    fn packed(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Vec<u8>, BucketError> {
        let delay = u64::try_from(max_delay.as_micros()).unwrap_or(MAX).min(MAX);
        let mut packed = self.told(item.timestamp)?;
        let instant = packed.split_off(1);
        packed.extend(seven([item.weight, delay]));
        packed.extend(instant);
        packed.extend(seven([1 + u64::try_from(item.name.len()).unwrap()]));
        packed.push(b'.');
        packed.extend_from_slice(item.name.as_bytes());
        Ok(packed)
    }

    fn told(&self, stamp: Option<Timestamp>) -> Result<Vec<u8>, BucketError> {
        let now = stamp.map_or_else(|| self.clock.now(), Ok)?;
        if now > Timestamp::MAX {
            return Err(TimestampError(now).into());
        }
        Ok([vec![1], seven([now.as_micros()])].concat())
    }

    fn common(&self) -> Vec<u8> {
        let longest = self.rates.longest().interval_micros();
        let rates = self.rates.iter().flat_map(|rate| [rate.interval_micros(), rate.limit()]);
        let grace = u64::try_from(self.grace.as_micros()).unwrap();
        [vec![1], seven([longest, grace]), seven(rates)].concat()
    }

    fn call(&self, script: &str, own: &[Vec<u8>]) -> Reply {
        let small =
            script.replace("PAGE, STRIDE, BATCH = 4096, 64, 64", "PAGE, STRIDE, BATCH = 4, 2, 2");
        assert_ne!(small, script, "the constants stand elsewhere now");
        let common = self.common();
        let mut words: Vec<&[u8]> =
            vec![b"EVAL", small.as_bytes(), b"1", self.key.as_bytes(), &common];
        words.extend(own.iter().map(Vec::as_slice));
        let mut wire = self.wire.lock().unwrap_or_else(PoisonError::into_inner);
        wire.ask_bytes(&words)
    }

    fn number(&self, script: &str, own: &[Vec<u8>]) -> u64 {
        number(&self.call(script, own))
    }

    fn decision(&self, verdict: &Reply, weight: u64) -> Decision {
        let Reply::List(numbers) = verdict else {
            let at = micros(number(verdict));
            return Decision::Granted(Grant::new(at, Duration::ZERO, weight));
        };
        let numbers: Vec<u64> = numbers.iter().map(number).collect();
        let &[kind, now, at, extra] = numbers.as_slice() else { panic!("four numbers") };
        let shortest = self.rates.shortest();
        match kind {
            1 => {
                let grant = Grant::new(micros(at), Duration::from_micros(at - now), weight);
                Decision::Granted(grant.with_id(extra))
            }
            2 => Decision::Denied(Denial { rate: shortest, retry_after: None }),
            _ if extra == 0 => denied(shortest, at - now),
            _ => {
                let rate = self.rates[usize::try_from(extra).unwrap() - 1];
                denied(rate, at + rate.interval_micros() - now)
            }
        }
    }
}

impl AbstractBucket for ScriptBucket {
    fn rates(&self) -> &Rates {
        &self.rates
    }

    fn now(&self) -> Result<Timestamp, BucketError> {
        self.clock.now()
    }

    fn reserve(&self, item: &RateItem<'_>, max_delay: Duration) -> Result<Decision, BucketError> {
        if item.weight > MAX {
            self.told(item.timestamp)?;
            let rate = self.rates.shortest();
            return Ok(Decision::Denied(Denial { rate, retry_after: None }));
        }
        Ok(self.reserve_all(&[(item.clone(), max_delay)])?[0])
    }

    fn waiting(&self, item: &RateItem<'_>) -> Result<Option<Duration>, BucketError> {
        if item.weight > MAX {
            return self.told(item.timestamp).map(|_| None);
        }
        let answer = self.call(WAITING, &[self.packed(item, Duration::ZERO)?]);
        let Reply::List(verdicts) = answer else { panic!("answered: {answer:?}") };
        match self.decision(&verdicts[0], item.weight) {
            Decision::Denied(denial) => Ok(denial.retry_after),
            Decision::Granted(grant) => panic!("it only looks: {grant:?}"),
        }
    }

    fn cancel(&self, grant: &Grant) -> Result<bool, BucketError> {
        if grant.at > Timestamp::MAX {
            return Ok(false);
        }
        let own = [self.told(None)?, seven([grant.at.as_micros(), grant.id()])].concat();
        Ok(self.number(CANCEL, &[own]) == 1)
    }

    fn leak(&self, now: Option<Timestamp>) -> Result<u64, BucketError> {
        Ok(self.number(LEAK, &[self.told(now)?]))
    }

    fn flush(&self) -> Result<(), BucketError> {
        assert_eq!(self.number(FLUSH, &[]), 0);
        Ok(())
    }

    fn count(&self) -> Result<u64, BucketError> {
        Ok(self.number(COUNT, &[self.told(None)?]))
    }

    fn available(&self) -> Result<u64, BucketError> {
        Ok(self.number(AVAILABLE, &[self.told(None)?]))
    }

    fn peek(&self, index: u64) -> Result<Option<RateItem<'static>>, BucketError> {
        let answer = self.call(PEEK, &[[self.told(None)?, seven([index])].concat()]);
        let Reply::List(parts) = answer else { panic!("answered: {answer:?}") };
        let [at, name] = parts.as_slice() else { return Ok(None) };
        let (at, name) = (number(at), name.text());
        let name = name.strip_prefix('.').unwrap_or("key").to_owned();
        let timestamp = Some(micros(at));
        Ok(Some(RateItem { timestamp, ..RateItem::new(name, 1) }))
    }
}

fn number(reply: &Reply) -> u64 {
    let text = reply.text();
    text.parse().unwrap_or_else(|_| panic!("answered: {text}"))
}

fn micros(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn denied(rate: pyrate_redis::Rate, wait: u64) -> Decision {
    Decision::Denied(Denial { rate, retry_after: Some(Duration::from_micros(wait)) })
}

/// Each number in seven bytes.
fn seven(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let bytes = numbers.into_iter().flat_map(|number| number.to_be_bytes()[1..].to_vec());
    bytes.collect()
}
