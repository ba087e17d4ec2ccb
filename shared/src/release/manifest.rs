//! The manifest of a release: which binaries belong to it. Keys that we do not know are let pass; of those that we
//! use, none may be missing or implausible.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use super::{Digest, LARGEST_BINARY, Version};
use crate::platform::Platform;

/// What is known of a release once its manifest has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub version: Version,
    pub commit: Option<String>,
    pub build_date: Option<String>,
    pub platforms: BTreeMap<Platform, Binary>,
}

/// One binary of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// The bare name of its file.
    pub name: String,
    pub checksum: Digest,
    /// In bytes, from 1 to `LARGEST_BINARY`.
    pub size: u64,
}

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadManifest {
    #[error("the manifest can't be read: {0}")]
    Unreadable(String),
    #[error("the manifest is that of version {found}, not of {wanted}")]
    OtherVersion { wanted: Version, found: Version },
    #[error(
        "the manifest names the platform `{0}`, which does not exist; hint: a newer Sallyport may know it"
    )]
    UnknownPlatform(String),
    #[error("the manifest names no platform")]
    NoPlatform,
    #[error("the manifest's file name for {platform} is `{name}`, which is not a bare file name")]
    FileName { platform: Platform, name: String },
    #[error("the manifest's checksum for {0} is not a SHA-256 digest")]
    Checksum(Platform),
    #[error(
        "the manifest says that the binary for {platform} has {size} bytes; from 1 to {LARGEST_BINARY} are plausible"
    )]
    Size { platform: Platform, size: u64 },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    version: Version,
    commit: Option<String>,
    build_date: Option<String>,
    platforms: BTreeMap<String, WrittenBinary>,
}

#[derive(Deserialize)]
struct WrittenBinary {
    binary: String,
    checksum: String,
    size: u64,
}

impl Manifest {
    /// Reads the manifest of a version. Its signature must have been verified: this only says whether it makes sense.
    pub fn parse(bytes: &[u8], wanted: &Version) -> Result<Self, BadManifest> {
        let manifest = Self::read(bytes)?;
        if manifest.version == *wanted {
            return Ok(manifest);
        }
        Err(BadManifest::OtherVersion { wanted: wanted.clone(), found: manifest.version })
    }

    /// Reads a manifest of whatever version.
    pub fn read(bytes: &[u8]) -> Result<Self, BadManifest> {
        let written: Written =
            serde_json::from_slice(bytes).map_err(|error| BadManifest::Unreadable(error.to_string()))?;
        let platforms = written.platforms.into_iter().map(|(name, binary)| {
            let platform = Platform::parse(&name).ok_or(BadManifest::UnknownPlatform(name))?;
            Ok((platform, checked(platform, binary)?))
        });
        let platforms: BTreeMap<_, _> = platforms.collect::<Result<_, BadManifest>>()?;
        if platforms.is_empty() {
            return Err(BadManifest::NoPlatform);
        }
        let Written { version, commit, build_date, .. } = written;
        Ok(Self { version, commit, build_date, platforms })
    }
}

fn checked(platform: Platform, written: WrittenBinary) -> Result<Binary, BadManifest> {
    let WrittenBinary { binary: name, checksum, size } = written;
    if !is_bare(&name) {
        return Err(BadManifest::FileName { platform, name });
    }
    if size == 0 || size > LARGEST_BINARY {
        return Err(BadManifest::Size { platform, size });
    }
    let checksum = checksum.parse().map_err(|_| BadManifest::Checksum(platform))?;
    Ok(Binary { name, checksum, size })
}

/// A name that stays in its folder on every system: no separator, no drive, no device, nothing hidden.
fn is_bare(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: &str = include_str!("../../tests/release/manifest-2.1.209.json");

    fn refused(was: &str, is: &str) -> String {
        assert!(REAL.contains(was), "{was}");
        let wanted = "2.1.209".parse().unwrap();
        Manifest::parse(REAL.replacen(was, is, 1).as_bytes(), &wanted).unwrap_err().to_string()
    }

    #[test]
    fn a_real_manifest_names_a_binary_for_every_platform() {
        let manifest = Manifest::parse(REAL.as_bytes(), &"2.1.209".parse().unwrap()).unwrap();
        assert_eq!(manifest.platforms.len(), Platform::ALL.len());
        let windows = &manifest.platforms[&Platform::Win32X64];
        assert_eq!((windows.name.as_str(), windows.size), ("claude.exe", 251_303_072));
        assert_eq!(manifest.build_date.as_deref(), Some("2026-07-14T03:58:29Z"));
    }

    #[test]
    fn the_manifest_of_another_version_is_refused() {
        let error = Manifest::parse(REAL.as_bytes(), &"2.1.210".parse().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "the manifest is that of version 2.1.209, not of 2.1.210");
    }

    #[test]
    fn an_unknown_platform_is_refused() {
        assert!(refused("\"linux-x64\"", "\"beos-x64\"").contains("the platform `beos-x64`"));
    }

    #[test]
    fn a_path_for_a_file_name_is_refused() {
        let names =
            ["../claude", "/bin/claude", "a/b", "a\\\\b", "..", ".", "", "C:claude", ".hidden", "claude\\n"];
        for name in names {
            let error = refused("\"claude\"", &format!("\"{name}\""));
            assert!(error.contains("not a bare file name"), "{name}: {error}");
        }
    }

    #[test]
    fn a_size_that_is_not_plausible_is_refused() {
        for size in ["0", "1073741825"] {
            assert!(refused("240377264", size).contains("darwin-arm64 has"), "{size}");
        }
        assert!(refused("240377264", "-1").starts_with("the manifest can't be read"));
    }

    #[test]
    fn a_checksum_that_is_none_is_refused() {
        assert!(refused("59d2de7f", "59d2de7").contains("checksum for darwin-arm64"));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for bytes in
            [&b""[..], b"<html>", b"[]", b"{}", b"{\"version\":\"2.1.209\",\"platforms\":{}}", b"\xff"]
        {
            assert!(Manifest::read(bytes).is_err());
        }
    }
}
