//! Calls that share a transaction answer like the same calls one after the other.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use pyrate_conformance::histories::{self, back};
use pyrate_sqlite::{
    AbstractBucket, AsyncBucket, Decision, Grant, ManualClock, RateItem, Rates, SlidingLog,
    SqliteBucket, SqliteStore, Timestamp,
};

use crate::gate::Gate;
use crate::{Check, at, cases, item, nameless};

/// A call of a batch.
#[derive(Clone, Debug)]
enum Call {
    /// With a stamp so far beside the clock, if with any.
    Reserve {
        name: &'static str,
        weight: u64,
        max_delay: Duration,
        stamp: Option<i64>,
    },
    /// Of a grant of an earlier batch.
    Cancel(u8),
    Flush,
    Count,
    Peek(u64),
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Decided(Decision),
    Is(bool),
    Done,
    Units(u64),
    Shown(Option<RateItem<'static>>),
}

type Asking = Pin<Box<dyn Future<Output = Answer> + Send>>;

struct Desk {
    bucket: SqliteBucket,
    log: SlidingLog,
    clock: ManualClock,
    gate: Gate,
    /// What both granted.
    grants: Vec<(Grant, Grant)>,
}

impl Desk {
    fn of(rates: &Rates) -> Desk {
        let clock = ManualClock::new();
        let gate = Gate::before(clock.clone());
        let store = SqliteStore::builder_in_memory().clock(gate.clone()).build().unwrap();
        let (bucket, log) = (store.bucket("a", rates.clone()), SlidingLog::new(rates.clone()));
        Desk { bucket, log, clock, gate, grants: Vec::new() }
    }

    /// Makes all calls at once while another is held up, and compares what they answer.
    fn batch(&mut self, calls: &[Call], now: Timestamp) -> Check {
        self.clock.set(now);
        let grants = self.grants.clone();
        let ours = self.ask_at_once(calls, &grants, now);
        let due: Vec<Answer> = calls.iter().map(|call| self.due(call, &grants, now)).collect();
        for ((call, ours), due) in calls.iter().zip(&ours).zip(&due) {
            let (Answer::Decided(ours), Answer::Decided(due)) = (ours, due) else {
                prop_assert_eq!(ours, due, "{:?} at {}", call, now);
                continue;
            };
            prop_assert_eq!(nameless(*ours), nameless(*due), "{:?} at {}", call, now);
            if let (Decision::Granted(ours), Decision::Granted(due)) = (ours, due) {
                self.grants.push((*ours, *due));
            }
        }
        Ok(())
    }

    fn ask_at_once(
        &self,
        calls: &[Call],
        grants: &[(Grant, Grant)],
        now: Timestamp,
    ) -> Vec<Answer> {
        self.gate.close();
        let bucket = self.bucket.clone();
        let held_up = thread::spawn(move || bucket.count().unwrap());
        self.gate.wait_for_a_reader();
        let mut asking: Vec<Asking> =
            calls.iter().map(|call| self.ask(call.clone(), grants, now)).collect();
        // Each is queued as it is polled first.
        for asking in &mut asking {
            pollster::block_on(poll_fn(|context| {
                assert!(asking.as_mut().poll(context).is_pending());
                Poll::Ready(())
            }));
        }
        self.gate.open();
        held_up.join().unwrap();
        let answers = asking.into_iter().map(pollster::block_on).collect();
        assert!(self.gate.readings() <= 2, "the calls did not share a transaction");
        answers
    }

    fn ask(&self, call: Call, grants: &[(Grant, Grant)], now: Timestamp) -> Asking {
        let bucket = self.bucket.clone();
        let grant = cancelled(&call, grants).map(|(ours, _)| ours);
        Box::pin(async move {
            match call {
                Call::Reserve { name, weight, max_delay, stamp } => {
                    let item = item(name, weight, stamp.map(|by| beside(now, by)));
                    Answer::Decided(bucket.reserve_async(&item, max_delay).await.unwrap())
                }
                Call::Cancel(_) => match grant {
                    Some(grant) => Answer::Is(bucket.cancel_async(&grant).await.unwrap()),
                    None => Answer::Units(bucket.count_async().await.unwrap()),
                },
                Call::Flush => {
                    bucket.flush_async().await.unwrap();
                    Answer::Done
                }
                Call::Count => Answer::Units(bucket.count_async().await.unwrap()),
                Call::Peek(index) => Answer::Shown(bucket.peek_async(index).await.unwrap()),
            }
        })
    }

    fn due(&mut self, call: &Call, grants: &[(Grant, Grant)], now: Timestamp) -> Answer {
        match *call {
            Call::Reserve { name, weight, max_delay, stamp } => {
                let now = stamp.map_or(now, |by| beside(now, by));
                let item = item(name, weight, None);
                Answer::Decided(self.log.reserve(&item, now, max_delay).unwrap())
            }
            Call::Cancel(_) => match cancelled(call, grants) {
                Some((_, due)) => Answer::Is(self.log.cancel(&due, now).unwrap()),
                None => Answer::Units(self.log.count(now).unwrap()),
            },
            Call::Flush => {
                self.log.flush();
                Answer::Done
            }
            Call::Count => Answer::Units(self.log.count(now).unwrap()),
            Call::Peek(index) => Answer::Shown(self.log.peek(index, now).unwrap()),
        }
    }
}

fn cancelled(call: &Call, grants: &[(Grant, Grant)]) -> Option<(Grant, Grant)> {
    let Call::Cancel(by) = call else { return None };
    back(grants.len(), *by).map(|index| grants[index])
}

fn beside(now: Timestamp, by: i64) -> Timestamp {
    at(now.as_micros().saturating_add_signed(by))
}

fn call() -> impl Strategy<Value = Call> {
    let name = prop_oneof![Just("a"), Just("b"), Just("c")];
    let patience = prop_oneof![Just(Duration::ZERO), Just(Duration::MAX)];
    let stamp = prop_oneof![4 => Just(None), 1 => (-9..=4_i64).prop_map(Some)];
    let reserve =
        (name, 0..=4_u64, patience, stamp).prop_map(|(name, weight, max_delay, stamp)| {
            Call::Reserve { name, weight, max_delay, stamp }
        });
    prop_oneof![
        24 => reserve,
        8 => any::<u8>().prop_map(Call::Cancel),
        1 => Just(Call::Flush),
        2 => Just(Call::Count),
        2 => (0..=20_u64).prop_map(Call::Peek),
    ]
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn calls_that_share_a_transaction_answer_like_calls_one_after_the_other(
        rates in histories::rates(),
        batches in vec((0..=30_u64, vec(call(), 1..=24)), 1..=6),
    ) {
        let (mut desk, mut now) = (Desk::of(&rates), 1_000);
        for (later, calls) in batches {
            now += later;
            desk.batch(&calls, at(now))?;
        }
    }
}
