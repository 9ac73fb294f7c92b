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

/// How one item is answered: by the instant of a grant at once, or by four numbers.
#[derive(Clone, Copy)]
struct Verdict {
    kind: u64,
    now: u64,
    at: u64,
    extra: u64,
}

impl Answer {
    pub(crate) fn number(self) -> Result<u64, RedisError> {
        number(&self.0)
    }

    /// The answers to so many items that were asked about together.
    pub(crate) fn one_by_one(self, count: usize) -> Result<Vec<Answer>, RedisError> {
        let items = self.parts(count)?.into_iter();
        Ok(items.map(|item| Answer(Value::Array(vec![item]))).collect())
    }

    /// The answers to one item each of so many buckets; `None` for those that were left undecided.
    pub(crate) fn bucket_by_bucket(self, count: usize) -> Result<Vec<Option<Answer>>, RedisError> {
        let answer = |part: Value| part.is_array().then_some(Answer(part));
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
        let verdict = match &self.0 {
            Value::Array(items) => items.first().and_then(Verdict::of),
            _ => None,
        };
        let decision = verdict.and_then(|verdict| verdict.decision(rates, weight));
        decision.ok_or_else(|| nonsense(&self.0))
    }

    /// The reservations among the decisions.
    pub(crate) fn placed(&self) -> Vec<Placed> {
        let Value::Array(items) = &self.0 else { return Vec::new() };
        let verdicts = items.iter().filter_map(Verdict::of);
        let placed = verdicts.filter(|verdict| verdict.kind == 1 && verdict.at > verdict.now);
        placed
            .map(|Verdict { now, at, extra, .. }| {
                let delay = Duration::from_micros(at.saturating_sub(now));
                Placed { at, id: extra, delay }
            })
            .collect()
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
            return Some(Verdict { kind: 1, now, at: now, extra: 0 });
        };
        let [kind, now, at, extra] = numbers.as_slice() else { return None };
        let (kind, now) = (kind.as_u64()?, now.as_u64()?);
        Some(Verdict { kind, now, at: at.as_u64()?, extra: extra.as_u64()? })
    }

    fn decision(&self, rates: &Rates, weight: u64) -> Option<Decision> {
        match self.kind {
            0 => self.denial(rates).map(Decision::Denied),
            1 => {
                let delay = Duration::from_micros(self.at.checked_sub(self.now)?);
                let grant = Grant::new(Timestamp::from_micros(self.at), delay, weight);
                let id = if delay.is_zero() { 0 } else { self.extra };
                Some(Decision::Granted(grant.with_id(id)))
            }
            2 => Some(Decision::Denied(Denial { rate: rates.shortest(), retry_after: None })),
            _ => None,
        }
    }

    /// The instant of a denial is that of the grant which has to leave the window of a rate first, if a rate sets it.
    fn denial(&self, rates: &Rates) -> Option<Denial> {
        let binding = self.extra.checked_sub(1);
        let binding = binding.map(|index| rates.get(usize::try_from(index).ok()?));
        let (rate, interval) = match binding {
            Some(rate) => (*rate?, rate?.interval_micros()),
            None => (rates.shortest(), 0),
        };
        let wait = self.at.checked_add(interval)?.checked_sub(self.now)?;
        Some(Denial { rate, retry_after: Some(Duration::from_micros(wait)) })
    }
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
        let due = Answer(Value::Array(vec![Value::from(5)]));
        let Ok(Decision::Granted(grant)) = due.decision(&rates(), 1) else { panic!("granted") };
        assert_eq!((grant.at.as_micros(), grant.id(), due.placed()), (5, 0, vec![]));
        let late = answer(&[1, 5, 7, 9]);
        let Ok(Decision::Granted(grant)) = late.decision(&rates(), 1) else { panic!("granted") };
        assert_eq!((grant.delay, grant.id()), (Duration::from_micros(2), 9));
        assert_eq!(late.placed(), [Placed { at: 7, id: 9, delay: Duration::from_micros(2) }]);
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
