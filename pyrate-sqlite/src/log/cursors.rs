//! Cursors: where the windows of some intervals began when it was last looked.
//!
//! A cursor belongs to an interval, whatever the limit: handles with different rates find the ones they share.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// A place in the log: the mark with this number is the first behind it, and those before it add up to `before`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) number: u64,
    pub(super) before: u64,
}

/// The cursors that are kept, by interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursors(Vec<(u64, Cursor)>);

/// Interval, number and total, eight bytes each.
const STORED: usize = 24;

/// How many are kept: more are only needed where handles with many different rates share a bucket, and are then found anew.
const MOST: usize = 16;

impl Cursors {
    /// The cursor of `interval`, if there is one.
    pub(super) fn of(&self, interval: u64) -> Option<Cursor> {
        self.0.iter().find(|(kept, _)| *kept == interval).map(|(_, cursor)| *cursor)
    }

    /// Keeps `cursor` for `interval`.
    pub(super) fn set(&mut self, interval: u64, cursor: Cursor) {
        if let Some((_, kept)) = self.0.iter_mut().find(|(kept, _)| *kept == interval) {
            *kept = cursor;
        } else {
            self.0.truncate(MOST - 1);
            self.0.insert(0, (interval, cursor));
        }
    }

    /// Moves those that stand before `start` to it: what lies before it was dropped.
    pub(super) fn not_before(&mut self, start: Cursor) {
        let before = |cursor: &&mut Cursor| cursor.number < start.number;
        self.0.iter_mut().map(|(_, cursor)| cursor).filter(before).for_each(|it| *it = start);
    }

    /// Moves those that stand behind `end` to it: what lay before them was taken away.
    pub(super) fn not_behind(&mut self, end: Cursor) {
        for (_, cursor) in &mut self.0 {
            cursor.number = cursor.number.min(end.number);
            cursor.before = cursor.before.min(end.before);
        }
    }

    /// Counts every total from `by` on.
    pub(super) fn shift(&mut self, by: u64) {
        self.0.iter_mut().for_each(|(_, cursor)| cursor.before = cursor.before.saturating_sub(by));
    }

    /// Whether all stand between `start` and `end`. Totals rise from mark to mark: who stands at an end has its total, and
    /// nobody else has.
    pub(super) fn lie_within(&self, start: Cursor, end: Cursor) -> bool {
        self.0.iter().all(|(_, cursor)| {
            cursor.number.cmp(&start.number) == cursor.before.cmp(&start.before)
                && cursor.number.cmp(&end.number) == cursor.before.cmp(&end.before)
                && (start.number..=end.number).contains(&cursor.number)
        })
    }
}

impl ToSql for Cursors {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let numbers =
            self.0.iter().flat_map(|(interval, cursor)| [*interval, cursor.number, cursor.before]);
        let bytes: Vec<u8> = numbers.flat_map(u64::to_be_bytes).collect();
        Ok(ToSqlOutput::from(bytes))
    }
}

impl FromSql for Cursors {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Cursors> {
        let (stored, rest) = value.as_blob()?.as_chunks::<STORED>();
        if rest.is_empty() && stored.len() <= MOST {
            return Ok(Cursors(stored.iter().map(stored_cursor).collect()));
        }
        Err(FromSqlError::InvalidBlobSize { expected_size: STORED, blob_size: rest.len() })
    }
}

fn stored_cursor(bytes: &[u8; STORED]) -> (u64, Cursor) {
    let mut numbers = bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_be_bytes(*bytes));
    let mut next = || numbers.next().unwrap_or_default();
    (next(), Cursor { number: next(), before: next() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursors(of: impl IntoIterator<Item = (u64, u64, u64)>) -> Cursors {
        let mut cursors = Cursors::default();
        for (interval, number, before) in of {
            cursors.set(interval, Cursor { number, before });
        }
        cursors
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let kept = cursors([(1, 2, 3), (1 << 52, 1 << 40, 1 << 61)]);
        let ToSqlOutput::Owned(rusqlite::types::Value::Blob(bytes)) = kept.to_sql().unwrap() else {
            panic!("no blob");
        };
        assert_eq!(Cursors::column_result(ValueRef::Blob(&bytes)).unwrap(), kept);
        assert!(Cursors::column_result(ValueRef::Blob(&bytes[1..])).is_err());
        assert!(Cursors::column_result(ValueRef::Blob(&[0; 17 * STORED])).is_err());
        assert!(Cursors::column_result(ValueRef::Integer(1)).is_err());
    }

    #[test]
    fn the_cursor_met_first_makes_room_for_one_too_many() {
        let kept = cursors((1..=17).map(|interval| (interval, interval, 0)));
        assert_eq!(kept.of(1), None);
        assert_eq!((2..=17).filter_map(|interval| kept.of(interval)).count(), MOST);
    }

    #[test]
    fn no_cursor_stays_outside_the_marks() {
        let mut kept = cursors([(1, 2, 10), (2, 5, 20), (3, 9, 30)]);
        kept.not_before(Cursor { number: 4, before: 15 });
        kept.not_behind(Cursor { number: 8, before: 25 });
        let found = [1, 2, 3].map(|interval| kept.of(interval).map(|it| (it.number, it.before)));
        assert_eq!(found, [Some((4, 15)), Some((5, 20)), Some((8, 25))]);
    }
}
