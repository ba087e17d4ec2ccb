//! The folder of a mirror: the official layout below `claude-code-releases`, and beside it the prototype's tree of hard
//! links, so that every byte is on the disk once.
//!
//! ```text
//! VERSION                                                the version that is served
//! claude-code-releases/latest, stable                    the channels, as far as they were mirrored
//! claude-code-releases/2.1.209/manifest.json, .sig       byte for byte as they were signed
//! claude-code-releases/2.1.209/linux-x64/claude          the binaries
//! linux/linux-x64/claude-code-setup.run                  links to those of the served version
//! linux/claude-code-setup.run                            the default of the operating system
//! .mirror/                                               the lock, the history, when the source was asked, what is on its way
//! ```

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use shared::{
    platform::{Os, Platform},
    release::{Binary, Version},
};

use super::{
    MirrorError,
    history::{Action, Cause},
    order::Channel,
};

pub(super) const RELEASES: &str = "claude-code-releases";
const WORKSHOP: &str = ".mirror";
const POINTER: &str = "VERSION";

/// A mirror's folder.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// Opens the folder, and makes it if it is not there. To look only, it need not be there.
    pub(super) fn open(root: &Path, only_look: bool) -> Result<Self, MirrorError> {
        let tree = Self { root: root.to_owned() };
        if !only_look {
            let partial = tree.partial();
            fs::create_dir_all(&partial).map_err(MirrorError::file(&partial))?;
        }
        Ok(tree)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where downloads are until they are whole and verified.
    pub(super) fn partial(&self) -> PathBuf {
        self.workshop().join("partial")
    }

    /// Where a binary is until then. Its digest is in the name: what another release left is never gone on with.
    pub(super) fn on_its_way(&self, version: &Version, platform: Platform, binary: &Binary) -> PathBuf {
        self.partial().join(format!("{version}-{platform}-{}", binary.checksum))
    }

    pub(super) fn workshop(&self) -> PathBuf {
        self.root.join(WORKSHOP)
    }

    pub(super) fn history(&self) -> PathBuf {
        self.workshop().join("history.jsonl")
    }

    pub(super) fn asked_path(&self) -> PathBuf {
        self.workshop().join("asked")
    }

    pub(super) fn release(&self, version: &Version) -> PathBuf {
        self.root.join(RELEASES).join(version.to_string())
    }

    pub(super) fn manifest(&self, version: &Version) -> PathBuf {
        self.release(version).join("manifest.json")
    }

    pub(super) fn signature(&self, version: &Version) -> PathBuf {
        self.release(version).join("manifest.json.sig")
    }

    pub(super) fn binary(&self, version: &Version, platform: Platform, name: &str) -> PathBuf {
        self.release(version).join(platform.as_str()).join(name)
    }

    /// Where the prototype has the installer of a platform.
    pub(super) fn installer(&self, platform: Platform) -> PathBuf {
        let os = platform.os();
        self.root.join(os.folder()).join(platform.as_str()).join(os.installer())
    }

    /// Where it has that of an operating system.
    pub(super) fn default_installer(&self, os: Os) -> PathBuf {
        self.root.join(os.folder()).join(os.installer())
    }

    pub(super) fn pointer_path(&self, name: &str) -> PathBuf {
        if name == POINTER { self.root.join(POINTER) } else { self.root.join(RELEASES).join(name) }
    }

    pub(super) fn served_path(&self) -> PathBuf {
        self.pointer_path(POINTER)
    }

    /// The version that is served.
    pub(super) fn served(&self) -> Result<Option<Version>, MirrorError> {
        self.pointer(POINTER)
    }

    /// The version that a pointer names: `VERSION`, or a channel.
    pub(super) fn pointer(&self, name: &str) -> Result<Option<Version>, MirrorError> {
        let path = self.pointer_path(name);
        match fs::read(&path) {
            Ok(bytes) => match Version::from_channel(&bytes) {
                Ok(version) => Ok(Some(version)),
                Err(cause) => Err(MirrorError::Pointer { path, cause }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(MirrorError::File { path, error }),
        }
    }

    /// The versions that are kept, oldest first.
    pub(super) fn versions(&self) -> Result<Vec<Version>, MirrorError> {
        let folder = self.root.join(RELEASES);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(MirrorError::File { path: folder, error }),
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut versions: Vec<Version> = names.filter_map(|name| name.parse().ok()).collect();
        versions.sort();
        Ok(versions)
    }

    /// Removes what an earlier mirror left on its way, unless it is of this version: nobody goes on there.
    pub(super) fn sweep(&self, version: &Version) -> Result<(), MirrorError> {
        let own = format!("{version}-");
        for entry in fs::read_dir(self.partial()).into_iter().flatten().flatten() {
            if !entry.file_name().to_string_lossy().starts_with(&own) {
                let path = entry.path();
                fs::remove_file(&path).map_err(MirrorError::file(&path))?;
            }
        }
        Ok(())
    }

    /// Removes the oldest versions, so many that `keep` stay. One that a pointer names always stays.
    pub(super) fn prune(&self, keep: Option<usize>, cause: Cause) -> Result<Vec<Version>, MirrorError> {
        let Some(keep) = keep else { return Ok(Vec::new()) };
        let mut named = Channel::ALL
            .map(|channel| self.pointer(channel.as_str()))
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        named.push(self.served()?);
        let versions = self.versions()?;
        let spare = versions.len().saturating_sub(keep);
        let old: Vec<Version> = versions
            .into_iter()
            .take(spare)
            .filter(|version| !named.contains(&Some(version.clone())))
            .collect();
        for version in &old {
            self.record(Cause { action: Action::Remove, ..cause }, version, None)?;
            let folder = self.release(version);
            fs::remove_dir_all(&folder).map_err(MirrorError::file(&folder))?;
        }
        Ok(old)
    }
}
