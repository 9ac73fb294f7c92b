//! When the keys of a bucket end: none before the string that says that it is in use.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use pyrate_redis::{
    AbstractBucket, Decision, Grant, ManualClock, Rate, RateItem, Rates, Timestamp,
};

use crate::pair::Check;
use crate::support::script::ScriptBucket;
use crate::support::server::{Reply, Wire};
use crate::support::{fresh_prefix, shared};
use crate::{START, for_all, store_under};

const MILLI: Duration = Duration::from_millis(1);

/// Of each further key of KEYS[1] its name, the milliseconds it has left, and of a page its newest instant; the string's own
/// life comes last, since the server's time goes on meanwhile and must not make it seem longer than the others'.
const LIVES: &str = "
    local lives = {}
    for _, key in ipairs(redis.call('KEYS', KEYS[1] .. ':*')) do
      local mark = key:find(':%d+$') and redis.call('GETRANGE', key, -14, -8)
      local newest = mark and struct.unpack('>I7', mark) or 0
      table.insert(lives, { key:sub(#KEYS[1] + 1), redis.call('PTTL', key), newest })
    end
    table.insert(lives, { '', redis.call('PTTL', KEYS[1]), 0 })
    return lives";

struct Life {
    suffix: String,
    left: i64,
    newest: u64,
}

impl Life {
    fn of(reply: &Reply) -> Life {
        let Reply::List(parts) = reply else { panic!("answered: {reply:?}") };
        let [suffix, left, newest] = parts.as_slice() else { panic!("answered: {reply:?}") };
        let number = |part: &Reply| part.text().parse::<i64>().unwrap();
        Life {
            suffix: suffix.text(),
            left: number(left),
            newest: u64::try_from(number(newest)).unwrap(),
        }
    }
}

/// Fails if a key of the bucket has no end, one that comes before the string's, or one that comes long after it. Of a page, no
/// mark may be kept any more by then.
fn check(wire: &mut Wire, key: &str, kept: Duration, now: u64) -> Check {
    let reply = wire.ask_bytes(&[b"EVAL", LIVES.as_bytes(), b"1", key.as_bytes()]);
    let Reply::List(lives) = &reply else { panic!("answered: {reply:?}") };
    let lives: Vec<Life> = lives.iter().map(Life::of).collect();
    let string = lives.last().unwrap().left;
    prop_assert!(string == -2 || string > 0, "the string has no end");
    for Life { suffix, left, newest } in &lives {
        if *newest == 0 {
            let longer = *left - string;
            prop_assert!(
                (0..1_000).contains(&longer),
                "{} outlives its string by {}",
                suffix,
                longer
            );
        } else {
            let until = newest.saturating_sub(now) + u64::try_from(kept.as_micros()).unwrap();
            prop_assert!(*left > 0 && *left * 1_000 >= i64::try_from(until).unwrap(), "{}", suffix);
        }
    }
    Ok(())
}

fn rates(text: &str) -> Rates {
    text.parse().unwrap()
}

/// A line was begun, and a later reservation drops what lay before it: the string is written anew, for longer than the line
/// was given to live.
#[test]
fn a_string_that_is_written_anew_does_not_outlive_its_line_and_names() {
    let (clock, prefix) = (ManualClock::new(), fresh_prefix());
    clock.set(Timestamp::from_micros(START));
    let bucket = store_under(&prefix, clock.clone()).bucket("a", rates("100/1s"));
    let reserve = |name, weight| {
        let item = RateItem::new(name, weight);
        assert!(bucket.reserve(&item, Duration::MAX).unwrap().is_granted());
    };
    for number in 0..70 {
        reserve(["b", "c"][number % 2], 1);
        clock.advance(Duration::from_micros(1));
    }
    (0..4).for_each(|_| reserve("b", 100));
    clock.advance(Duration::from_millis(1_500));
    reserve("c", 100);
    let mut wire = shared().connect();
    check(&mut wire, &format!("{prefix}{{a}}"), Duration::from_secs(1), START + 1_500_070).unwrap();
}

#[derive(Clone, Debug)]
enum Deed {
    Reserve(&'static str, u64, Duration),
    Cancel(usize),
    Leak,
    Flush,
}

fn deed() -> impl Strategy<Value = Deed> {
    let long = "llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll";
    let max_delay = prop_oneof![4 => Just(Duration::MAX), 1 => Just(Duration::ZERO)];
    prop_oneof![
        24 => (select(vec!["key", "a", "b", long]), 1..=4_u64, max_delay)
            .prop_map(|(name, weight, max_delay)| Deed::Reserve(name, weight, max_delay)),
        10 => (0..12_usize).prop_map(Deed::Cancel),
        4 => Just(Deed::Leak),
        1 => Just(Deed::Flush),
    ]
}

/// Windows of seconds, since lives are told in milliseconds.
fn some_rates() -> impl Strategy<Value = Rates> {
    let rate = |(limit, millis)| Rate::new(limit, MILLI * millis).unwrap();
    (4..=8_u64, 1_000..=12_000_u32).prop_map(move |of| rate(of).into())
}

/// Which handle, how many milliseconds later, and what it does.
type Act = (usize, u32, Deed);

fn play(handles: &[ScriptBucket], clock: &ManualClock, acts: &[Act]) -> Check {
    let (mut wire, mut held) = (shared().connect(), Vec::<Grant>::new());
    let (mut now, mut kept) = (START, Duration::ZERO);
    for (handle, later, deed) in acts {
        now += u64::from(*later) * 1_000;
        clock.set(Timestamp::from_micros(now));
        let handle = &handles[handle % handles.len()];
        match deed {
            Deed::Reserve(name, weight, max_delay) => {
                let item = RateItem::new(*name, *weight);
                if let Decision::Granted(grant) = handle.reserve(&item, *max_delay).unwrap() {
                    kept = kept.max(handle.rates().longest().interval());
                    held.push(grant);
                }
            }
            Deed::Cancel(back) if !held.is_empty() => {
                let last = held.len() - 1;
                handle.cancel(&held[last - back % held.len()]).unwrap();
            }
            Deed::Cancel(_) => {}
            Deed::Leak => drop(handle.leak(None).unwrap()),
            Deed::Flush => handle.flush().unwrap(),
        }
        check(&mut wire, handle.key(), kept, now)?;
    }
    Ok(())
}

#[test]
fn whatever_is_called_no_key_ends_before_its_string_nor_a_page_before_its_marks() {
    let later =
        prop_oneof![6 => Just(0_u32), 6 => 1..400_u32, 2 => 400..4_000_u32, 1 => 4_000..40_000_u32];
    let grace = prop_oneof![Just(Duration::from_secs(1)), Just(Duration::from_hours(1))];
    let acts = vec((any::<usize>(), later, deed()), 20..160);
    for_all(150, (some_rates(), some_rates(), grace, acts), |(first, second, grace, acts)| {
        let clock = ManualClock::new();
        let bucket = ScriptBucket::new(first, clock.clone());
        let other = bucket.beside(second, grace);
        play(&[bucket, other], &clock, &acts)
    });
}
