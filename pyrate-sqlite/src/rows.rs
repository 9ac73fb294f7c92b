//! The rows of one bucket: each read and each write, as a method. No arithmetic here.

use rusqlite::{Connection, OptionalExtension, Params, Row};

use crate::number::Number;
use crate::statements::Statements;
use crate::trouble::Trouble;

/// How many free places a reservation looks at, the earliest ones. Those behind them are as good as forgotten until
/// these are gone: a search stays short however many cancel.
const PLACES_LOOKED_AT: u64 = 4096;

/// A transaction's statements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) sql: &'c Statements,
    /// Whether names other than the bucket's key are kept.
    pub(crate) keeps_names: bool,
}

/// After all grants at `at`, `total` units were granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) at: u64,
    pub(crate) total: u64,
}

/// A reservation in the queue. A name that is `None` is the key.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) at: u64,
    pub(crate) weight: u64,
    pub(crate) name: Option<Vec<u8>>,
}

impl Rows<'_> {
    pub(crate) fn mark(&self, bucket: u64, number: u64) -> Result<Mark, Trouble> {
        self.one(&self.sql.mark, ints([bucket, number]), mark)?
            .ok_or(Trouble::Contradiction("a mark is missing"))
    }

    pub(crate) fn write_mark(&self, bucket: u64, number: u64, mark: Mark) -> Result<(), Trouble> {
        self.run(&self.sql.write_mark, ints([bucket, number, mark.at, mark.total])).map(drop)
    }

    pub(crate) fn delete_mark(&self, bucket: u64, number: u64) -> Result<(), Trouble> {
        self.run(&self.sql.delete_mark, ints([bucket, number])).map(drop)
    }

    pub(crate) fn delete_marks_before(&self, bucket: u64, number: u64) -> Result<(), Trouble> {
        self.run(&self.sql.delete_marks_before, ints([bucket, number])).map(drop)
    }

    pub(crate) fn shift_marks(&self, bucket: u64, by: u64) -> Result<(), Trouble> {
        self.run(&self.sql.shift_marks, ints([bucket, by])).map(drop)
    }

    /// Adds a reservation to the queue.
    pub(crate) fn push(&self, bucket: u64, id: u64, waiting: &Waiting) -> Result<(), Trouble> {
        let [bucket, at, id, weight] = ints([bucket, waiting.at, id, waiting.weight]);
        self.run(&self.sql.push, (bucket, at, id, weight, &waiting.name)).map(drop)
    }

    /// Takes a reservation out of the queue; answers its weight, if it was there.
    pub(crate) fn pull(&self, bucket: u64, at: u64, id: u64) -> Result<Option<u64>, Trouble> {
        self.one(&self.sql.pull, ints([bucket, at, id]), number)
    }

    /// Takes the reservations that are due by `now` out of the queue, in order of arrival.
    pub(crate) fn pull_due(&self, bucket: u64, now: u64) -> Result<Vec<Waiting>, Trouble> {
        let mut statement = self.connection.prepare_cached(&self.sql.due)?;
        let due = statement.query_map(ints([bucket, now]), waiting)?.collect::<Result<_, _>>()?;
        self.run(&self.sql.delete_due, ints([bucket, now]))?;
        Ok(due)
    }

    /// The earliest instant in the queue.
    pub(crate) fn next_due(&self, bucket: u64) -> Result<Option<u64>, Trouble> {
        let next = self.one(&self.sql.next_due, ints([bucket]), |row| {
            Ok(row.get::<_, Option<Number>>(0)?.map(|Number(at)| at))
        })?;
        Ok(next.flatten())
    }

    /// Shows `look` one reservation after the other, the last in line first, until it answers something.
    pub(crate) fn up_the_line<T>(
        &self,
        bucket: u64,
        mut look: impl FnMut(Waiting) -> Option<T>,
    ) -> Result<Option<T>, Trouble> {
        let mut statement = self.connection.prepare_cached(&self.sql.last_in_line)?;
        let mut rows = statement.query(ints([bucket]))?;
        while let Some(row) = rows.next()? {
            if let Some(found) = look(waiting(row)?) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The earliest free place from `now` on with `weight` free units.
    pub(crate) fn place(&self, bucket: u64, weight: u64, now: u64) -> Result<Option<u64>, Trouble> {
        self.one(&self.sql.place, ints([bucket, now, weight, PLACES_LOOKED_AT]), number)
    }

    /// Free units at exactly `at`; `None` if it is no place.
    pub(crate) fn free_at(&self, bucket: u64, at: u64) -> Result<Option<u64>, Trouble> {
        self.one(&self.sql.free_at, ints([bucket, at]), number)
    }

    /// Free units at `from` and later.
    pub(crate) fn free_from(&self, bucket: u64, from: u64) -> Result<u64, Trouble> {
        self.sum(&self.sql.free_from, bucket, from)
    }

    /// The places up to `until`, newest first.
    pub(crate) fn places_until(&self, bucket: u64, until: u64) -> Result<Vec<(u64, u64)>, Trouble> {
        let mut statement = self.connection.prepare_cached(&self.sql.places_until)?;
        let place = |row: &Row<'_>| Ok((number(row)?, row.get::<_, Number>(1)?.0));
        Ok(statement.query_map(ints([bucket, until]), place)?.collect::<Result<_, _>>()?)
    }

    pub(crate) fn write_place(&self, bucket: u64, at: u64, units: u64) -> Result<(), Trouble> {
        self.run(&self.sql.write_place, ints([bucket, at, units])).map(drop)
    }

    pub(crate) fn delete_place(&self, bucket: u64, at: u64) -> Result<(), Trouble> {
        self.run(&self.sql.delete_place, ints([bucket, at])).map(drop)
    }

    /// Forgets the places up to `until`; answers how many there were, and their free units.
    pub(crate) fn forget_places(&self, bucket: u64, until: u64) -> Result<(u64, u64), Trouble> {
        let units = self.sum(&self.sql.free_until, bucket, until)?;
        Ok((self.run(&self.sql.delete_places_until, ints([bucket, until]))?, units))
    }

    /// The name of the run that begins at `start`.
    pub(crate) fn run_from(&self, bucket: u64, start: u64) -> Result<Option<Vec<u8>>, Trouble> {
        let run = self.one(&self.sql.run_from, ints([bucket, start]), |row| row.get(0))?;
        run.ok_or(Trouble::Contradiction("a run of names is missing"))
    }

    /// The name of unit number `unit`.
    pub(crate) fn name_of(&self, bucket: u64, unit: u64) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(self.one(&self.sql.run_of, ints([bucket, unit]), |row| row.get(0))?.flatten())
    }

    pub(crate) fn begin_run(
        &self,
        bucket: u64,
        start: u64,
        name: Option<&[u8]>,
    ) -> Result<(), Trouble> {
        self.run(&self.sql.begin_run, (Number(bucket), Number(start), name)).map(drop)
    }

    /// Forgets the runs that end before unit number `unit`; answers how many there were.
    pub(crate) fn forget_runs(&self, bucket: u64, unit: u64) -> Result<u64, Trouble> {
        self.run(&self.sql.delete_runs_before, ints([bucket, unit]))
    }

    pub(crate) fn shift_runs(&self, bucket: u64, by: u64) -> Result<(), Trouble> {
        self.run(&self.sql.shift_runs, ints([bucket, by])).map(drop)
    }

    pub(crate) fn delete_runs(&self, bucket: u64) -> Result<(), Trouble> {
        self.run(&self.sql.delete_runs, ints([bucket])).map(drop)
    }

    /// Deletes all that a bucket holds, but not its counters.
    pub(crate) fn delete_contents(&self, bucket: u64) -> Result<(), Trouble> {
        let sql = self.sql;
        for statement in
            [&sql.delete_marks, &sql.delete_queue, &sql.delete_places, &sql.delete_runs]
        {
            self.run(statement, ints([bucket]))?;
        }
        Ok(())
    }

    /// The id of a bucket that comes anew.
    pub(crate) fn next_bucket(&self) -> Result<u64, Trouble> {
        self.one(&self.sql.next_bucket, [], number)?.ok_or(NO_STORE)
    }

    /// What buckets that are gone left behind: how far time had come, and the greatest number of a reservation.
    pub(crate) fn traces(&self) -> Result<(u64, u64), Trouble> {
        let traces = |row: &Row<'_>| Ok((number(row)?, row.get::<_, Number>(1)?.0));
        self.one(&self.sql.traces, [], traces)?.ok_or(NO_STORE)
    }

    pub(crate) fn leave_traces(&self, seen: u64, last_id: u64) -> Result<(), Trouble> {
        self.run(&self.sql.leave_traces, ints([seen, last_id])).map(drop)
    }

    /// Up to `most` keys behind `key`, or from the first one, in their order.
    pub(crate) fn keys_after(
        &self,
        key: Option<&[u8]>,
        most: u64,
    ) -> Result<Vec<Vec<u8>>, Trouble> {
        let mut statement = self.connection.prepare_cached(&self.sql.keys_after)?;
        let keys = statement.query_map((key, Number(most)), |row| row.get(0))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    /// Changes rows; answers how many.
    pub(crate) fn run(&self, sql: &str, parameters: impl Params) -> Result<u64, Trouble> {
        Ok(self.connection.prepare_cached(sql)?.execute(parameters)? as u64)
    }

    /// Reads a row, if there is one.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Trouble> {
        Ok(self.connection.prepare_cached(sql)?.query_row(parameters, read).optional()?)
    }

    /// A sum of units. A hostile file's may be beyond any number of ours, so SQLite adds them as doubles.
    fn sum(&self, sql: &str, bucket: u64, at: u64) -> Result<u64, Trouble> {
        let sum = self.one(sql, ints([bucket, at]), |row| row.get::<_, f64>(0))?.unwrap_or(0.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        let units = (0.0..9_007_199_254_740_992.0).contains(&sum).then_some(sum as u64);
        units.ok_or(Trouble::Contradiction("more units are free than can be granted"))
    }
}

const NO_STORE: Trouble = Trouble::Contradiction("the store's own row is missing or wrong");

fn ints<const N: usize>(numbers: [u64; N]) -> [Number; N] {
    numbers.map(Number)
}

fn number(row: &Row<'_>) -> rusqlite::Result<u64> {
    Ok(row.get::<_, Number>(0)?.0)
}

fn waiting(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    let (Number(at), Number(weight)) = (row.get(0)?, row.get(1)?);
    Ok(Waiting { at, weight, name: row.get(2)? })
}

fn mark(row: &Row<'_>) -> rusqlite::Result<Mark> {
    Ok(Mark { at: number(row)?, total: row.get::<_, Number>(1)?.0 })
}
