//! The tables: made where there are none, brought up to date where they are older, refused where they are newer.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::error::SqliteError;
use crate::trouble::Trouble;

/// How the tables came to be, step by step; a step that was released is never changed. The layout's version is the
/// number of steps.
///
/// A step that changes what exists renames the table of buckets: a process of an older release, which may have the file
/// open all the while, then fails instead of misreading.
const STEPS: [&str; 1] = [include_str!("schema/1.sql")];

/// The name under which a store's tables stand, checked: it is part of SQL texts.
#[derive(Clone, Debug)]
pub(crate) struct Table(String);

impl Table {
    /// The longest name.
    const MOST: usize = 48;

    pub(crate) fn named(name: &str) -> Result<Table, SqliteError> {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let begins = name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
        let is_reserved = name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"));
        if is_plain && begins && !is_reserved && name.len() <= Table::MOST {
            return Ok(Table(name.to_owned()));
        }
        Err(SqliteError::TableName { name: name.to_owned() })
    }

    /// `text` with this name for each `{t}`.
    pub(crate) fn fill(&self, text: &str) -> String {
        text.replace("{t}", &self.0)
    }
}

/// Sees to it that the tables are there and of this release's layout.
pub(crate) fn prepare(connection: &mut Connection, table: &Table) -> Result<(), Trouble> {
    // Most often they are, and then nobody who writes need be waited for. Within a transaction, lest a look before and a
    // look after somebody else made them be taken for one.
    if version(&*connection.transaction()?, table)? == STEPS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction, table)?;
    for step in STEPS.iter().skip(found) {
        transaction.execute_batch(&table.fill(step))?;
    }
    let version = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    transaction.execute(&table.fill(r#"UPDATE "{t}_store" SET version = ?1"#), [version])?;
    Ok(transaction.commit()?)
}

/// How many steps were applied; none where there are no tables.
fn version(connection: &Connection, table: &Table) -> Result<usize, Trouble> {
    let is_ours = exists(connection, &format!("{}_store", table.0))?;
    if !is_ours {
        return unused(connection, table).map(|()| 0);
    }
    let sql = table.fill(r#"SELECT version FROM "{t}_store""#);
    let found = connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).map_err(|error| {
        let has_no_version = matches!(error, rusqlite::Error::SqlInputError { .. });
        if has_no_version { foreign(table, "_store").into() } else { Trouble::from(error) }
    })?;
    match usize::try_from(found) {
        Ok(known) if (1..=STEPS.len()).contains(&known) => Ok(known),
        _ if found < 1 => Err(Trouble::Contradiction("a version that never was")),
        _ => Err(SqliteError::NewerVersion { found, known: STEPS.len() }.into()),
    }
}

fn exists(connection: &Connection, name: &str) -> Result<bool, Trouble> {
    let sql = "SELECT 1 FROM sqlite_master WHERE name = ?1 COLLATE NOCASE";
    Ok(connection.query_row(sql, [name], |_| Ok(())).optional()?.is_some())
}

/// Sees to it that none of the names is taken by somebody else.
fn unused(connection: &Connection, table: &Table) -> Result<(), Trouble> {
    for suffix in ["", "_log", "_queue", "_places", "_names"] {
        if exists(connection, &format!("{}{suffix}", table.0))? {
            return Err(foreign(table, suffix).into());
        }
    }
    Ok(())
}

fn foreign(table: &Table, suffix: &str) -> SqliteError {
    SqliteError::ForeignTable { table: format!("{}{suffix}", table.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_can_name_a_table() {
        for name in ["pyrate", "_", "Limits_2", &"x".repeat(48)] {
            assert!(Table::named(name).is_ok(), "{name}");
        }
        for name in
            ["", "2x", "a b", "a\"b", "a'b", "ä", "sqlite_x", "SQLITE_x", "a;b", &"x".repeat(49)]
        {
            assert!(matches!(Table::named(name), Err(SqliteError::TableName { .. })), "{name}");
        }
    }
}
