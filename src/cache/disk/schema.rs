//! The tables of the index.

use crate::store::Schema;

/// The index of all layers. What a layer holds in all is counted by triggers, whoever changes it.
pub(super) const CACHE: Schema = Schema { name: "cache", steps: &[FIRST] };

const FIRST: &str = "
CREATE TABLE cache_shelves (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    dir BLOB NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0,
    entries INTEGER NOT NULL DEFAULT 0,
    UNIQUE (kind, dir)
);
CREATE TABLE cache_files (
    shelf INTEGER NOT NULL,
    name BLOB NOT NULL,
    birth INTEGER NOT NULL,
    connection TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT,
    tag TEXT NOT NULL,
    size INTEGER NOT NULL,
    head TEXT,
    content BLOB,
    held INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    used INTEGER NOT NULL,
    validated INTEGER NOT NULL,
    came INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    hits INTEGER NOT NULL DEFAULT 0,
    pinned INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (shelf, name)
) WITHOUT ROWID;
CREATE INDEX cache_by_turn ON cache_files (shelf, pinned, turn);
CREATE INDEX cache_by_came ON cache_files (shelf, pinned, came);
CREATE INDEX cache_by_held ON cache_files (shelf, pinned, held);
CREATE INDEX cache_by_used ON cache_files (shelf, pinned, used);
CREATE INDEX cache_by_place ON cache_files (shelf, endpoint, bucket, key);
CREATE INDEX cache_by_content ON cache_files (shelf, content) WHERE content IS NOT NULL;
CREATE TABLE cache_pieces (
    shelf INTEGER NOT NULL,
    name BLOB NOT NULL,
    start INTEGER NOT NULL,
    len INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (shelf, name, start)
) WITHOUT ROWID;
CREATE TABLE cache_figures (
    shelf INTEGER NOT NULL,
    connection TEXT NOT NULL,
    hits INTEGER NOT NULL DEFAULT 0,
    misses INTEGER NOT NULL DEFAULT 0,
    validations INTEGER NOT NULL DEFAULT 0,
    bytes_saved INTEGER NOT NULL DEFAULT 0,
    requests_saved INTEGER NOT NULL DEFAULT 0,
    evictions INTEGER NOT NULL DEFAULT 0,
    evicted_again INTEGER NOT NULL DEFAULT 0,
    corrupt INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (shelf, connection)
) WITHOUT ROWID;
CREATE TRIGGER cache_added AFTER INSERT ON cache_files BEGIN
    UPDATE cache_shelves SET bytes = bytes + new.held, entries = entries + 1 WHERE id = new.shelf;
END;
CREATE TRIGGER cache_removed AFTER DELETE ON cache_files BEGIN
    UPDATE cache_shelves SET bytes = bytes - old.held, entries = entries - 1 WHERE id = old.shelf;
END;
CREATE TRIGGER cache_changed AFTER UPDATE OF held ON cache_files BEGIN
    UPDATE cache_shelves SET bytes = bytes + new.held - old.held WHERE id = new.shelf;
END;
";
