//! A bucket's counters, as they stand in its row.

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, params};

use super::cursors::{Cursor, Cursors};
use crate::number::Number;
use crate::rows::Rows;
use crate::trouble::Trouble;

/// Instants, intervals and the units that are live end here: 2^53 - 1.
pub(super) const MAX_NUMBER: u64 = (1 << 53) - 1;

/// No number of a row is greater; sums of two then fit SQLite's integers.
pub(super) const MAX_STORED: u64 = 1 << 62;

/// What is read before a decision and written after it. The columns are explained in `schema`.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// 0 while the bucket has no row.
    pub(super) id: u64,
    pub(super) keep: u64,
    pub(super) seen: u64,
    pub(super) first: u64,
    pub(super) next: u64,
    pub(super) dropped: u64,
    pub(super) total: u64,
    pub(super) last_at: u64,
    pub(super) waiting: u64,
    pub(super) next_due: u64,
    pub(super) places: u64,
    pub(super) named: u64,
    pub(super) forgotten: u64,
    pub(super) runs: u64,
    pub(super) name: RunName,
    pub(super) last_id: u64,
    pub(super) cursors: Cursors,
}

/// The name of the last run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum RunName {
    /// The bucket's key.
    #[default]
    Key,
    /// A name short enough to be kept in the bucket's row: one that repeats is then compared without another look.
    Short(Vec<u8>),
    /// The name in the row of the run that begins there.
    At(u64),
}

impl RunName {
    /// The longest name that is kept in the bucket's row, in bytes.
    const SHORT: usize = 64;

    /// `name` of a run that begins at `start`; `None` is the key.
    pub(super) fn of(name: Option<&[u8]>, start: u64) -> RunName {
        match name {
            None => RunName::Key,
            Some(name) if name.len() <= RunName::SHORT => RunName::Short(name.to_vec()),
            Some(_) => RunName::At(start),
        }
    }
}

impl State {
    /// Reads the counters of `key`; `None` if it has no row.
    pub(super) fn load(rows: &Rows<'_>, key: &[u8]) -> Result<Option<State>, Trouble> {
        let state = rows.one(&rows.sql.bucket, [key], State::read)?;
        state.map(State::checked).transpose()
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<State> {
        let number = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, Number>(column)?.0);
        Ok(State {
            id: number(0)?,
            keep: number(1)?,
            seen: number(2)?,
            first: number(3)?,
            next: number(4)?,
            dropped: number(5)?,
            total: number(6)?,
            last_at: number(7)?,
            waiting: number(8)?,
            next_due: number(9)?,
            places: number(10)?,
            named: number(11)?,
            forgotten: number(12)?,
            runs: number(13)?,
            name: row.get(14)?,
            last_id: number(15)?,
            cursors: row.get(16)?,
        })
    }

    /// That the counters can be those of a log: what was damaged must not decide.
    fn checked(self) -> Result<State, Trouble> {
        let instants = [self.keep, self.seen, self.last_at, self.next_due];
        let counts = [self.next, self.total, self.waiting, self.places];
        let numbers = [self.named, self.runs, self.last_id];
        let is_whole = self.id > 0
            && instants.iter().all(|instant| *instant <= MAX_NUMBER)
            && counts.iter().chain(&numbers).all(|count| *count <= MAX_STORED)
            && self.first <= self.next
            && self.dropped <= self.total
            && self.forgotten <= self.named
            && (self.first < self.next || (self.dropped == self.total && self.last_at == 0))
            && self.cursors.lie_within(self.start(), self.end());
        if is_whole { Ok(self) } else { Err(Trouble::Contradiction("a bucket's counters")) }
    }

    /// Writes the counters of `key`, whose row is there already or not.
    pub(super) fn save(&self, rows: &Rows<'_>, key: &[u8], is_new: bool) -> Result<(), Trouble> {
        let statement = if is_new { &rows.sql.insert_bucket } else { &rows.sql.update_bucket };
        let [keep, seen, first, next] = [self.keep, self.seen, self.first, self.next].map(Number);
        let changed = rows.run(
            statement,
            params![
                key,
                Number(self.id),
                keep,
                seen,
                first,
                next,
                Number(self.dropped),
                Number(self.total),
                Number(self.last_at),
                Number(self.waiting),
                Number(self.next_due),
                Number(self.places),
                Number(self.named),
                Number(self.forgotten),
                Number(self.runs),
                self.name,
                Number(self.last_id),
                self.cursors,
            ],
        )?;
        if changed == 1 { Ok(()) } else { Err(Trouble::Contradiction("a bucket's row is gone")) }
    }

    /// Where the kept marks begin.
    pub(super) fn start(&self) -> Cursor {
        Cursor { number: self.first, before: self.dropped }
    }

    /// Where they end: a cursor can't stand behind it.
    pub(super) fn end(&self) -> Cursor {
        Cursor { number: self.next, before: self.total }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first == self.next
    }
}

impl ToSql for RunName {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            RunName::Key => Ok(ToSqlOutput::from(rusqlite::types::Null)),
            RunName::Short(name) => name.to_sql(),
            RunName::At(start) => i64::try_from(*start)
                .map(ToSqlOutput::from)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into())),
        }
    }
}

impl FromSql for RunName {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<RunName> {
        match value {
            ValueRef::Null => Ok(RunName::Key),
            ValueRef::Blob(name) => Ok(RunName::Short(name.to_vec())),
            other => Number::column_result(other).map(|Number(start)| RunName::At(start)),
        }
    }
}
