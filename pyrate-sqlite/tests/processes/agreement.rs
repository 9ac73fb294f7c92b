//! Whether the rows of a file agree with each other, asked of SQLite itself: none of this crate's code is in between.

use pyrate_sqlite::rusqlite::{Connection, OptionalExtension};

/// What must never be found, and the query that finds it.
const CONTRADICTIONS: [(&str, &str); 10] = [
    (
        "marks are missing, or are too many",
        "SELECT key FROM pyrate b LEFT JOIN pyrate_log l ON l.bucket = b.id GROUP BY b.id
         HAVING count(l.number) <> next - first OR min(l.number) <> first OR max(l.number) <> next - 1",
    ),
    (
        "marks don't rise",
        "SELECT a.bucket FROM pyrate_log a JOIN pyrate_log b ON b.bucket = a.bucket AND b.number = a.number + 1
         WHERE b.at <= a.at OR b.total <= a.total",
    ),
    (
        "the last mark is another",
        "SELECT key FROM pyrate b JOIN pyrate_log l ON l.bucket = b.id AND l.number = next - 1
         WHERE l.at <> last_at OR l.total <> b.total",
    ),
    (
        "marks don't begin where what was dropped ends",
        "SELECT key FROM pyrate b JOIN pyrate_log l ON l.bucket = b.id AND l.number = first WHERE l.total <= dropped",
    ),
    (
        "the queue has other rows",
        "SELECT key FROM pyrate b WHERE waiting <> (SELECT count(*) FROM pyrate_queue WHERE bucket = b.id)",
    ),
    (
        "a reservation is due earlier",
        "SELECT key FROM pyrate b JOIN pyrate_queue q ON q.bucket = b.id WHERE q.at < next_due OR q.at > last_at",
    ),
    (
        "there are other free places",
        "SELECT key FROM pyrate b WHERE places <> (SELECT count(*) FROM pyrate_places WHERE bucket = b.id)",
    ),
    (
        "there are other runs of names",
        "SELECT key FROM pyrate b WHERE runs <> (SELECT count(*) FROM pyrate_names WHERE bucket = b.id)",
    ),
    (
        "units are lost or made up",
        "SELECT key FROM pyrate b WHERE total - dropped <> named - forgotten
         + (SELECT total(weight) FROM pyrate_queue WHERE bucket = b.id)
         + (SELECT total(units) FROM pyrate_places WHERE bucket = b.id)",
    ),
    (
        "rows belong to no bucket",
        "SELECT bucket FROM (SELECT bucket FROM pyrate_log UNION SELECT bucket FROM pyrate_queue
         UNION SELECT bucket FROM pyrate_places UNION SELECT bucket FROM pyrate_names)
         WHERE bucket NOT IN (SELECT id FROM pyrate)",
    ),
];

/// Checks the file as SQLite does, then what the rows mean.
pub(crate) fn check(connection: &Connection) {
    let verdict: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let has_tables = connection.prepare("SELECT 1 FROM pyrate").is_ok();
    for (what, sql) in CONTRADICTIONS.iter().filter(|_| has_tables) {
        let found = connection.query_row(sql, [], |_| Ok(())).optional().unwrap();
        assert!(found.is_none(), "{what}");
    }
}
