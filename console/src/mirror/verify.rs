//! Looks at a mirror's folder as somebody who trusts nothing but the key: signatures, digests, pointers, links.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use serde::Serialize;
use shared::{
    platform::{Os, Platform},
    release::{Binary, Intake, Version},
    time::Timestamp,
};

use super::{
    MirrorError, Progress, State,
    intake::{self, Trouble},
    layout::Tree,
    order::{Channel, Trust},
    progress::Item,
    release::Release,
};

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
    /// Those that are there and not whole.
    pub broken: Vec<Platform>,
    pub problems: Vec<String>,
}

/// A version whose binaries are going to be hashed.
#[derive(Debug)]
pub(super) struct Check {
    found: VerifiedVersion,
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    platform: Platform,
    binary: Binary,
    path: PathBuf,
    item: Arc<Item>,
}

impl Verified {
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty() && self.versions.iter().all(|version| version.problems.is_empty())
    }
}

/// Verifies what a mirror's folder has, or one version of it. It reads every byte.
pub fn verify(
    folder: &Path,
    only: Option<&Version>,
    (trust, now): (&Trust, Timestamp),
    progress: &Progress,
) -> Result<Verified, MirrorError> {
    let tree = Tree::open(folder, true)?;
    let kept = tree.versions()?;
    if let Some(missing) = only.filter(|version| !kept.contains(version)) {
        return Err(MirrorError::NotKept(missing.clone()));
    }
    let wanted = kept.iter().filter(|version| only.is_none_or(|only| only == *version));
    let checks: Vec<Check> = wanted
        .map(|version| match tree.read_release(version, trust, now) {
            Ok(release) => tree.check(&release, progress),
            Err(error) => Check::unreadable(version, &error),
        })
        .collect();
    let versions = checks.into_iter().map(Check::run).collect::<Result<Vec<_>, _>>()?;
    let served = tree.served()?;
    let problems = if only.is_some() { Vec::new() } else { tree.wrong_names(served.as_ref(), &kept, now)? };
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

    /// What is to be hashed of a release.
    pub(super) fn check(&self, release: &Release, progress: &Progress) -> Check {
        let version = &release.manifest.version;
        let mut check = Check::new(version);
        check.found.signer = release.signer.as_ref().map(|signer| signer.key.to_string());
        for (platform, binary) in &release.manifest.platforms {
            let path = self.binary(version, *platform, &binary.name);
            if path.exists() {
                let item = progress.add(version, *platform, binary.size);
                check.files.push(File { platform: *platform, binary: binary.clone(), path, item });
            }
        }
        check
    }

    /// What names a version, and not the right one: pointers, and the installers of the prototype's tree.
    fn wrong_names(
        &self,
        served: Option<&Version>,
        kept: &[Version],
        now: Timestamp,
    ) -> Result<Vec<String>, MirrorError> {
        let mut problems = Vec::new();
        let pointers = Channel::ALL.map(|channel| (channel.as_str(), self.pointer(channel.as_str())));
        for (name, pointer) in pointers.into_iter().chain([("VERSION", Ok(served.cloned()))]) {
            if let Some(version) = pointer?.filter(|version| !kept.contains(version)) {
                problems.push(format!("`{name}` names {version}, which is not there"));
            }
        }
        let release = served.and_then(|version| self.read_release(version, &Trust::Unsigned, now).ok());
        problems.extend(release.into_iter().flat_map(|release| self.wrong_links(&release)));
        Ok(problems)
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

impl Check {
    fn new(version: &Version) -> Self {
        let found = VerifiedVersion {
            version: version.clone(),
            signer: None,
            platforms: Vec::new(),
            broken: Vec::new(),
            problems: Vec::new(),
        };
        Self { found, files: Vec::new() }
    }

    fn unreadable(version: &Version, error: &MirrorError) -> Self {
        let mut check = Self::new(version);
        check.found.problems.push(error.to_string());
        check
    }

    /// Only what can't be read at all is an error.
    pub(super) fn run(self) -> Result<VerifiedVersion, MirrorError> {
        let Self { mut found, files } = self;
        for file in files {
            match file.hash()? {
                None => found.platforms.push(file.platform),
                Some(problem) => {
                    found.broken.push(file.platform);
                    found.problems.push(format!("the binary for {}: {problem}", file.platform));
                }
            }
        }
        if found.platforms.is_empty() && found.problems.is_empty() {
            found.problems.push("there is no binary".to_owned());
        }
        Ok(found)
    }
}

impl File {
    /// What is wrong with it.
    fn hash(&self) -> Result<Option<String>, MirrorError> {
        let file = fs::File::open(&self.path).map_err(MirrorError::file(&self.path))?;
        let mut intake = Intake::new(&self.binary);
        self.item.become_(State::Checking);
        let read = intake::read(file, &mut intake, |piece| {
            self.item.bring(piece.len());
            self.item.check_stop()
        });
        let read = read.and_then(|()| Ok(intake.finish()?));
        self.item.become_(if read.is_ok() { State::Done } else { State::Failed });
        let fault = read.err().map(|trouble: Trouble| trouble.fault(&self.path)).transpose()?;
        Ok(fault.map(|fault| fault.to_string()))
    }
}

/// Which file it is, whatever it is called.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}
