//! What a script answers.

use std::time::Duration;

use fred::types::Value;
use pyrate_core::{Decision, Denial, Grant, Rates, Timestamp};

use crate::error::RedisError;

/// A server's answer that was no error.
#[derive(Debug)]
pub(crate) struct Answer(pub(crate) Value);

/// Where a reservation stands that is not due yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) at: u64,
    pub(crate) id: u64,
    /// How long before it was due it was decided.
    pub(crate) delay: Duration,
}

/// How one item is answered. A grant at once is told by its instant, everything else by a kind and three numbers.
#[derive(Clone, Copy)]
enum Verdict {
    /// Until the grant of `start` has left the window of the rate of that number, counted from 1; 0 if the line sets it.
    Denied {
        now: u64,
        start: u64,
        binding: u64,
    },
    Granted {
        now: u64,
        at: u64,
        id: u64,
    },
    NeverFits,
}

impl Answer {
    pub(crate) fn number(self) -> Result<u64, RedisError> {
        number(&self.0)
    }

    /// The answers to so many items that were asked about together: an instant alone grants all of them at it, else there is one
    /// each.
    pub(crate) fn one_by_one(self, count: usize) -> Result<Vec<Answer>, RedisError> {
        if let Value::Integer(instant) = self.0 {
            return Ok((0..count).map(|_| Answer(Value::Integer(instant))).collect());
        }
        Ok(self.parts(count)?.into_iter().map(Answer).collect())
    }

    /// The answers to one item each of so many buckets; `None` for those that were left undecided.
    pub(crate) fn bucket_by_bucket(self, count: usize) -> Result<Vec<Option<Answer>>, RedisError> {
        let answer = |part: Value| (!part.is_null()).then_some(Answer(part));
        Ok(self.parts(count)?.into_iter().map(answer).collect())
    }

    fn parts(self, count: usize) -> Result<Vec<Value>, RedisError> {
        match self.0 {
            Value::Array(parts) if parts.len() == count => Ok(parts),
            other => Err(nonsense(&other)),
        }
    }

    /// The decision about one item.
    pub(crate) fn decision(&self, rates: &Rates, weight: u64) -> Result<Decision, RedisError> {
        let decision = self.verdict().and_then(|verdict| verdict.decision(rates, weight));
        decision.ok_or_else(|| nonsense(&self.0))
    }

    /// The reservation, if it is one.
    pub(crate) fn placed(&self) -> Option<Placed> {
        self.verdict()?.placed()
    }

    /// Of the one item that was asked about, by itself or among others.
    fn verdict(&self) -> Option<Verdict> {
        match &self.0 {
            Value::Array(items) if items.len() == 1 => items.first().and_then(Verdict::of),
            item => Verdict::of(item),
        }
    }

    /// An instant and a name; `None` if there is no such unit, `Some((_, None))` if it bears the key's own name.
    pub(crate) fn unit(self) -> Result<Option<(Timestamp, Option<String>)>, RedisError> {
        let parts = self.0.into_array();
        let [at, name] = parts.as_slice() else {
            return if parts.is_empty() { Ok(None) } else { Err(nonsense(&Value::Array(parts))) };
        };
        let name = name.as_bytes().unwrap_or_default();
        let name = name.split_first().map(|(_, text)| String::from_utf8_lossy(text).into_owned());
        Ok(Some((Timestamp::from_micros(number(at)?), name)))
    }

    /// The server's time: seconds, and microseconds of the next one.
    pub(crate) fn time(self) -> Result<Timestamp, RedisError> {
        let Value::Array(parts) = &self.0 else { return Err(nonsense(&self.0)) };
        let [seconds, micros] = parts.as_slice() else { return Err(nonsense(&self.0)) };
        let whole = number(seconds)?.checked_mul(1_000_000).zip(number(micros).ok());
        let time = whole.and_then(|(whole, rest)| whole.checked_add(rest));
        time.map(Timestamp::from_micros).ok_or_else(|| nonsense(&self.0))
    }
}

impl Verdict {
    fn of(item: &Value) -> Option<Verdict> {
        let Value::Array(numbers) = item else {
            let now = item.as_u64()?;
            return Some(Verdict::Granted { now, at: now, id: 0 });
        };
        let [kind, now, at, extra] = numbers.as_slice() else { return None };
        let (now, at, extra) = (now.as_u64()?, at.as_u64()?, extra.as_u64()?);
        match kind.as_u64()? {
            0 => Some(Verdict::Denied { now, start: at, binding: extra }),
            1 => Some(Verdict::Granted { now, at, id: extra }),
            2 => Some(Verdict::NeverFits),
            _ => None,
        }
    }

