//! One mirror at a time in one folder. The kernel lets go of the lock when its holder ends, however it ends.

use std::fs::File;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{MirrorError, layout::Tree};

/// Held while a mirror is at work. Looking needs none.
#[derive(Debug)]
pub(super) struct Alone {
    _file: Option<File>,
}

impl Tree {
    pub(super) fn lock(&self) -> Result<Alone, MirrorError> {
        let path = self.workshop().join("lock");
        if !self.workshop().exists() {
            return Ok(Alone { _file: None });
        }
        let file = File::create(&path).map_err(MirrorError::file(&path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Alone { _file: Some(file) }),
            Err(Errno::WOULDBLOCK) => Err(MirrorError::Locked(self.root().to_owned())),
            Err(error) => Err(MirrorError::File { path, error: error.into() }),
        }
    }
}
