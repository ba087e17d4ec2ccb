-- One row a settled request. Ids are UUIDv7, so that new rows go to the end of the tree.
CREATE TABLE usage (
    id            BLOB PRIMARY KEY CHECK (length(id) = 16),
    session       BLOB NOT NULL,
    user          TEXT NOT NULL,
    model         TEXT NOT NULL,
    surface       TEXT NOT NULL,
    request       TEXT NOT NULL,
    started_at    INTEGER NOT NULL,
    ended_at      INTEGER NOT NULL,
    input         INTEGER NOT NULL,
    output        INTEGER NOT NULL,
    cache_read    INTEGER NOT NULL,
    cache_write   INTEGER NOT NULL,
    outcome       TEXT NOT NULL,
    estimated     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_ended_at ON usage (ended_at);
CREATE INDEX usage_user ON usage (user, ended_at);
