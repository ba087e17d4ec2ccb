//! What must outlive the process: sessions, refresh tokens, usage, audit.
