//! A release that is served: its manifest was verified by its signature, and every binary of it by the manifest.

use std::{collections::BTreeMap, io, sync::Arc};

use bytes::Bytes;
use shared::{
    platform::Platform,
    release::{BadManifest, BadSignature, Fingerprint, Key, Manifest, NotAVersion, Signer, Version},
    time::Timestamp,
};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    artifact::{Artifact, Digests},
    folder::{Folder, Listing, MANIFEST, RELEASES, SIGNATURE, binary_path},
};

/// A verified release.
#[derive(Debug)]
pub(super) struct Release {
    pub version: Version,
    /// Byte for byte as it was signed.
    pub manifest: Bytes,
    pub signature: Option<Bytes>,
    /// None if the configuration allows that nobody vouches for it.
    pub signer: Option<Signer>,
    /// Of the platforms that were mirrored.
    pub programs: BTreeMap<Platform, Program>,
}

/// Claude Code for one platform.
#[derive(Debug)]
pub(super) struct Program {
    /// Its file name, as the manifest has it.
    pub name: String,
    pub artifact: Arc<Artifact>,
}

/// Whose signatures count.
#[derive(Debug, Clone)]
pub(super) struct Trust {
    pub key: Arc<Key>,
    pub allow_unsigned: bool,
}

/// Why a release is not served.
#[derive(Debug, Error)]
pub(super) enum BadRelease {
    #[error("`{path}`: {error}")]
    File { path: String, error: io::Error },
    #[error("`{path}`: {error}")]
    Pointer { path: &'static str, error: NotAVersion },
    #[error("there is no manifest of version {0}; hint: `sallyport mirror` fetches it")]
    Missing(Version),
    #[error(
        "version {0} has no signature; hint: mirror it again, or set `allow_unsigned` under `[install]` if it comes from a source that signs nothing"
    )]
    Unsigned(Version),
    #[error("the signature of version {version} is not good: {error}")]
    Signature { version: Version, error: Box<BadSignature> },
    #[error("version {version}: {error}")]
    Manifest { version: Version, error: Box<BadManifest> },
    #[error(
        "version {version}: the binary for {platform} has {found} bytes, {wanted} were signed; hint: mirror it again"
    )]
    Size { version: Version, platform: Platform, wanted: u64, found: u64 },
    #[error(
        "version {version}: the binary for {platform} is not the one that was signed; hint: mirror it again"
    )]
    Digest { version: Version, platform: Platform },
    #[error("of version {0} no binary was mirrored")]
    Empty(Version),
}

/// Verifies releases, one after another. It reads whole binaries.
pub(super) struct Verifier<'a> {
    pub folder: &'a Folder,
    pub listing: &'a Listing,
    pub trust: &'a Trust,
    pub now: Timestamp,
    pub digests: &'a mut Digests,
    pub stop: &'a CancellationToken,
}

impl Release {
    pub fn fingerprint(&self) -> Option<&Fingerprint> {
        self.signer.as_ref().map(|signer| &signer.key)
    }
}

impl Verifier<'_> {
    pub fn release(&mut self, version: &Version) -> Result<Release, BadRelease> {
        let path = |name: &str| format!("{RELEASES}/{version}/{name}");
        let Some(manifest) = self.document(&path(MANIFEST))? else {
            return Err(BadRelease::Missing(version.clone()));
        };
        let signature = self.document(&path(SIGNATURE))?;
        let signer = self.signer(version, &manifest, signature.as_ref())?;
        let read = Manifest::parse(&manifest, version)
            .map_err(|error| BadRelease::Manifest { version: version.clone(), error: Box::new(error) })?;
        let mut programs = BTreeMap::new();
        for (platform, binary) in read.platforms {
            let path = binary_path(version, platform, &binary.name);
            if let Some(mark) = self.listing.find(&path) {
                matches(version, platform, mark.size(), binary.size)?;
                let artifact = Arc::new(self.artifact(&path)?);
                if artifact.digest != binary.checksum {
                    return Err(BadRelease::Digest { version: version.clone(), platform });
                }
                programs.insert(platform, Program { name: binary.name, artifact });
            }
        }
        if programs.is_empty() {
            return Err(BadRelease::Empty(version.clone()));
        }
        Ok(Release { version: version.clone(), manifest, signature, signer, programs })
    }

    /// Opens and hashes a binary.
    pub fn artifact(&mut self, path: &str) -> Result<Artifact, BadRelease> {
        let artifact = self.folder.open(path).and_then(|file| self.digests.artifact(file, self.stop));
        artifact.map_err(|error| BadRelease::File { path: path.to_owned(), error })
    }

    /// Reads a small file, if it is there.
    pub fn document(&self, path: &str) -> Result<Option<Bytes>, BadRelease> {
        if self.listing.find(path).is_none() {
            return Ok(None);
        }
        match self.folder.read(path) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) => Err(BadRelease::File { path: path.to_owned(), error }),
        }
    }

    fn signer(
        &self,
        version: &Version,
        manifest: &[u8],
        signature: Option<&Bytes>,
    ) -> Result<Option<Signer>, BadRelease> {
        let version = version.clone();
        let verified = match signature {
            None => Err(BadRelease::Unsigned(version)),
            Some(signature) => self
                .trust
                .key
                .verify(manifest, signature, self.now)
                .map_err(|error| BadRelease::Signature { version, error: Box::new(error) }),
        };
        match verified {
            Ok(signer) => Ok(Some(signer)),
            Err(refused) if self.trust.allow_unsigned => {
                warn!(reason = %refused, "served all the same, as `install.allow_unsigned` says");
                Ok(None)
            }
            Err(refused) => Err(refused),
        }
    }
}

fn matches(version: &Version, platform: Platform, found: u64, wanted: u64) -> Result<(), BadRelease> {
    if found == wanted {
        return Ok(());
    }
    Err(BadRelease::Size { version: version.clone(), platform, wanted, found })
}
