//! Walking over all buckets of a table, some at a time, each step a transaction of its own.

use std::ops::ControlFlow;
use std::sync::Arc;

use pyrate_core::Timestamp;

use crate::desk::Work;
use crate::key::{BucketKey, Keys};
use crate::transaction::{Failed, Transaction};
use crate::trouble::Trouble;
use crate::work::LEAK_MOST;

/// How many buckets a step visits: others get their turn in between.
const VISITED_AT_ONCE: u64 = 256;

/// Where a step begins, and how far it goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stretch {
    /// The key behind which it begins; `None` is the first.
    pub(crate) after: Option<Vec<u8>>,
    pub(crate) pace: Pace,
}

/// How many buckets a step visits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pace {
    #[default]
    Many,
    One,
    /// None: it goes past one.
    Past,
}

/// What a step came to.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// The key behind which the next one begins; `None` is the first.
    pub(crate) last: Option<Vec<u8>>,
    /// Whether no next one is needed.
    pub(crate) is_last: bool,
    /// The units removed, and the marks that held them.
    pub(crate) units: u64,
    marks: u64,
    /// How many buckets it left in place.
    pub(crate) kept: u64,
    /// The keys, where they were asked for.
    pub(crate) keys: Vec<String>,
}

/// Leaks buckets, and deletes those that are over.
pub(crate) fn sweep(keys: Arc<Keys>, stretch: Stretch) -> impl Work<Step> {
    walk(keys, stretch, |transaction, key, step| {
        let now = transaction.now(None)?;
        sweep_one(transaction, key, now, step).map_err(Failed::from)
    })
}

/// Flushes buckets.
pub(crate) fn flush(keys: Arc<Keys>, stretch: Stretch) -> impl Work<Step> {
    walk(keys, stretch, |transaction, key, _| {
        transaction.log(key)?.flush()?;
        Ok(ControlFlow::Continue(()))
    })
}

/// Lists buckets.
pub(crate) fn list(keys: Arc<Keys>, stretch: Stretch) -> impl Work<Step> {
    walk(keys, stretch, |_, key, step| {
        step.keys.push(key.as_str().to_owned());
        Ok(ControlFlow::Continue(()))
    })
}

/// Deletes a bucket with all that it holds; answers whether there was one.
pub(crate) fn dispose(keys: &Keys, key: &str) -> impl Work<bool> {
    let key = keys.known(key);
    move |transaction| {
        let log = transaction.take_log(&key)?;
        let is_there = log.is_stored();
        log.leave_traces(false)?;
        log.delete()?;
        Ok(is_there)
    }
}

/// Visits buckets in the order of their keys until `visit` breaks off: the next step then begins at the same one.
fn walk(
    keys: Arc<Keys>,
    stretch: Stretch,
    visit: impl Fn(&mut Transaction<'_>, &Arc<BucketKey>, &mut Step) -> Result<ControlFlow<()>, Failed>
    + Send
    + 'static,
) -> impl Work<Step> {
    move |transaction| {
        let Stretch { after, pace } = stretch.clone();
        let most = if pace == Pace::Many { VISITED_AT_ONCE } else { 1 };
        let found = transaction.rows.keys_after(after.as_deref(), most)?;
        let is_end = (found.len() as u64) < most;
        let mut step = Step { last: after, ..Step::default() };
        for key in found {
            if pace != Pace::Past
                && visit(transaction, &keys.known(text(&key)?), &mut step)?.is_break()
            {
                return Ok(step);
            }
            step.last = Some(key);
            if step.marks >= LEAK_MOST {
                return Ok(step);
            }
        }
        step.is_last = is_end;
        Ok(step)
    }
}

fn sweep_one(
    transaction: &mut Transaction<'_>,
    key: &Arc<BucketKey>,
    now: Timestamp,
    step: &mut Step,
) -> Result<ControlFlow<()>, Trouble> {
    let mut log = transaction.take_log(key)?;
    let marks = log.marks();
    let leaked = log.leak(now, LEAK_MOST)?;
    step.units += leaked.units;
    step.marks += marks - log.marks();
    if leaked.is_partial {
        log.save()?;
        return Ok(ControlFlow::Break(()));
    }
    if log.is_over(now) {
        log.leave_traces(true)?;
        log.delete()?;
    } else {
        log.save()?;
        step.kept += 1;
    }
    Ok(ControlFlow::Continue(()))
}

fn text(key: &[u8]) -> Result<&str, Trouble> {
    std::str::from_utf8(key).map_err(|_| Trouble::Contradiction("a key that is no text"))
}
