//! How many files the process may have open. Every connection is one, and every request to the upstream another.

use rustix::process::{Resource, getrlimit, setrlimit};
use tracing::warn;

use crate::config::Config;

/// Database, logs, listeners and what libraries open.
const OWN_FILES: u64 = 256;
/// A client's connection, and the one to the upstream.
const FILES_A_REQUEST: u64 = 2;

/// Takes as many as the system lets us have, and returns how many that is: shells give a program a thousand.
pub fn raise() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        // What the system refuses is no worse than before.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Says so if the connections that are configured can't all be had.
pub fn compare(files: u64, config: &Config) {
    let connections = u64::try_from(config.http.connections).unwrap_or(u64::MAX);
    let wanted = connections.saturating_mul(FILES_A_REQUEST).saturating_add(OWN_FILES);
    if files < wanted {
        let hint = "raise the limit of open files (`LimitNOFILE=`), or lower `http.connections`";
        warn!(files, wanted, hint, "not every connection can be served when all are in use");
    }
}
