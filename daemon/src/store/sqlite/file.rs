//! The database as files: made for the daemon's eyes only, and used by one daemon at a time.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};
use tracing::warn;

use super::fault::Fault;
use crate::store::StoreError;

pub(super) const DATABASE: &str = "sallyport.db";
/// A file of its own: closing the database's file would drop SQLite's locks on it.
pub(super) const LOCK: &str = "sallyport.lock";
/// How long a connection waits for another one's lock. The daemon has one writer, so only an operator's own
/// `sqlite3` can hold it.
const BUSY: Duration = Duration::from_secs(3);

/// The folder of the database, held until dropped or released.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) database: PathBuf,
    lock: Mutex<Option<File>>,
}

impl Files {
    /// Makes what is missing (folder 0700, files 0600) and takes the lock.
    pub(super) fn claim(dir: &Path) -> Result<Self, StoreError> {
        make_dir(dir).map_err(|error| refused(dir, &error))?;
        let lock_path = dir.join(LOCK);
        let lock = private(&lock_path).map_err(|error| refused(&lock_path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(dir.to_owned())),
            Err(TryLockError::Error(error)) => return Err(refused(&lock_path, &error)),
        }
        let database = dir.join(DATABASE);
        // SQLite gives its journal the mode of the database.
        private(&database).map_err(|error| refused(&database, &error))?;
        Ok(Self { database, lock: Mutex::new(Some(lock)) })
    }

    /// Lets another daemon claim the folder. What is still written here stands beside its writes, in turn.
    pub(super) fn release(&self) {
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Opens a connection. `secure_delete`: an erased seed must not linger in a free page. `temp_store`: a service manager
    /// takes the folder for temporary files away from a daemon that has handed over.
    pub(super) fn connect(&self) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.database, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;
             PRAGMA trusted_schema=OFF; PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY;",
        )?;
        Ok(connection)
    }
}

fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    // It may be a folder that others share with us by intent, so its mode is theirs to change.
    let mode = fs::metadata(dir)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        warn!(dir = %dir.display(), mode = format!("{mode:o}"), "others may enter the state folder");
    }
    Ok(())
}

/// Opens a file of mode 0600, and makes it if it is missing.
fn private(path: &Path) -> io::Result<File> {
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

fn refused(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Access { path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn nobody_else_may_read_the_files() {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path().join("state");
        let files = Files::claim(&dir).unwrap();
        let connection = files.connect().unwrap();
        connection.execute_batch("CREATE TABLE something (x)").unwrap();
        assert_eq!(mode(&dir), 0o700);
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
        assert!(dir.join("sallyport.db-wal").exists());
    }

    #[test]
    fn a_second_daemon_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let first = Files::claim(dir.path()).unwrap();
        assert_eq!(Files::claim(dir.path()).unwrap_err(), StoreError::InUse(dir.path().to_owned()));
        first.release();
        let second = Files::claim(dir.path()).unwrap();
        drop((first, second));
        Files::claim(dir.path()).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Files::claim(&file.path().join("state")).unwrap_err().to_string();
        assert!(error.contains("state") && error.contains("hint:"), "{error}");
    }
}
