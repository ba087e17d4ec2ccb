//! Puts a verified release into its place. Order is everything here: the history, binaries, manifest, links, pointers; `VERSION` last.

use std::{
    collections::BTreeSet,
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use shared::{
    platform::{Os, Platform},
    release::Manifest,
};

use super::{MirrorError, history::Cause, layout::Tree, order::Wanted, release::Release};

const PROGRAM: u32 = 0o755;

/// A release that is whole and verified.
#[derive(Debug)]
pub(super) struct Publication<'a> {
    pub(super) tree: &'a Tree,
    pub(super) release: &'a Release,
    pub(super) platforms: &'a BTreeSet<Platform>,
    pub(super) cause: Cause<'a>,
}

impl Publication<'_> {
    /// False if all of it was in its place, and nothing was done.
    pub(super) fn publish(&self, wanted: &Wanted) -> Result<bool, MirrorError> {
        let (tree, release) = (self.tree, self.release);
        let version = &release.manifest.version;
        let signer = release.signer.as_ref().map(|signer| signer.key.to_string());
        if self.is_told(signer.as_deref()) && self.is_in_place() && self.is_named(wanted)? {
            return Ok(false);
        }
        tree.record(self.cause, version, signer)?;
        self.place_binaries()?;
        write(&tree.manifest(version), &release.written)?;
        if let Some(signature) = &release.signature {
            write(&tree.signature(version), signature)?;
        }
        tree.link_installers(&release.manifest)?;
        if let Wanted::Channel(channel) = wanted {
            write(&tree.pointer_path(channel.as_str()), format!("{version}\n").as_bytes())?;
        }
        tree.serve(&release.manifest)?;
        Ok(true)
    }

    /// Whether the history says last that this release was published, signed by this one.
    fn is_told(&self, signer: Option<&str>) -> bool {
        let last = self.tree.published().pop();
        last.is_some_and(|last| {
            last.version == self.release.manifest.version && last.signer.as_deref() == signer
        })
    }

    /// Whether its files are as they would be written, and nothing waits to take their place.
    fn is_in_place(&self) -> bool {
        let (tree, Release { manifest, written, signature, .. }) = (self.tree, self.release);
        let version = &manifest.version;
        let holds = |path: &Path, content: &[u8]| fs::read(path).is_ok_and(|found| found == content);
        let mut binaries = self.release.binaries(self.platforms);
        holds(&tree.manifest(version), written)
            && signature.as_ref().is_none_or(|signature| holds(&tree.signature(version), signature))
            && !binaries.any(|(platform, binary)| tree.on_its_way(version, platform, binary).exists())
            && tree.is_linked(manifest)
    }

    fn is_named(&self, wanted: &Wanted) -> Result<bool, MirrorError> {
        let (tree, version) = (self.tree, Some(&self.release.manifest.version));
        Ok(tree.served()?.as_ref() == version
            && match wanted {
                Wanted::Channel(channel) => tree.pointer(channel.as_str())?.as_ref() == version,
                Wanted::Version(_) => true,
            })
    }

    fn place_binaries(&self) -> Result<(), MirrorError> {
        let version = &self.release.manifest.version;
        for (platform, binary) in self.release.binaries(self.platforms) {
            let from = self.tree.on_its_way(version, platform, binary);
            let to = self.tree.binary(version, platform, &binary.name);
            if !from.exists() {
                // It was in its place before.
                continue;
            }
            fs::set_permissions(&from, Permissions::from_mode(PROGRAM)).map_err(MirrorError::file(&from))?;
            make_parent(&to)?;
            fs::rename(&from, &to).map_err(MirrorError::file(&to))?;
            sync_parent(&to)?;
        }
        Ok(())
    }
}

impl Tree {
    /// Moves `VERSION`, and afterwards removes the links of platforms that the new version does not have.
    pub(super) fn serve(&self, manifest: &Manifest) -> Result<(), MirrorError> {
        write(&self.served_path(), format!("{}\n", manifest.version).as_bytes())?;
        for platform in Platform::ALL {
            if !self.has(manifest, platform) {
                remove(&self.installer(platform))?;
            }
        }
        for os in Os::ALL {
            if self.default_of(manifest, os).is_none() {
                remove(&self.default_installer(os))?;
            }
        }
        Ok(())
    }

    /// Links the installers of the prototype's tree to the binaries of a version: every platform first, the defaults of the
    /// operating systems next.
    pub(super) fn link_installers(&self, manifest: &Manifest) -> Result<(), MirrorError> {
        for (platform, binary) in
            manifest.platforms.iter().filter(|(platform, _)| self.has(manifest, **platform))
        {
            let binary = self.binary(&manifest.version, *platform, &binary.name);
            link(&binary, &self.installer(*platform))?;
        }
        for os in Os::ALL {
            if let Some(platform) = self.default_of(manifest, os) {
                link(&self.installer(platform), &self.default_installer(os))?;
            }
        }
        Ok(())
    }

    /// Whether the installers are those of a version, and no others.
    fn is_linked(&self, manifest: &Manifest) -> bool {
        let binary = |platform| {
            let binary = manifest.platforms.get(&platform)?;
            Some(self.binary(&manifest.version, platform, &binary.name))
        };
        let default = |os| self.default_of(manifest, os).map(|platform| self.installer(platform));
        Platform::ALL.into_iter().all(|platform| is_link(binary(platform), &self.installer(platform)))
            && Os::ALL.into_iter().all(|os| is_link(default(os), &self.default_installer(os)))
    }

    /// Whether a binary of a release is in its place.
    pub(super) fn has(&self, manifest: &Manifest, platform: Platform) -> bool {
        let binary = manifest.platforms.get(&platform);
        binary.is_some_and(|binary| self.binary(&manifest.version, platform, &binary.name).is_file())
    }

    pub(super) fn default_of(&self, manifest: &Manifest, os: Os) -> Option<Platform> {
        os.platforms().iter().copied().find(|platform| self.has(manifest, *platform))
    }
}

/// Writes a whole file or none: beside it first, then into its place.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), MirrorError> {
    make_parent(path)?;
    let beside = beside(path);
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&beside, path)).map_err(MirrorError::file(path))?;
    sync_parent(path)
}

fn link(from: &Path, to: &Path) -> Result<(), MirrorError> {
    make_parent(to)?;
    let beside = beside(to);
    remove(&beside)?;
    fs::hard_link(from, &beside).and_then(|()| fs::rename(&beside, to)).map_err(MirrorError::file(to))?;
    // Where both are links to the same file already, a rename does nothing (POSIX): this one is left over then.
    remove(&beside)?;
    sync_parent(to)
}

/// Whether both are one file, or neither is there.
fn is_link(from: Option<PathBuf>, to: &Path) -> bool {
    let place = |path: &Path| fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
    from.and_then(|from| place(&from)) == place(to)
}

fn remove(path: &Path) -> Result<(), MirrorError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(MirrorError::file(path)(error)),
        _ => Ok(()),
    }
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

fn make_parent(path: &Path) -> Result<(), MirrorError> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(MirrorError::file(parent))
}

/// A rename is safe when its folder is on the disk.
pub(super) fn sync_parent(path: &Path) -> Result<(), MirrorError> {
    let parent = path.parent().unwrap_or(path);
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(MirrorError::file(parent))
}
