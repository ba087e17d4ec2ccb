//! The folder of artifacts: what lies in it, and opening it.
//!
//! Invariant: only names of our own making are opened, one folder after another, and never through a symbolic link.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::PathBuf,
};

use rustix::fs::{Mode, OFlags, open, openat};
use shared::{
    platform::{Os, Platform},
    release::{LARGEST_DOCUMENT, Version},
};

use super::pointer::Pointer;

pub(super) const RELEASES: &str = "claude-code-releases";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const SIGNATURE: &str = "manifest.json.sig";
pub(super) const AGENT: &str = "agent";
pub(super) const SUMS: &str = "agent/SHA256SUMS";
/// No folder of a mirror has more; what exceeds them is not looked at.
const MOST_ENTRIES: usize = 1000;

/// Where the operator, or `sallyport mirror`, puts what is to be served.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

/// What a file is told apart by, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Mark {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

/// What lies in the folder of all that could be served, by the path from the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listing(BTreeMap<String, Mark>);

impl Mark {
    pub fn of(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    pub fn size(self) -> u64 {
        self.size
    }
}

impl Listing {
    pub fn find(&self, path: &str) -> Option<Mark> {
        self.0.get(path).copied()
    }

    pub fn marks(&self) -> impl Iterator<Item = Mark> {
        self.0.values().copied()
    }

    /// The versions that have a folder with a manifest.
    pub fn versions(&self) -> impl Iterator<Item = Version> {
        self.0.keys().filter_map(|path| {
            let version = path.strip_prefix(RELEASES)?.strip_prefix('/')?.strip_suffix(MANIFEST)?;
            version.strip_suffix('/')?.parse().ok()
        })
    }
}

pub(super) fn binary_path(version: &Version, platform: Platform, name: &str) -> String {
    format!("{RELEASES}/{version}/{platform}/{name}")
}

pub(super) fn agent_path(platform: Platform) -> String {
    format!("{AGENT}/{platform}/{}", agent(platform))
}

/// What the agent is called on a platform.
pub(super) fn agent(platform: Platform) -> &'static str {
    if platform.os() == Os::Windows { "claude-agent.exe" } else { "claude-agent" }
}

impl Folder {
    pub fn new(root: PathBuf) -> Self {
        Self(root)
    }

    /// Looks at what lies there, and opens none of it. A folder that is not there is empty.
    pub fn listing(&self) -> io::Result<Listing> {
        let mut listing = Listing::default();
        Pointer::ALL.iter().try_for_each(|pointer| self.note(&mut listing, pointer.path().to_owned()))?;
        for version in self.versions()? {
            let files = [MANIFEST, SIGNATURE].map(|name| format!("{RELEASES}/{version}/{name}"));
            files.into_iter().try_for_each(|path| self.note(&mut listing, path))?;
            for platform in Platform::ALL {
                let names = self.names(&format!("{RELEASES}/{version}/{platform}"))?;
                let paths = names.iter().map(|name| binary_path(&version, platform, name));
                paths.into_iter().try_for_each(|path| self.note(&mut listing, path))?;
            }
        }
        for platform in Platform::ALL {
            self.note(&mut listing, agent_path(platform))?;
        }
        self.note(&mut listing, SUMS.to_owned())?;
        Ok(listing)
    }

    fn versions(&self) -> io::Result<Vec<Version>> {
        Ok(self.names(RELEASES)?.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// What lies in one of its folders.
    fn names(&self, path: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.0.join(path)) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let names = entries.take(MOST_ENTRIES).map(|entry| Ok(entry?.file_name()));
        let names = names.collect::<io::Result<Vec<_>>>()?;
        Ok(names.iter().filter_map(|name| name.to_str().map(str::to_owned)).collect())
    }

    fn note(&self, listing: &mut Listing, path: String) -> io::Result<()> {
        match fs::symlink_metadata(self.0.join(&path)) {
            Ok(metadata) => drop(listing.0.insert(path, Mark::of(&metadata))),
            Err(error) if is_absence(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Opens a file of the listing.
    pub fn open(&self, path: &str) -> io::Result<File> {
        // Not waiting: a pipe in place of a file would never be opened.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut at: OwnedFd = open(&self.0, folder, Mode::empty())?;
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        for step in folders.split('/').filter(|step| !step.is_empty()) {
            at = openat(&at, step, folder | OFlags::NOFOLLOW, Mode::empty())?;
        }
        let file = File::from(openat(&at, name, flags, Mode::empty())?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a file")) }
    }

    /// Reads a small file.
    pub fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(path)?.take(LARGEST_DOCUMENT as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > LARGEST_DOCUMENT {
            return Err(io::Error::other(format!("it is larger than {LARGEST_DOCUMENT} bytes")));
        }
        Ok(bytes)
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_files_beneath_the_folder_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("VERSION"), "1.2.3").unwrap();
        fs::create_dir(outside.path().join("linux-x64")).unwrap();
        fs::write(outside.path().join("linux-x64/claude-agent"), "x").unwrap();
        symlink(outside.path().join("VERSION"), dir.path().join("VERSION")).unwrap();
        symlink(outside.path(), dir.path().join("agent")).unwrap();
        fs::create_dir(dir.path().join(RELEASES)).unwrap();
        let folder = Folder::new(dir.path().to_owned());
        for path in ["VERSION", "agent/linux-x64/claude-agent", "agent/VERSION", RELEASES] {
            assert!(folder.open(path).is_err(), "{path}");
        }
        fs::write(dir.path().join("latest"), "1.2.3").unwrap();
        assert_eq!(folder.read("latest").unwrap(), b"1.2.3");
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("VERSION");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = Folder::new(dir.path().to_owned()).open("VERSION").unwrap_err();
        assert_eq!(error.to_string(), "it is not a file");
    }

    #[test]
    fn a_listing_names_what_could_be_served_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        };
        let served = ["VERSION", "claude-code-releases/2.1.209/manifest.json"];
        let others = [".mirror/history.jsonl", "claude-code-releases/x/manifest.json", "VERSION~", "other"];
        served.into_iter().chain(others).for_each(write);
        let listing = Folder::new(dir.path().to_owned()).listing().unwrap();
        assert_eq!(listing.0.keys().map(String::as_str).collect::<Vec<_>>(), served);
        assert_eq!(listing.versions().map(|version| version.to_string()).collect::<Vec<_>>(), ["2.1.209"]);
        assert_eq!(Folder::new("/nowhere/at/all".into()).listing().unwrap(), Listing::default());
    }
}
