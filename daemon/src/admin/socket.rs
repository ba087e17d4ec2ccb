//! The socket's file: who may open it, and what to do with one that is there already.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::{
        fs::{DirBuilderExt, FileTypeExt, PermissionsExt},
        net::UnixStream,
    },
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::http::serve::Listener;

/// Owner and group.
const SOCKET_MODE: u32 = 0o660;
/// The folder, if we make it: closed to others before the socket exists.
const FOLDER_MODE: u32 = 0o750;

/// Why there is no socket.
#[derive(Debug, Error)]
pub enum SocketError {
    #[error("another daemon answers at `{}`; hint: stop it, or choose another `SALLYPORT_RUNTIME_DIR`", .0.display())]
    Live(PathBuf),
    #[error("`{}` is there and is not a socket; hint: move it away, or choose another `admin.socket`", .0.display())]
    Occupied(PathBuf),
    #[error("`{}` can't be made: {error}; hint: check the owner of its folder, or choose another `SALLYPORT_RUNTIME_DIR`", path.display())]
    Access { path: PathBuf, error: io::Error },
}

/// Binds the socket. One that a dead daemon left is replaced.
pub fn bind(path: &Path) -> Result<Listener, SocketError> {
    let access = |error| SocketError::Access { path: path.to_owned(), error };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(access)?;
    }
    clear(path)?;
    let listener = Listener::unix("admin", path).map_err(access)?;
    fs::set_permissions(path, Permissions::from_mode(SOCKET_MODE)).map_err(access)?;
    Ok(listener)
}

fn clear(path: &Path) -> Result<(), SocketError> {
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(SocketError::Occupied(path.to_owned()));
    }
    if UnixStream::connect(path).is_ok() {
        return Err(SocketError::Live(path.to_owned()));
    }
    fs::remove_file(path).map_err(|error| SocketError::Access { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn only_owner_and_group_may_open_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/admin.sock");
        let _listener = bind(&path).unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o660, 0o750));
    }

    #[tokio::test]
    async fn a_folder_that_was_there_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let before = mode(folder.path());
        let _listener = bind(&folder.path().join("admin.sock")).unwrap();
        assert_eq!(mode(folder.path()), before);
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        drop(bind(&path).unwrap());
        assert!(path.exists());
        let _listener = bind(&path).unwrap();
        assert!(matches!(bind(&path), Err(SocketError::Live(_))));
    }

    #[tokio::test]
    async fn a_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        fs::write(&path, "precious").unwrap();
        assert!(matches!(bind(&path), Err(SocketError::Occupied(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
}
