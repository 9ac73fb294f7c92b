//! The two doors of a bucket: threads and tasks are told the same.

use std::error::Error;
use std::time::Duration;

use pyrate_core::{BucketError, DoorError, Grant, RateItem, Timestamp};

use crate::course::{History, histories};
use crate::failure::{Failure, Verdict};
use crate::histories::{Deed, Mix, Moment, back};
use crate::random::for_all;
use crate::rig::Rig;
use crate::subject::{Door, Subject};
use crate::view::Twins;

pub(crate) fn sync_async_parity(subject: &Subject) -> Verdict {
    for_all(32, histories(Mix::ALL, 25), |history| {
        let [threads, tasks] = [Door::Sync, Door::Async].map(|door| subject.clone().through(door));
        let twins = Twins {
            model: threads.rig(history.rates.clone()),
            other: tasks.rig(history.rates.clone()),
        };
        if twins.model.handle().now().is_err_and(|error| is_async_only(&error)) {
            return Ok(());
        }
        answers_alike(history, &twins)
    })
}

/// Whether a bucket has no sync methods.
fn is_async_only(error: &BucketError) -> bool {
    let source = error.source().and_then(<dyn Error>::downcast_ref::<DoorError>);
    source == Some(&DoorError::AsyncOnly)
}

/// Plays a history through both doors.
fn answers_alike(history: &History, twins: &Twins) -> Verdict {
    let (mut grants, mut clock): (Vec<[Grant; 2]>, u64) = (Vec::new(), Rig::START.as_micros());
    for (moment, deed) in &history.acts {
        let first: Vec<Grant> = grants.iter().map(|[grant, _]| *grant).collect();
        let now = moment.instant(&history.rates, &first, &mut clock);
        twins.set(Timestamp::from_micros(clock));
        let stamp = matches!(moment, Moment::Stamp(_)).then_some(now);
        act(deed, stamp, twins, &mut grants)?;
        twins.same_view()?;
    }
    Ok(())
}

fn act(
    deed: &Deed,
    stamp: Option<Timestamp>,
    twins: &Twins,
    grants: &mut Vec<[Grant; 2]>,
) -> Verdict {
    let Twins { model, other } = twins;
    match *deed {
        Deed::Reserve { name, weight, max_delay } => {
            let item = RateItem { timestamp: stamp, ..RateItem::new(name, weight) };
            grants.extend(reserve(twins, &item, max_delay)?);
            Ok(())
        }
        Deed::Cancel { grant } | Deed::Leave { waiting: grant } => {
            match back(grants.len(), grant).and_then(|index| grants.get(index)) {
                Some([first, second]) => twins.same(&model.cancel(first)?, &other.cancel(second)?),
                None => Ok(()),
            }
        }
        Deed::Leak => twins.same(&model.leak()?, &other.leak()?),
        Deed::Flush => twins.same(&model.flush()?, &other.flush()?),
        Deed::Look => Ok(()),
    }
}

/// Both grants, if it was granted.
fn reserve(
    twins: &Twins,
    item: &RateItem<'_>,
    max_delay: Duration,
) -> Result<Option<[Grant; 2]>, Box<Failure>> {
    if max_delay.is_zero() {
        return twins.put(item);
    }
    twins.reserve(item, max_delay)
}
