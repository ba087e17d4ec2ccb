//! A look at a database from outside, beside a daemon or without one: no lock is taken, and no file is made or changed.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{fault::Fault, file, migration};
use crate::store::StoreError;

/// How often the time is looked at while pages are read.
const TICK: Duration = Duration::from_millis(20);

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// There is no database yet.
    Absent,
    /// A daemon died in the middle of its work: only the next one can tell more.
    Unfinished,
    Seen {
        version: u32,
        /// What this daemon would make of it.
        known: u32,
        /// Whether every page is as it should be; none if reading them took too long.
        whole: Option<bool>,
        in_use: bool,
    },
}

/// Looks at the database of a folder. Reading its pages takes `patience` at most.
pub fn look(dir: &Path, patience: Duration) -> Result<Look, StoreError> {
    let database = dir.join(file::DATABASE);
    if let Err(error) = fs::metadata(&database) {
        return match error.kind() {
            std::io::ErrorKind::NotFound => Ok(Look::Absent),
            _ => Err(StoreError::Access { path: database, reason: error.to_string() }),
        };
    }
    let in_use = is_claimed(dir);
    let has_log = fs::metadata(dir.join(format!("{}-wal", file::DATABASE))).is_ok_and(|log| log.len() > 0);
    if has_log && !in_use {
        return Ok(Look::Unfinished);
    }
    let seen = see(&database, in_use, patience).map_err(|fault| fault.explain(&database));
    // Somebody who began to write meanwhile makes a mess of what was read without a lock.
    if !in_use && is_claimed(dir) {
        see(&database, true, patience).map_err(|fault| fault.explain(&database))
    } else {
        seen
    }
}

fn see(database: &Path, in_use: bool, patience: Duration) -> Result<Look, Fault> {
    let connection = open(database, in_use)?;
    let version = migration::found(&connection)?;
    let whole = check(&connection, patience)?;
    Ok(Look::Seen { version, known: migration::known(), whole, in_use })
}

/// Without a daemon there is no log, and `immutable` keeps SQLite from making one.
fn open(database: &Path, in_use: bool) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if in_use {
        return Ok(Connection::open_with_flags(database, flags)?);
    }
    let path = utf8_percent_encode(&database.to_string_lossy(), NON_ALPHANUMERIC).to_string();
    let url = format!("file:{path}?immutable=1");
    Ok(Connection::open_with_flags(url, flags | OpenFlags::SQLITE_OPEN_URI)?)
}

/// SQLite's own check of every page.
fn check(connection: &Connection, patience: Duration) -> Result<Option<bool>, Fault> {
    let (until, stop) = (Instant::now() + patience, connection.get_interrupt_handle());
    let is_done = AtomicBool::new(false);
    let said = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                thread::park_timeout(TICK);
                if Instant::now() > until {
                    return stop.interrupt();
                }
            }
        });
        let said = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
        is_done.store(true, Ordering::Relaxed);
        said
    });
    match said {
        Ok(said) => Ok(Some(said == "ok")),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether a daemon holds the folder, as the kernel tells it.
fn is_claimed(dir: &Path) -> bool {
    let Ok(lock) = fs::metadata(dir.join(file::LOCK)) else { return false };
    let end = format!(":{}", lock.ino());
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    locks.lines().any(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        fields.get(1) == Some(&"FLOCK") && fields.get(5).is_some_and(|file| file.ends_with(&end))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::SqliteStore;

    const LONG: Duration = Duration::from_mins(1);

    /// Every file of a folder, with its size and the moment of its last change.
    fn state(dir: &Path) -> BTreeMap<String, (u64, i64, i64)> {
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
        let files = entries.map(|entry| {
            let found = entry.metadata().unwrap();
            (entry.file_name().into_string().unwrap(), (found.len(), found.mtime(), found.mtime_nsec()))
        });
        files.collect()
    }

    fn seen(look: &Look) -> (Option<bool>, bool) {
        let Look::Seen { version, known, whole, in_use } = look else { panic!("{look:?}") };
        assert_eq!(version, known);
        (*whole, *in_use)
    }

    #[test]
    fn a_look_changes_nothing_whether_a_daemon_runs_or_not() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(look(dir.path(), LONG), Ok(Look::Absent));
        assert!(state(dir.path()).is_empty());
        let store = SqliteStore::open(dir.path()).unwrap();
        let before = state(dir.path());
        assert_eq!(seen(&look(dir.path(), LONG).unwrap()), (Some(true), true));
        assert_eq!(state(dir.path()).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
        drop(store);
        let before = state(dir.path());
        assert_eq!(seen(&look(dir.path(), LONG).unwrap()), (Some(true), false));
        assert_eq!(state(dir.path()), before);
    }

    #[test]
    fn what_a_dead_daemon_left_is_not_judged() {
        let dir = tempfile::tempdir().unwrap();
        drop(SqliteStore::open(dir.path()).unwrap());
        fs::write(dir.path().join("sallyport.db-wal"), "half a page").unwrap();
        assert_eq!(look(dir.path(), LONG), Ok(Look::Unfinished));
    }

    #[test]
    fn damage_and_strangers_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sallyport.db");
        fs::write(&path, "certainly no database, whatever its name may be").unwrap();
        assert_eq!(look(dir.path(), LONG), Err(StoreError::Foreign(path.clone())));
        fs::remove_file(&path).unwrap();
        drop(SqliteStore::open(dir.path()).unwrap());
        let mut bytes = fs::read(&path).unwrap();
        bytes[4096..].fill(0xA5);
        fs::write(&path, bytes).unwrap();
        let damaged = look(dir.path(), LONG);
        assert!(
            matches!(damaged, Err(StoreError::Corrupt { .. }) | Ok(Look::Seen { whole: Some(false), .. })),
            "{damaged:?}"
        );
    }
}
