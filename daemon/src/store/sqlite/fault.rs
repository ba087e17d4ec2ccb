//! What can go wrong inside a transaction, before it is put into words.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::store::StoreError;

#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    Store(StoreError),
    /// The database belongs to another program.
    Foreign,
    /// A row holds what this daemon never writes.
    Unreadable(&'static str),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Fault {
    /// The same for an operator, who knows the database by its path.
    pub(super) fn explain(self, path: &Path) -> StoreError {
        let path = path.to_owned();
        match self {
            Self::Store(error) => error,
            Self::Foreign => StoreError::Foreign(path),
            Self::Unreadable(what) => StoreError::Corrupt { path, reason: format!("unreadable {what}") },
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
                Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt { path, reason: error.to_string() },
                Some(ErrorCode::NotADatabase) => StoreError::Foreign(path),
                Some(ErrorCode::DiskFull) => StoreError::Full(path),
                Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                    StoreError::Access { path, reason: error.to_string() }
                }
                _ => StoreError::Failed(error.to_string()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn explained(outcome: Result<(), rusqlite::Error>) -> StoreError {
        Fault::from(outcome.unwrap_err()).explain(Path::new("/srv/sallyport.db"))
    }

    #[test]
    fn another_writer_is_said_to_hold_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Connection::open(dir.path().join("some.db")).unwrap();
        let (first, second) = (open(), open());
        second.busy_timeout(std::time::Duration::ZERO).unwrap();
        first.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_eq!(explained(second.execute_batch("BEGIN IMMEDIATE")), StoreError::Busy);
    }

    #[test]
    fn a_full_disk_is_said_to_be_full() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA max_page_count = 2; CREATE TABLE large (x)").unwrap();
        let error = explained(connection.execute_batch("INSERT INTO large VALUES (zeroblob(1000000))"));
        assert_eq!(error, StoreError::Full("/srv/sallyport.db".into()));
        assert!(error.to_string().contains("hint: make room"), "{error}");
    }
}
