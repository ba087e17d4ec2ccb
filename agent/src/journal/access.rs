//! Who may do what with a file of ours.

use std::{io, path::Path};

use crate::os::Os;

/// Who may read a file, or run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Private,
    Readable,
    Runnable,
}

impl Access {
    /// Whether it is so already, as far as that matters: who can't run a program has it mended.
    pub(super) fn holds(self, os: &dyn Os, path: &Path) -> bool {
        match self {
            Self::Private => os.is_exposed(path).is_ok_and(|is_exposed| !is_exposed),
            Self::Readable => true,
            Self::Runnable => os.is_runnable(path),
        }
    }

    pub(super) fn grant(self, os: &dyn Os, path: &Path) -> io::Result<()> {
        match self {
            Self::Private => os.make_private(path),
            Self::Readable => os.make_readable(path),
            Self::Runnable => os.make_runnable(path),
        }
    }
}
