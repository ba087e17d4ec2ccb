//! Looks at a mirror's folder as somebody who trusts nothing but the key: signatures, digests, pointers, links.

use std::{fs, io::Read, os::unix::fs::MetadataExt, path::Path};

use bytes::Bytes;
use serde::Serialize;
use shared::{
    platform::{Os, Platform},
    release::{Binary, Version},
    time::Timestamp,
};

use super::{
    MirrorError,
    intake::Intake,
    layout::Tree,
    order::{Channel, Trust},
    release::Release,
};

/// Read at a time.
const PIECE: usize = 1 << 20;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The version that is served; none if nothing is yet.
    pub served: Option<Version>,
    /// Oldest first.
    pub versions: Vec<VerifiedVersion>,
    /// What is wrong besides the versions themselves.
    pub problems: Vec<String>,
}

/// One version that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifiedVersion {
    pub version: Version,
    /// The fingerprint of the key that signed the manifest; none if nobody checked.
    pub signer: Option<String>,
    /// Those that are there and whole.
    pub platforms: Vec<Platform>,
    pub problems: Vec<String>,
}

impl Verified {
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty() && self.versions.iter().all(|version| version.problems.is_empty())
    }
}

/// Verifies everything in a mirror's folder. It reads every byte.
pub fn verify(folder: &Path, trust: &Trust, now: Timestamp) -> Result<Verified, MirrorError> {
    let tree = Tree::open(folder, true)?;
    let kept = tree.versions()?;
    let versions =
        kept.iter().map(|version| tree.verify_version(version, trust, now)).collect::<Result<Vec<_>, _>>()?;
    let served = tree.served()?;
    let mut problems = Vec::new();
    let pointers = Channel::ALL.map(|channel| (channel.as_str(), tree.pointer(channel.as_str())));
    for (name, pointer) in pointers.into_iter().chain([("VERSION", Ok(served.clone()))]) {
        if let Some(version) = pointer?.filter(|version| !kept.contains(version)) {
            problems.push(format!("`{name}` names {version}, which is not there"));
        }
    }
    if let Some(release) =
        served.as_ref().and_then(|version| tree.read_release(version, &Trust::Unsigned, now).ok())
    {
        problems.extend(tree.wrong_links(&release));
    }
    Ok(Verified { served, versions, problems })
}

impl Tree {
    /// The release of a version that is kept, if its manifest is what `trust` signed.
    pub(super) fn read_release(
        &self,
        version: &Version,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<Release, MirrorError> {
        let manifest = self.manifest(version);
        let written = fs::read(&manifest).map_err(MirrorError::file(&manifest))?;
        let signature = fs::read(self.signature(version)).ok().map(Bytes::from);
        Release::verify(version, written.into(), signature, (trust, now))
    }

    /// Verifies one version. Only what can't be read at all is an error.
    pub(super) fn verify_version(
        &self,
        version: &Version,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<VerifiedVersion, MirrorError> {
        let mut found = VerifiedVersion {
            version: version.clone(),
            signer: None,
            platforms: Vec::new(),
            problems: Vec::new(),
        };
        let release = match self.read_release(version, trust, now) {
            Ok(release) => release,
            Err(error) => {
                found.problems.push(error.to_string());
                return Ok(found);
            }
        };
        found.signer = release.signer.as_ref().map(|signer| signer.key.to_string());
        for (platform, binary) in &release.manifest.platforms {
            let path = self.binary(version, *platform, &binary.name);
            if !path.exists() {
                continue;
            }
            match check(&path, binary)? {
                None => found.platforms.push(*platform),
                Some(problem) => found.problems.push(format!("the binary for {platform}: {problem}")),
            }
        }
        if found.platforms.is_empty() && found.problems.is_empty() {
            found.problems.push("there is no binary".to_owned());
        }
        Ok(found)
    }

    /// The installers of the prototype's tree that are not those of a release.
    fn wrong_links(&self, release: &Release) -> Vec<String> {
        let manifest = &release.manifest;
        let of_platforms = Platform::ALL.map(|platform| (self.installer(platform), Some(platform)));
        let of_systems = Os::ALL.map(|os| (self.default_installer(os), self.default_of(manifest, os)));
        let wanted = of_platforms.into_iter().chain(of_systems);
        let wrong = wanted.filter(|(installer, platform)| {
            let binary = platform.and_then(|platform| Some((platform, manifest.platforms.get(&platform)?)));
            let binary =
                binary.map(|(platform, binary)| self.binary(&manifest.version, platform, &binary.name));
            identity(installer) != binary.as_deref().and_then(identity)
        });
        wrong
            .map(|(installer, _)| format!("`{}` is not of version {}", installer.display(), manifest.version))
            .collect()
    }
}

/// Which file it is, whatever it is called.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// What is wrong with a binary on the disk.
fn check(path: &Path, binary: &Binary) -> Result<Option<String>, MirrorError> {
    let mut file = fs::File::open(path).map_err(MirrorError::file(path))?;
    let (mut intake, mut piece) = (Intake::new(binary), vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece).map_err(MirrorError::file(path))?;
        let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { break };
        if let Err(fault) = intake.see(piece) {
            return Ok(Some(fault.to_string()));
        }
    }
    Ok(intake.finish().err().map(|fault| fault.to_string()))
}
