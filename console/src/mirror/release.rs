//! A release whose manifest has been verified, with the bytes that were signed.

use std::collections::BTreeSet;

use bytes::Bytes;
use shared::{
    platform::Platform,
    release::{Binary, Manifest, Signer, Version},
    time::Timestamp,
};

use super::{MirrorError, order::Trust};

#[derive(Debug)]
pub(super) struct Release {
    pub(super) manifest: Manifest,
    /// Byte for byte.
    pub(super) written: Bytes,
    pub(super) signature: Option<Bytes>,
    /// Nobody, if nobody's signature was asked for.
    pub(super) signer: Option<Signer>,
}

impl Release {
    /// Takes the manifest of a version if it is what `trust` signed.
    pub(super) fn verify(
        version: &Version,
        written: Bytes,
        signature: Option<Bytes>,
        (trust, now): (&Trust, Timestamp),
    ) -> Result<Self, MirrorError> {
        let signer = match trust {
            Trust::Unsigned => None,
            Trust::Key(key) => {
                let signature =
                    signature.as_ref().ok_or_else(|| MirrorError::NoSignature(version.clone()))?;
                let refused = |cause| MirrorError::Signature { version: version.clone(), cause };
                Some(key.verify(&written, signature, now).map_err(refused)?)
            }
        };
        let manifest = Manifest::parse(&written, version)?;
        Ok(Self { manifest, written, signature, signer })
    }

    /// The platforms that are wanted; all, if none is named.
    pub(super) fn select(&self, wanted: &BTreeSet<Platform>) -> Result<BTreeSet<Platform>, MirrorError> {
        if wanted.is_empty() {
            return Ok(self.manifest.platforms.keys().copied().collect());
        }
        let missing = wanted.iter().find(|platform| !self.manifest.platforms.contains_key(platform));
        match missing {
            None => Ok(wanted.clone()),
            Some(platform) => {
                let version = self.manifest.version.clone();
                Err(MirrorError::NoSuchPlatform { version, platform: *platform })
            }
        }
    }

    /// The binaries of some of its platforms.
    pub(super) fn binaries<'a>(
        &'a self,
        platforms: &'a BTreeSet<Platform>,
    ) -> impl Iterator<Item = (Platform, &'a Binary)> {
        self.manifest
            .platforms
            .iter()
            .filter(|(platform, _)| platforms.contains(platform))
            .map(|(platform, binary)| (*platform, binary))
    }
}
