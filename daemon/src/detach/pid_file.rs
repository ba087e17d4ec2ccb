//! The file that names the daemon's process, and lets only one daemon have it.
//!
//! Invariant: the lock decides, not the number. A daemon that was killed leaves a file and no lock.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, Mode, OFlags, flock, open},
    io::Errno,
};
use thiserror::Error;
use tracing::warn;

use super::folder::{self, FolderError};

/// Everybody may ask how the daemon is.
const MODE: u32 = 0o644;
/// Longer than any number of a process.
const LONGEST: u64 = 32;
/// Times that the file is gone again before we hold it.
const ATTEMPTS: u32 = 100;

/// Why we don't have the file.
#[derive(Debug, Error)]
pub enum PidFileError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("another daemon runs already, as process {pid}, and holds `{}`; hint: stop it (`kill {pid}`), or choose another `--pid-file`", path.display())]
    Running { pid: u32, path: PathBuf },
    #[error("another daemon is just starting, and holds `{}`", .0.display())]
    Starting(PathBuf),
    #[error("`{}` is there and is not a pid file; hint: move it away, or choose another `--pid-file`", .0.display())]
    Occupied(PathBuf),
    #[error("`{}` can't be written: {error}; hint: check the owner of its folder, or choose another `--pid-file`", path.display())]
    Access { path: PathBuf, error: io::Error },
}

/// The file, as long as this process is the daemon. It is removed when the daemon ends.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
    is_ours: bool,
}

impl PidFile {
    /// Takes the file, if no daemon has it. The lock goes over to a process that is forked.
    pub fn lock(path: &Path) -> Result<Self, PidFileError> {
        folder::check(path)?;
        let access = |error: Errno| PidFileError::Access { path: path.to_owned(), error: error.into() };
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        for _ in 0..ATTEMPTS {
            let file = match open(path, flags, Mode::from_raw_mode(MODE)) {
                Ok(file) => File::from(file),
                // A link, or nothing that holds text.
                Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => {
                    return Err(PidFileError::Occupied(path.to_owned()));
                }
                Err(error) => return Err(access(error)),
            };
            let number = number(&file).map_err(|NoNumber| PidFileError::Occupied(path.to_owned()))?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) if is_at(&file, path) => {
                    return Ok(Self { path: path.to_owned(), file, is_ours: true });
                }
                // Its daemon has just removed it.
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Err(held(path, number)),
                Err(error) => return Err(access(error)),
            }
        }
        Err(PidFileError::Starting(path.to_owned()))
    }

    /// Names this process.
    pub fn write(&mut self) -> Result<(), PidFileError> {
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(format!("{}\n", std::process::id()).as_bytes())
        };
        write(&mut self.file).map_err(|error| PidFileError::Access { path: self.path.clone(), error })
    }

    /// It is another process's now.
    pub fn pass_on(mut self) {
        self.is_ours = false;
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if !self.is_ours || !is_at(&self.file, &self.path) {
            return;
        }
        // In a folder that only root may change, an empty file says the same.
        let removed = fs::remove_file(&self.path).or_else(|_| self.file.set_len(0));
        if let Err(error) = removed {
            warn!(path = %self.path.display(), %error, "pid file not removed");
        }
    }
}

fn held(path: &Path, number: Option<u32>) -> PidFileError {
    let path = path.to_owned();
    match number {
        Some(pid) => PidFileError::Running { pid, path },
        None => PidFileError::Starting(path),
    }
}

/// It is no pid file, and may be precious to somebody.
struct NoNumber;

/// What is in a pid file: nothing, or one number.
fn number(file: &File) -> Result<Option<u32>, NoNumber> {
    let found = file.metadata().map_err(|_| NoNumber)?;
    if !found.is_file() || found.nlink() > 1 || found.len() > LONGEST {
        return Err(NoNumber);
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(|_| NoNumber)?;
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| NoNumber),
    }
}

/// Whether the path still leads to the file.
fn is_at(file: &File, path: &Path) -> bool {
    let places = (file.metadata(), fs::symlink_metadata(path));
    matches!(places, (Ok(held), Ok(found)) if (held.dev(), held.ino()) == (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn refusal(path: &Path) -> String {
        PidFile::lock(path).unwrap_err().to_string()
    }

    #[test]
    fn a_second_daemon_is_told_which_process_is_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sallyportd.pid");
        let mut first = PidFile::lock(&path).unwrap();
        assert!(refusal(&path).contains("just starting"));
        first.write().unwrap();
        let own = std::process::id();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{own}\n"));
        assert!(refusal(&path).starts_with(&format!("another daemon runs already, as process {own}, ")));
        drop(first);
        assert!(!path.exists());
        PidFile::lock(&path).unwrap();
    }

    #[test]
    fn what_a_killed_daemon_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sallyportd.pid");
        fs::write(&path, "1234567\n").unwrap();
        PidFile::lock(&path).unwrap().write().unwrap();
    }

    #[test]
    fn the_caller_leaves_the_file_to_the_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sallyportd.pid");
        PidFile::lock(&path).unwrap().pass_on();
        assert!(path.exists());
    }

    #[test]
    fn nothing_that_is_not_a_pid_file_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("precious"), "words").unwrap();
        fs::write(path("1"), "1").unwrap();
        fs::hard_link(path("1"), path("hard")).unwrap();
        symlink(path("1"), path("soft")).unwrap();
        for name in ["precious", "hard", "soft", "."] {
            assert!(refusal(&path(name)).contains("is not a pid file"), "{name}");
        }
        assert_eq!(fs::read_to_string(path("precious")).unwrap(), "words");
        assert_eq!(fs::read_to_string(path("1")).unwrap(), "1");
    }

    #[test]
    fn a_file_that_another_has_put_there_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sallyportd.pid");
        let first = PidFile::lock(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let _second = PidFile::lock(&path).unwrap();
        drop(first);
        assert!(path.exists());
    }
}
