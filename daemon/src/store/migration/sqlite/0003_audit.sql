-- The audit trail. A row is never changed; AUTOINCREMENT never gives a number twice.
CREATE TABLE audit (
    sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
    at            INTEGER NOT NULL,
    event         TEXT NOT NULL,
    request       TEXT NOT NULL,
    address       TEXT,
    user          TEXT,
    session       BLOB,
    code          TEXT
) STRICT;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit trail is append only');
END;
