//! Claude Code itself: fetched from the install server and from nowhere else, verified from end to end, and put where its
//! own installer puts it.
//!
//! Invariant: what `claude` runs has the digest of a manifest that the pinned key signed, and has said its version. Until
//! then, and if it does not, what was there before stays.

mod download;
mod error;
mod place;
mod progress;
mod source;

use std::{fs, path::Path};

use reqwest::Url;
use shared::{
    platform::Platform,
    release::{Binary, Key, Manifest, Version},
    time::Timestamp,
};

pub use self::{
    error::PackageError,
    place::{Installed, Layout},
    source::Wanted,
};
use self::{place::Place, source::InstallServer};
use crate::{journal::Journal, os::Os};

/// Nobody's key is longer.
const LARGEST_KEY: u64 = 1 << 20;

/// What is to be installed.
#[derive(Debug)]
pub struct Order<'a> {
    pub server: &'a Url,
    pub wanted: Wanted,
    /// Whose signatures count.
    pub key: Key,
    /// A file of certificate authorities beside the system's.
    pub authorities: Option<&'a Path>,
    pub now: Timestamp,
}

/// One program that the server has for this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub version: Version,
    pub platform: Platform,
    pub binary: Binary,
}

/// The key whose signatures count: that of a file, or Anthropic's.
pub fn key(file: Option<&Path>) -> Result<Key, PackageError> {
    let Some(path) = file else { return Ok(Key::official()?) };
    let failed = |error| PackageError::File { path: path.to_owned(), error };
    if fs::metadata(path).map_err(failed)?.len() > LARGEST_KEY {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    Ok(Key::parse(&fs::read(path).map_err(failed)?)?)
}

/// Installs it, unless it is there.
pub async fn install(
    os: &dyn Os,
    journal: &mut Journal<'_>,
    order: Order<'_>,
) -> Result<Installed, PackageError> {
    let platform = os.platform().ok_or(PackageError::NoPlatform)?;
    let layout = Layout::of(os, platform)?;
    let server = InstallServer::new(order.server, order.authorities)?;
    let version = server.version(&order.wanted).await?;
    let program = find(&server, &order, (version, platform)).await?;
    let mut place = Place { os, journal, layout, program: &program };
    if place.is_there() {
        return place.link(None);
    }
    let partial = place.reserve()?;
    let left = partial.clone();
    download::fetch(&server, &program, left).await?;
    let before = place.current();
    place.take(&partial).await?;
    place.link(before)
}

/// What the manifest of a version says of this platform, once its signature is verified.
async fn find(
    server: &InstallServer,
    order: &Order<'_>,
    (version, platform): (Version, Platform),
) -> Result<Program, PackageError> {
    let (bytes, signature) = server.manifest(&version).await?;
    let signature = signature.ok_or_else(|| PackageError::Unsigned(version.clone()))?;
    let verified = order.key.verify(&bytes, &signature, order.now);
    verified.map_err(|cause| PackageError::Signature { version: version.clone(), cause })?;
    let mut manifest = Manifest::parse(&bytes, &version)?;
    match manifest.platforms.remove(&platform) {
        Some(binary) => Ok(Program { version, platform, binary }),
        None => Err(PackageError::NotForThis { version, platform }),
    }
}