    fn decision(self, rates: &Rates, weight: u64) -> Option<Decision> {
        Some(match self {
            Verdict::Denied { now, start, binding } => {
                Decision::Denied(denial(rates, now, start, binding)?)
            }
            Verdict::Granted { now, at, id } => {
                let delay = Duration::from_micros(at.checked_sub(now)?);
                let grant = Grant::new(Timestamp::from_micros(at), delay, weight);
                Decision::Granted(grant.with_id(if delay.is_zero() { 0 } else { id }))
            }
            Verdict::NeverFits => {
                Decision::Denied(Denial { rate: rates.shortest(), retry_after: None })
            }
        })
    }

    fn placed(self) -> Option<Placed> {
        match self {
            Verdict::Granted { now, at, id } if at > now => {
                Some(Placed { at, id, delay: Duration::from_micros(at - now) })
            }
            _ => None,
        }
    }
}

fn denial(rates: &Rates, now: u64, start: u64, binding: u64) -> Option<Denial> {
    let (rate, interval) = match binding.checked_sub(1) {
        Some(index) => {
            let rate = *rates.get(usize::try_from(index).ok()?)?;
            (rate, rate.interval_micros())
        }
        None => (rates.shortest(), 0),
    };
    let wait = start.checked_add(interval)?.checked_sub(now)?;
    Some(Denial { rate, retry_after: Some(Duration::from_micros(wait)) })
}

fn number(value: &Value) -> Result<u64, RedisError> {
    value.as_u64().ok_or_else(|| nonsense(value))
}

fn nonsense(value: &Value) -> RedisError {
    RedisError::Answer(format!("{value:?}"))
}

#[cfg(test)]
mod tests {
    use pyrate_core::Rate;

    use super::*;

    /// An answer about one item.
    fn answer(numbers: &[i64]) -> Answer {
        let numbers = numbers.iter().copied().map(Value::from).collect();
        Answer(Value::Array(vec![Value::Array(numbers)]))
    }

    fn rates() -> Rates {
        Rates::new([Rate::per_second(1), Rate::per_minute(2)]).unwrap()
    }

    #[test]
    fn a_denial_waits_until_the_blocking_grant_has_left_the_window_of_the_binding_rate() {
        let denied = answer(&[0, 100, 90, 2]).decision(&rates(), 1).unwrap();
        let expected = Denial {
            rate: Rate::per_minute(2),
            retry_after: Some(Duration::from_micros(60_000_000 - 10)),
        };
        assert_eq!(denied, Decision::Denied(expected));
    }

    #[test]
    fn only_a_grant_in_the_future_has_a_number_and_can_be_given_back() {
        let due = Answer(Value::Integer(5));
        let Ok(Decision::Granted(grant)) = due.decision(&rates(), 1) else { panic!("granted") };
        assert_eq!((grant.at.as_micros(), grant.id(), due.placed()), (5, 0, None));
        let late = answer(&[1, 5, 7, 9]);
        let Ok(Decision::Granted(grant)) = late.decision(&rates(), 1) else { panic!("granted") };
        assert_eq!((grant.delay, grant.id()), (Duration::from_micros(2), 9));
        let placed = Placed { at: 7, id: 9, delay: Duration::from_micros(2) };
        assert_eq!(late.placed(), Some(placed));
    }

    #[test]
    fn an_instant_alone_grants_all_items_at_it() {
        let answers = Answer(Value::Integer(5)).one_by_one(3).unwrap();
        let granted = Decision::Granted(Grant::new(Timestamp::from_micros(5), Duration::ZERO, 1));
        assert_eq!(answers.len(), 3);
        assert!(answers.iter().all(|answer| answer.decision(&rates(), 1).unwrap() == granted));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for numbers in [&[] as &[i64], &[1], &[3, 1, 1, 1], &[1, 7, 5, 0], &[0, 1, 1, 3]] {
            assert!(matches!(answer(numbers).decision(&rates(), 1), Err(RedisError::Answer(_))));
        }
        let nothing = Answer(Value::Array(Vec::new())).decision(&rates(), 1);
        assert!(matches!(nothing, Err(RedisError::Answer(_))));
    }
}
