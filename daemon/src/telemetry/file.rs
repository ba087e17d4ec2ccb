//! Logs in a file that something else rotates: it moves the file away, then a signal has it opened again.
//!
//! Invariant: a log that can't be written stops nobody. What is lost is counted, and told once there is room again.

use std::{
    fmt,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::{
    fs::{Gid, Mode, OFlags, Uid, fchown, open},
    io::Errno,
    stdio::dup2_stderr,
};

/// Our group may read it.
const MODE: u32 = 0o640;

/// The file that is written now.
pub struct LogFile {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// Lines that were not written.
    lost: u64,
    /// The last line was written in part.
    is_torn: bool,
}

impl fmt::Debug for LogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl LogFile {
    /// Opens or makes it. What is made is `owner`'s (uid, gid), so that it can be opened again when we are that one.
    pub fn open(path: &Path, owner: Option<(u32, u32)>) -> io::Result<Self> {
        let file = match create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => append(path)?,
            created => {
                let file = created?;
                if let Some((uid, gid)) = owner {
                    fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
                }
                file
            }
        };
        Ok(Self::writing(path, file))
    }

    fn writing(path: &Path, file: File) -> Self {
        let state = State { file, lost: 0, is_torn: false };
        Self { path: path.to_owned(), state: Mutex::new(state) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a line, and returns how many lines before it were lost and are not told yet.
    pub(super) fn write(&self, line: &str) -> u64 {
        self.state().write(line)
    }

    /// Opens the path again. If that fails, the file that is open stays in use.
    pub fn reopen(&self) -> io::Result<()> {
        let file = match create(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => append(&self.path)?,
            created => created?,
        };
        let is_stderr_ours = same(&io::stderr(), &self.state().file);
        let mut state = self.state();
        state.file = file;
        state.is_torn = false;
        if is_stderr_ours { Ok(dup2_stderr(&state.file)?) } else { Ok(()) }
    }

    /// Stderr goes there, too: what the runtime says when it gives up.
    pub fn take_stderr(&self) -> io::Result<()> {
        Ok(dup2_stderr(&self.state().file)?)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn write(&mut self, line: &str) -> u64 {
        let whole = if self.is_torn { format!("\n{line}") } else { line.to_owned() };
        let mut rest = whole.as_bytes();
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.is_torn |= rest.len() < whole.len();
                    self.lost = self.lost.saturating_add(1);
                    return 0;
                }
            }
        }
        self.is_torn = false;
        std::mem::take(&mut self.lost)
    }
}

fn create(path: &Path) -> io::Result<File> {
    opened(path, OFlags::CREATE | OFlags::EXCL)
}

/// What is there already must be a file that we alone write: behind a link, another one's would be overwritten.
fn append(path: &Path) -> io::Result<File> {
    let file = opened(path, OFlags::empty())?;
    let found = file.metadata()?;
    if !found.is_file() || std::os::unix::fs::MetadataExt::nlink(&found) > 1 {
        return Err(io::Error::other("it is not a file, or has a second name"));
    }
    Ok(file)
}

fn opened(path: &Path, how: OFlags) -> io::Result<File> {
    let always = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match open(path, always | how, Mode::from_raw_mode(MODE)) {
        Err(Errno::LOOP) => Err(io::Error::other("it is a link")),
        opened => Ok(opened?.into()),
    }
}

fn same(one: &impl std::os::fd::AsFd, other: &File) -> bool {
    let places = (rustix::fs::fstat(one), rustix::fs::fstat(other));
    matches!(places, (Ok(one), Ok(other)) if (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
        sync::Arc,
        thread,
    };

    use super::*;

    #[test]
    fn a_file_is_made_for_us_and_our_group_and_added_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sallyportd.log");
        LogFile::open(&path, None).unwrap().write("one\n");
        LogFile::open(&path, None).unwrap().write("two\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn what_may_be_another_ones_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "").unwrap();
        symlink(path("file"), path("soft")).unwrap();
        fs::hard_link(path("file"), path("hard")).unwrap();
        for name in ["soft", "hard", "."] {
            LogFile::open(&path(name), None).unwrap_err();
        }
    }

    #[test]
    fn no_line_is_lost_over_a_rotation() {
        const LINES: usize = 5000;
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("sallyportd.log"), folder.path().join("sallyportd.log.1"));
        let log = Arc::new(LogFile::open(&path, None).unwrap());
        let writing = log.clone();
        let writer = thread::spawn(move || {
            (0..LINES).for_each(|nth| assert_eq!(writing.write(&format!("line {nth}\n")), 0));
        });
        while fs::metadata(&path).unwrap().len() == 0 {}
        fs::rename(&path, &old).unwrap();
        log.reopen().unwrap();
        writer.join().unwrap();
        let both = [old, path].map(|path| fs::read_to_string(path).unwrap()).concat();
        let expected = (0..LINES).map(|nth| format!("line {nth}"));
        assert!(both.lines().eq(expected), "lines were lost or torn");
    }

    #[test]
    fn a_file_that_cannot_be_opened_again_stays_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("sallyportd.log"), folder.path().join("old"));
        let log = LogFile::open(&path, None).unwrap();
        fs::rename(&path, &old).unwrap();
        fs::create_dir(&path).unwrap();
        log.reopen().unwrap_err();
        log.write("still here\n");
        assert_eq!(fs::read_to_string(old).unwrap(), "still here\n");
    }

    #[test]
    fn a_full_disk_loses_lines_and_says_how_many() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sallyportd.log");
        let full = File::options().write(true).open("/dev/full").unwrap();
        let log = LogFile::writing(&path, full);
        assert_eq!((log.write("one\n"), log.write("two\n")), (0, 0));
        log.reopen().unwrap();
        assert_eq!((log.write("three\n"), log.write("four\n")), (2, 0));
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\nfour\n");
    }

    #[test]
    fn what_follows_a_torn_line_begins_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sallyportd.log");
        let log = LogFile::open(&path, None).unwrap();
        log.write("half a l");
        log.state().is_torn = true;
        log.write("whole\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "half a l\nwhole\n");
    }
}
