-- What operators locked, until when, and why.
CREATE TABLE lock (
    kind          TEXT NOT NULL CHECK (kind IN ('session', 'device', 'user')),
    subject       TEXT NOT NULL,
    from_at       INTEGER NOT NULL,
    until_at      INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    message       TEXT,
    -- The uid of whoever locked it.
    operator      INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_device ON session (device_id, id);
CREATE INDEX audit_at ON audit (at);
