-- What the store as a whole has to remember. One row.
CREATE TABLE "{t}_store" (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    version     INTEGER NOT NULL,           -- of this layout: how many of these files were applied
    last_bucket INTEGER NOT NULL DEFAULT 0, -- the id given last; ids are never used again
    seen        INTEGER NOT NULL DEFAULT 0, -- time doesn't run back behind it for a bucket that comes anew
    last_id     INTEGER NOT NULL DEFAULT 0  -- nor are the numbers of reservations given again
);
INSERT INTO "{t}_store" (one, version) VALUES (1, 0);

-- A bucket's counters. Instants are microseconds on the store's clock, totals are units.
CREATE TABLE "{t}" (
    key       BLOB PRIMARY KEY,   -- a blob, so that no encoding of the database changes a byte of it
    id        INTEGER NOT NULL,
    keep      INTEGER NOT NULL,   -- the longest interval that any handle used
    seen      INTEGER NOT NULL,   -- the latest instant at which it changed
    first     INTEGER NOT NULL,   -- the number of the first kept mark
    next      INTEGER NOT NULL,   -- the number that the next new mark gets
    dropped   INTEGER NOT NULL,   -- the total before the first kept mark
    total     INTEGER NOT NULL,   -- the total of the last mark
    last_at   INTEGER NOT NULL,   -- its instant; 0 if none is kept
    waiting   INTEGER NOT NULL,   -- rows in the queue
    next_due  INTEGER NOT NULL,   -- the earliest instant among them, or an earlier one
    places    INTEGER NOT NULL,   -- rows of free places
    named     INTEGER NOT NULL,   -- units whose name is settled
    forgotten INTEGER NOT NULL,   -- of these, those that left
    runs      INTEGER NOT NULL,   -- rows of names
    name      BLOB,               -- of the last run: null is the key, a number stands for the run that begins there
    last_id   INTEGER NOT NULL,   -- the number of the reservation made last
    cursors   BLOB NOT NULL
) WITHOUT ROWID;

-- After all grants at `at`, `total` units were granted. Numbers follow each other without a gap.
CREATE TABLE "{t}_log" (
    bucket INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    total  INTEGER NOT NULL,
    PRIMARY KEY (bucket, number)
) WITHOUT ROWID;

-- Reservations that are not due yet. A name that is null is the key.
CREATE TABLE "{t}_queue" (
    bucket INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    id     INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    name   BLOB,
    PRIMARY KEY (bucket, at, id)
) WITHOUT ROWID;

-- Free units by instant: their holders cancelled, and somebody stands in line behind them.
CREATE TABLE "{t}_places" (
    bucket INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    units  INTEGER NOT NULL,
    PRIMARY KEY (bucket, at)
) WITHOUT ROWID;

-- Units from number `start` on, up to the next run, carry `name`; null is the key, as it is before the first run.
CREATE TABLE "{t}_names" (
    bucket INTEGER NOT NULL,
    start  INTEGER NOT NULL,
    name   BLOB,
    PRIMARY KEY (bucket, start)
) WITHOUT ROWID;
