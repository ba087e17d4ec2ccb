//! What the journal does on the disk: its lock, its file, and things that move out of the way.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{JournalError, LARGEST, Record};

/// A folder and those above it that are not there, the outermost first.
pub(super) fn missing(path: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<_> =
        path.ancestors().take_while(|path| fs::symlink_metadata(path).is_err()).map(Path::to_owned).collect();
    missing.reverse();
    missing
}

/// Takes folders away again that were made for nothing.
pub(super) fn remove_empty(made: &[PathBuf]) {
    for path in made.iter().rev() {
        // One that somebody uses by now stays.
        let _ = fs::remove_dir(path);
    }
}

/// What has gone by itself need not be kept.
pub(super) fn kept_aside(path: &Path, outcome: io::Result<()>) -> Result<(), JournalError> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path)(error)),
        _ => Ok(()),
    }
}

/// Where something waits that we took the place of.
pub(super) fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".before-claude-agent");
    PathBuf::from(name)
}

pub(super) fn lock(path: &Path) -> Result<File, JournalError> {
    let open = File::options().create(true).truncate(false).write(true).open(path);
    let lock = open.map_err(failed(path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(JournalError::Busy),
        Err(fs::TryLockError::Error(error)) => Err(failed(path)(error)),
    }
}

pub(super) fn read(path: &Path) -> Result<Record, JournalError> {
    let unreadable = |what: String| JournalError::Unreadable { path: path.to_owned(), what };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Record::default()),
        Err(error) => return Err(failed(path)(error)),
        Ok(file) if file.len() > LARGEST => return Err(unreadable("it is too large".to_owned())),
        Ok(_) => {}
    }
    let content = fs::read(path).map_err(failed(path))?;
    serde_json::from_slice(&content).map_err(|error| unreadable(error.to_string()))
}

pub(super) fn failed(path: &Path) -> impl Fn(io::Error) -> JournalError + '_ {
    |error| JournalError::File { path: path.to_owned(), error }
}

/// Where a file waits until it is whole.
pub(super) fn new(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}
