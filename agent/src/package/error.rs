//! Why Claude Code could not be installed.

use std::{io, path::PathBuf};

use shared::{
    exit::Exit,
    platform::Platform,
    release::{BadKey, BadManifest, BadSignature, Fault, NotAVersion, Version},
};
use thiserror::Error;

use crate::{client::ClientError, file, journal::JournalError};

#[derive(Debug, Error)]
pub enum PackageError {
    #[error("there is no Claude Code for this kind of machine")]
    NoPlatform,
    #[error("the user's home is not known")]
    NoHome,
    #[error("{0}")]
    Client(#[from] ClientError),
    #[error("the install server has no `{0}`")]
    Missing(String),
    #[error("the install server redirects `{url}` to `{to}`, and nothing is fetched from elsewhere")]
    Elsewhere { url: String, to: String },
    #[error("the install server answered {status} for `{url}`")]
    Status { url: String, status: u16 },
    #[error("what the install server calls a version is none: {0}")]
    Version(#[from] NotAVersion),
    #[error("nobody has signed Claude Code {0}, so it is not installed")]
    Unsigned(Version),
    #[error("the signature of Claude Code {version} is refused: {cause}")]
    Signature { version: Version, cause: BadSignature },
    #[error("the key can't be used: {0}")]
    Key(#[from] BadKey),
    #[error("{0}")]
    Manifest(#[from] BadManifest),
    #[error("the install server has Claude Code {version}, but not for `{platform}`")]
    NotForThis { version: Version, platform: Platform },
    #[error("the download of Claude Code is refused and removed: {0}")]
    Refused(#[from] Fault),
    #[error("the download broke off: {0}")]
    Cut(String),
    #[error("Claude Code {version} does not work here, and is removed: {why}")]
    Broken { version: Version, why: String },
    #[error("`{}`: {}", path.display(), file::reason(error))]
    File { path: PathBuf, error: io::Error },
    #[error("{0}")]
    Journal(#[from] JournalError),
}

impl PackageError {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Client(error) => error.hint(),
            Self::Cut(_) => Some("run the same again: it goes on where it ended"),
            Self::Missing(_) | Self::NotForThis { .. } => Some("ask your administrators to mirror it"),
            Self::Unsigned(_) | Self::Signature { .. } => Some(
                "tell your administrators; if they sign releases themselves, `INSTALL_SERVER_KEY` names the file of \
                 their key",
            ),
            Self::Refused(_) | Self::Elsewhere { .. } => Some("tell your administrators"),
            Self::File { error, .. } => file::hint(error),
            Self::Journal(error) => error.hint(),
            _ => None,
        }
    }

    pub fn exit_code(&self) -> Exit {
        match self {
            Self::Client(error) => error.exit_code(),
            Self::Cut(_) => Exit::Unreachable,
            _ => Exit::Failed,
        }
    }
}
