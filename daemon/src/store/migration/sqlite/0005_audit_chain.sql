-- The audit trail as a chain: each hash covers the one before it and every field. The records of the former table are
-- added to the chain in their order, and the former table goes.
DROP TRIGGER audit_is_append_only;
ALTER TABLE audit RENAME TO audit_unchained;

CREATE TABLE audit (
    sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
    at            INTEGER NOT NULL,
    event         TEXT NOT NULL,
    request       TEXT NOT NULL,
    address       TEXT,
    user          TEXT,
    session       BLOB,
    code          TEXT,
    -- The uid of whoever did it.
    operator      INTEGER,
    detail        TEXT,
    reason        TEXT,
    previous      BLOB NOT NULL CHECK (length(previous) = 32),
    hash          BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit trail is append only');
END;
