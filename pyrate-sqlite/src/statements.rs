//! The texts of the statements, made once for a store's table name.

use crate::schema::Table;

macro_rules! statements {
    ($($name:ident: $text:literal,)*) => {
        /// Every statement of a transaction.
        #[derive(Debug)]
        pub(crate) struct Statements {
            $(pub(crate) $name: String,)*
        }

        impl Statements {
            pub(crate) fn of(table: &Table) -> Statements {
                Statements { $($name: table.fill($text),)* }
            }
        }
    };
}

statements! {
    bucket: r#"SELECT id, keep, seen, first, next, dropped, total, last_at, waiting, next_due, places, named, forgotten,
        runs, name, last_id, cursors FROM "{t}" WHERE key = ?1"#,
    insert_bucket: r#"INSERT INTO "{t}" (key, id, keep, seen, first, next, dropped, total, last_at, waiting, next_due,
        places, named, forgotten, runs, name, last_id, cursors)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"#,
    update_bucket: r#"UPDATE "{t}" SET id = ?2, keep = ?3, seen = ?4, first = ?5, next = ?6, dropped = ?7, total = ?8,
        last_at = ?9, waiting = ?10, next_due = ?11, places = ?12, named = ?13, forgotten = ?14, runs = ?15, name = ?16,
        last_id = ?17, cursors = ?18 WHERE key = ?1"#,
    delete_bucket: r#"DELETE FROM "{t}" WHERE key = ?1"#,
    // Every key is greater than a number is. (An `OR` would have SQLite begin at the first key each time.)
    keys_after: r#"SELECT key FROM "{t}" WHERE key > coalesce(?1, -9e999) ORDER BY key LIMIT ?2"#,

    traces: r#"SELECT seen, last_id FROM "{t}_store""#,
    leave_traces: r#"UPDATE "{t}_store" SET seen = max(seen, ?1), last_id = max(last_id, ?2)"#,
    next_bucket: r#"UPDATE "{t}_store" SET last_bucket = last_bucket + 1
        WHERE typeof(last_bucket) = 'integer' AND last_bucket >= 0 RETURNING last_bucket"#,

    mark: r#"SELECT at, total FROM "{t}_log" WHERE bucket = ?1 AND number = ?2"#,
    write_mark: r#"INSERT INTO "{t}_log" (bucket, number, at, total) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET at = excluded.at, total = excluded.total"#,
    delete_mark: r#"DELETE FROM "{t}_log" WHERE bucket = ?1 AND number = ?2"#,
    delete_marks_before: r#"DELETE FROM "{t}_log" WHERE bucket = ?1 AND number < ?2"#,
    delete_marks: r#"DELETE FROM "{t}_log" WHERE bucket = ?1"#,
    shift_marks: r#"UPDATE "{t}_log" SET total = total - ?2 WHERE bucket = ?1"#,

    push: r#"INSERT INTO "{t}_queue" (bucket, at, id, weight, name) VALUES (?1, ?2, ?3, ?4, ?5)"#,
    pull: r#"DELETE FROM "{t}_queue" WHERE bucket = ?1 AND at = ?2 AND id = ?3 RETURNING weight"#,
    due: r#"SELECT at, weight, name FROM "{t}_queue" WHERE bucket = ?1 AND at <= ?2 ORDER BY at, id"#,
    next_due: r#"SELECT min(at) FROM "{t}_queue" WHERE bucket = ?1"#,
    delete_due: r#"DELETE FROM "{t}_queue" WHERE bucket = ?1 AND at <= ?2"#,
    last_in_line: r#"SELECT at, weight, name FROM "{t}_queue" WHERE bucket = ?1 ORDER BY at DESC, id DESC"#,
    delete_queue: r#"DELETE FROM "{t}_queue" WHERE bucket = ?1"#,

    place: r#"SELECT at FROM (SELECT at, units FROM "{t}_places" WHERE bucket = ?1 AND at >= ?2 ORDER BY at LIMIT ?4)
        WHERE units >= ?3 ORDER BY at LIMIT 1"#,
    free_at: r#"SELECT units FROM "{t}_places" WHERE bucket = ?1 AND at = ?2"#,
    free_from: r#"SELECT total(units) FROM "{t}_places" WHERE bucket = ?1 AND at >= ?2"#,
    free_until: r#"SELECT total(units) FROM "{t}_places" WHERE bucket = ?1 AND at <= ?2"#,
    places_until: r#"SELECT at, units FROM "{t}_places" WHERE bucket = ?1 AND at <= ?2 ORDER BY at DESC"#,
    write_place: r#"INSERT INTO "{t}_places" (bucket, at, units) VALUES (?1, ?2, ?3)
        ON CONFLICT DO UPDATE SET units = excluded.units"#,
    delete_place: r#"DELETE FROM "{t}_places" WHERE bucket = ?1 AND at = ?2"#,
    delete_places_until: r#"DELETE FROM "{t}_places" WHERE bucket = ?1 AND at <= ?2"#,
    delete_places: r#"DELETE FROM "{t}_places" WHERE bucket = ?1"#,

    run_from: r#"SELECT name FROM "{t}_names" WHERE bucket = ?1 AND start = ?2"#,
    run_of: r#"SELECT name FROM "{t}_names" WHERE bucket = ?1 AND start <= ?2 ORDER BY start DESC LIMIT 1"#,
    begin_run: r#"INSERT INTO "{t}_names" (bucket, start, name) VALUES (?1, ?2, ?3)"#,
    delete_runs_before: r#"DELETE FROM "{t}_names" WHERE bucket = ?1 AND start <
        (SELECT max(start) FROM "{t}_names" WHERE bucket = ?1 AND start <= ?2)"#,
    delete_runs: r#"DELETE FROM "{t}_names" WHERE bucket = ?1"#,
    shift_runs: r#"UPDATE "{t}_names" SET start = max(start - ?2, 0) WHERE bucket = ?1"#,
}
