//! Why there is no credential, or why it can't be kept.

use std::{io, path::PathBuf};

use thiserror::Error;

use crate::file;

#[derive(Debug, Error)]
pub enum CredentialError {
    #[error("this user has no home folder")]
    NoHome,
    #[error("`{}` is a link, and a token must not be kept where a link points to", .0.display())]
    Link(PathBuf),
    #[error("`{}` is no file", .0.display())]
    NoFile(PathBuf),
    #[error("`{}` can't be read: {}", path.display(), file::reason(error))]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("`{}` is damaged: {what}", path.display())]
    Corrupt { path: PathBuf, what: &'static str },
    #[error("`{}` can't be written: {}", path.display(), file::reason(error))]
    Unwritable { path: PathBuf, error: io::Error },
    #[error("another `claude-agent` is still at it: it holds `{}`", .0.display())]
    Busy(PathBuf),
}

impl CredentialError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoHome => "set `HOME`",
            Self::Link(_) | Self::NoFile(_) => "remove it, then run `claude-agent login`",
            Self::Corrupt { .. } => "run `claude-agent login`: it is replaced",
            Self::Unreadable { .. } => "give it back to yourself, or remove it and run `claude-agent login`",
            Self::Unwritable { error, .. } => {
                file::hint(error).unwrap_or("see that the folder can be written, then run the same again")
            }
            Self::Busy(_) => "try again, and end it if it hangs",
        }
    }
}
