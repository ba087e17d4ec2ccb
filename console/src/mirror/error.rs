//! Why a mirror stops: one variant a cause. Whatever it is, what was served before is still served.

use std::{
    io,
    path::{Path, PathBuf},
};

use shared::{
    platform::Platform,
    release::{BadKey, BadManifest, BadSignature, Fault, NotAVersion, Version},
};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum MirrorError {
    #[error("`{url}` can't be fetched: {cause}")]
    Unreachable { url: String, cause: String },
    #[error("`{url}` is not followed: {cause}")]
    Redirect { url: String, cause: String },
    #[error("`{url}` answered {status}")]
    Status { url: String, status: u16 },
    #[error("`{url}` answered more than {limit} bytes")]
    TooLarge { url: String, limit: usize },
    #[error("`{0}` is not an address of releases (https://… or http://…)")]
    Source(String),
    #[error("TLS can't be set up: {0}")]
    Tls(String),
    #[error("the channel `{channel}` does not name a version: {cause}")]
    Channel { channel: &'static str, cause: NotAVersion },
    #[error("the manifest of {0} has no signature")]
    NoSignature(Version),
    #[error("the signature of {version}'s manifest is refused: {cause}")]
    Signature { version: Version, cause: BadSignature },
    #[error("the key in `{}` is refused: {cause}", path.display())]
    Key { path: PathBuf, cause: BadKey },
    #[error(transparent)]
    Manifest(#[from] BadManifest),
    #[error("version {version} has no binary for {platform}")]
    NoSuchPlatform { version: Version, platform: Platform },
    #[error("{wanted} is older than {served}, which is served")]
    Downgrade { wanted: Version, served: Version },
    #[error("the binary for {platform} is refused: {fault}")]
    Binary { platform: Platform, fault: Fault },
    #[error("it was stopped; what was served before is still served")]
    Stopped,
    #[error("another mirror is at work in `{}`", .0.display())]
    Locked(PathBuf),
    #[error("`{}` has {free} bytes left, and {needed} are needed", path.display())]
    Space { path: PathBuf, needed: u64, free: u64 },
    #[error("`{}` names no version: {cause}", path.display())]
    Pointer { path: PathBuf, cause: NotAVersion },
    #[error("nothing is served from `{}` yet", .0.display())]
    NothingServed(PathBuf),
    #[error("no version was served before {0}")]
    NothingBefore(Version),
    #[error("version {0} is not kept here")]
    NotKept(Version),
    #[error("version {version} is not whole: {problem}")]
    Broken { version: Version, problem: String },
    #[error("`{}` can't be imported: {cause}", path.display())]
    Archive { path: PathBuf, cause: String },
    #[error("`{}`: {}", path.display(), explained(error))]
    File { path: PathBuf, error: io::Error },
}

impl MirrorError {
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::File { path, error }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreachable { .. } => {
                "check the network, `HTTPS_PROXY`, and `--ca-file` for a private certificate authority"
            }
            Self::Status { status: 404, .. } => "check `--version` and `--source`",
            Self::Source(_) => "leave `--source` out for the official releases",
            Self::NoSignature(_) => {
                "versions before 2.1.89 have none; `--insecure-skip-signature` takes them, and records that you did"
            }
            Self::Signature { .. } => {
                "don't go on: this is not what the signer released; `--key` pins another signer"
            }
            Self::NoSuchPlatform { .. } => "leave `--platform` out for all that there are",
            Self::Downgrade { .. } => {
                "`--allow-downgrade` goes back all the same; `sallyport mirror rollback` returns to the version before"
            }
            Self::Binary { .. } => {
                "nothing was published; try again, and if it stays so, ask whoever runs the source"
            }
            Self::Locked(_) => "wait until it has ended",
            Self::Stopped => "start it again: what was fetched is not fetched twice",
            Self::Space { .. } => "make room, or keep fewer versions with `--keep`",
            Self::NothingServed(_) => "mirror a release first, with `sallyport mirror`",
            Self::NothingBefore(_) | Self::NotKept(_) => {
                "`sallyport mirror verify` lists what is kept; `--version X.Y.Z --allow-downgrade` mirrors an older one"
            }
            Self::Broken { .. } => "mirror it again with `--version` and `--allow-downgrade`",
            Self::File { error, .. } => return file_hint(error),
            _ => return None,
        })
    }
}

fn explained(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn file_hint(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("make room, or keep fewer versions with `--keep`")
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            Some("run this as the user that owns the folder, or name another one with `--output`")
        }
        _ => None,
    }
}
