-- Sessions, and the refresh tokens of each. Times are milliseconds since the Unix epoch, ids are 16 bytes.
CREATE TABLE session (
    id            BLOB PRIMARY KEY CHECK (length(id) = 16),
    user          TEXT NOT NULL,
    email         TEXT,
    name          TEXT,
    groups        TEXT NOT NULL,
    device_id     TEXT,
    device        TEXT NOT NULL,
    opened_at     INTEGER NOT NULL,
    refreshed_at  INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    -- No access token minted for the session is valid after this.
    access_until  INTEGER NOT NULL,
    ended_at      INTEGER,
    end_reason    TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX session_user ON session (user, id);
CREATE INDEX session_access_until ON session (access_until);

CREATE TABLE refresh_token (
    hash          BLOB PRIMARY KEY CHECK (length(hash) = 32),
    session       BLOB NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    predecessor   BLOB,
    -- Makes the successor; erased when the token is spent.
    seed          BLOB,
    state         TEXT NOT NULL CHECK (state IN ('fresh', 'rotated', 'spent')),
    expires_at    INTEGER NOT NULL,
    rotated_at    INTEGER,
    CHECK ((seed IS NULL) = (state = 'spent')),
    CHECK ((rotated_at IS NULL) = (state = 'fresh'))
) STRICT, WITHOUT ROWID;

CREATE INDEX refresh_token_session ON refresh_token (session);
CREATE INDEX refresh_token_expires_at ON refresh_token (expires_at);
