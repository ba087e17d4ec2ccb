//! Private files, replaced in one step: whoever reads finds the old content or the new one, never half of it.

use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::os::Os;

/// A file that will take another one's place. Until then it keeps the room on the disk that it will need.
#[derive(Debug)]
pub struct Replacement<'a> {
    os: &'a dyn Os,
    path: &'a Path,
    temporary: PathBuf,
    file: Option<File>,
}

/// Why the disk does not do as it is told, as people say it.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        _ if is_full(error) => "the disk is full".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::PermissionDenied => "you may not do that there".to_owned(),
        _ => error.to_string(),
    }
}

/// What to do about it.
pub fn hint(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        _ if is_full(error) => Some("make room on the disk, then run the same again"),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            Some("make the folder yours and writable, then run the same again")
        }
        _ => None,
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Replaces a file, or makes it.
pub fn replace(os: &dyn Os, path: &Path, content: &[u8]) -> io::Result<()> {
    Replacement::reserve(os, path, content.len())?.commit(content)
}

/// The same for a file that others may read or run: `grant` lets them before it takes its place, so that a program is
/// never there and can't be run.
pub fn publish(
    os: &dyn Os,
    path: &Path,
    content: &[u8],
    grant: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let mut replacement = Replacement::reserve(os, path, content.len())?;
    replacement.finish(content)?;
    grant(&replacement.temporary)?;
    replacement.take_place()
}

impl<'a> Replacement<'a> {
    /// Makes sure that so many bytes can be written later. Whoever calls this holds the lock that guards the file:
    /// what an earlier one left behind when it was killed is removed.
    pub fn reserve(os: &'a dyn Os, path: &'a Path, size: usize) -> io::Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let temporary = PathBuf::from(name);
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = os.create_private(&temporary)?;
        let mut replacement = Self { os, path, temporary, file: Some(file) };
        replacement.write(&vec![b' '; size])?;
        Ok(replacement)
    }

    pub fn commit(mut self, content: &[u8]) -> io::Result<()> {
        self.finish(content)?;
        self.take_place()
    }

    fn finish(&mut self, content: &[u8]) -> io::Result<()> {
        self.write(content)?;
        // Windows renames no file that is open.
        drop(self.file.take());
        Ok(())
    }

    fn take_place(self) -> io::Result<()> {
        fs::rename(&self.temporary, self.path)?;
        self.path.parent().map_or(Ok(()), |folder| self.os.sync_dir(folder))
    }

    fn write(&mut self, content: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(content)?;
        file.set_len(u64::try_from(content.len()).unwrap_or(u64::MAX))?;
        file.sync_all()
    }
}

impl Drop for Replacement<'_> {
    fn drop(&mut self) {
        drop(self.file.take());
        // After a commit there is nothing to remove.
        let _ = fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::this;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        fs::write(folder.path().join("token.json.new"), "left by one that was killed").unwrap();
        replace(this(), &path, b"a longer one").unwrap();
        replace(this(), &path, b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_was_only_reserved_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        replace(this(), &path, b"old").unwrap();
        drop(Replacement::reserve(this(), &path, 4096).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
