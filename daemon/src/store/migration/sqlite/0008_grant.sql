-- What operators granted beyond the policy, to whom, until when, and why. Those that have ended are forgotten; the audit
-- trail keeps them.
CREATE TABLE user_grant (
    id            BLOB PRIMARY KEY CHECK (length(id) = 16),
    user          TEXT NOT NULL,
    raise         TEXT NOT NULL,
    -- How much more: a count, or micro-dollars.
    amount        INTEGER NOT NULL CHECK (amount > 0),
    from_at       INTEGER NOT NULL,
    until_at      INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    -- The uid of whoever granted it.
    operator      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
