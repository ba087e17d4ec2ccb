//! When the source was asked last, whether anything came of it: the history tells changes only.

use std::{fs, io, path::Path};

use shared::time::Timestamp;

use super::{MirrorError, layout::Tree, publish::write};

/// When a mirror last asked its source for this folder, and came to its end. None if none has.
pub fn asked(folder: &Path) -> Result<Option<Timestamp>, MirrorError> {
    Tree::open(folder, true)?.asked()
}

impl Tree {
    pub(super) fn note_asked(&self, at: Timestamp) -> Result<(), MirrorError> {
        write(&self.asked_path(), format!("{}\n", at.0).as_bytes())
    }

    /// What can't be understood tells nothing.
    pub(super) fn asked(&self) -> Result<Option<Timestamp>, MirrorError> {
        let path = self.asked_path();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().parse().ok().map(Timestamp)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(MirrorError::File { path, error }),
        }
    }
}
