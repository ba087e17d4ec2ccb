//! Folders that a daemon in the background needs: whether one is fit for its files, and making those that a service
//! manager would make.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags, fchown, open},
    process::{Gid, Uid},
};
use thiserror::Error;

use super::account::Account;

const WRITABLE_BY_OTHERS: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Why a folder can't be used.
#[derive(Debug, Error)]
pub enum FolderError {
    #[error("`{}` can't be in `{}`: {error}; hint: make the folder, or choose another one", file.display(), folder.display())]
    Missing { file: PathBuf, folder: PathBuf, error: io::Error },
    #[error("`{}` can't be in `{}`, which is not a folder; hint: choose another one", file.display(), folder.display())]
    NoFolder { file: PathBuf, folder: PathBuf },
    #[error("`{}` can't be in `{}`, where everybody may write; hint: choose another folder, or `chmod o-w` this one", file.display(), folder.display())]
    Open { file: PathBuf, folder: PathBuf },
    #[error("the folder `{}` can't be made: {error}", path.display())]
    Make { path: PathBuf, error: io::Error },
}

/// Whether a file may be made there: in a folder where anybody may put a link, it would be anybody's.
pub fn check(file: &Path) -> Result<(), FolderError> {
    let folder = file.parent().unwrap_or(Path::new("/")).to_owned();
    let file = file.to_owned();
    match fs::metadata(&folder) {
        Err(error) => Err(FolderError::Missing { file, folder, error }),
        Ok(found) if !found.is_dir() => Err(FolderError::NoFolder { file, folder }),
        Ok(found) if found.mode() & (WRITABLE_BY_OTHERS | STICKY) == WRITABLE_BY_OTHERS => {
            Err(FolderError::Open { file, folder })
        }
        Ok(_) => Ok(()),
    }
}

/// Makes a folder for an account, if it is not there. One that is there keeps its owner and its mode.
pub fn make(path: &Path, mode: u32, owner: &Account) -> Result<(), FolderError> {
    if fs::symlink_metadata(path).is_ok() {
        return Ok(());
    }
    made(path, mode, owner).map_err(|error| FolderError::Make { path: path.to_owned(), error })
}

fn made(path: &Path, mode: u32, owner: &Account) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    DirBuilder::new().mode(mode).create(path)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = open(path, flags, Mode::empty())?;
    Ok(fchown(folder, Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid)))?)
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_folder_where_everybody_may_write_is_refused_unless_only_owners_may_remove() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sallyportd.log");
        for (mode, is_fit) in [(0o755, true), (0o770, true), (0o1777, true), (0o777, false)] {
            fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(check(&file).is_ok(), is_fit, "{mode:o}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = check(&folder.path().join("none/sallyportd.log")).unwrap_err().to_string();
        assert!(missing.contains("none`: ") && missing.contains("; hint: make the folder"), "{missing}");
        fs::write(folder.path().join("file"), "").unwrap();
        let file = check(&folder.path().join("file/sallyportd.log")).unwrap_err();
        assert!(matches!(file, FolderError::NoFolder { .. }), "{file}");
    }

    #[test]
    fn a_folder_is_made_once_and_kept_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let own = fs::metadata(root.path()).unwrap();
        let owner = Account { name: "us".into(), uid: own.uid(), gid: own.gid(), groups: vec![] };
        let path = root.path().join("run/sallyport");
        make(&path, 0o750, &owner).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o750);
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        make(&path, 0o750, &owner).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
    }
}
