//! What a mirror's folder holds, at a glance: nothing is hashed, and no signature is checked.

use std::{
    fs,
    path::{Path, PathBuf},
};

use shared::{
    platform::Platform,
    release::{Digest, Version},
    time::Timestamp,
};

use super::{
    MirrorError,
    history::Entry,
    layout::Tree,
    order::{Channel, Trust},
};

/// A mirror's folder at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    pub folder: PathBuf,
    pub served: Option<Version>,
    /// Newest first.
    pub versions: Vec<Kept>,
    /// Bytes that a mirror left which did not end: the next one goes on there.
    pub unfinished: u64,
    /// When the source was asked last.
    pub asked: Option<Timestamp>,
}

/// One version that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub version: Version,
    pub is_served: bool,
    /// The channels that name it.
    pub channels: Vec<&'static str>,
    pub binaries: Vec<KeptBinary>,
    /// How it was published last, by the folder's history.
    pub published: Option<Entry>,
    /// Why nothing is known of its binaries.
    pub problem: Option<String>,
}

/// One binary of its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptBinary {
    pub platform: Platform,
    /// In bytes.
    pub size: u64,
    pub checksum: Digest,
    /// Whether a file of this size is in its place.
    pub is_there: bool,
}

impl Kept {
    /// Bytes that are there.
    pub fn bytes(&self) -> u64 {
        self.there().map(|binary| binary.size).sum()
    }

    pub fn there(&self) -> impl Iterator<Item = &KeptBinary> {
        self.binaries.iter().filter(|binary| binary.is_there)
    }
}

/// Looks into a folder. One that is not there holds nothing.
pub fn survey(folder: &Path) -> Result<Survey, MirrorError> {
    let tree = Tree::open(folder, true)?;
    let served = tree.served()?;
    let pointers = Channel::ALL.map(|channel| (channel.as_str(), tree.pointer(channel.as_str())));
    let mut channels = Vec::new();
    for (name, version) in pointers {
        channels.push((name, version?));
    }
    let history = tree.published();
    let versions = tree.versions()?.into_iter().rev().map(|version| {
        let named =
            channels.iter().filter(|(_, named)| named.as_ref() == Some(&version)).map(|(name, _)| *name);
        let (is_served, channels) = (served.as_ref() == Some(&version), named.collect());
        let published = history.iter().rev().find(|entry| entry.version == version).cloned();
        let (binaries, problem) = match tree.binaries(&version) {
            Ok(binaries) => (binaries, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        Kept { version, is_served, channels, binaries, published, problem }
    });
    let versions = versions.collect();
    let (unfinished, asked) = (tree.unfinished(), tree.asked()?);
    Ok(Survey { folder: folder.to_owned(), versions, unfinished, served: served.clone(), asked })
}

impl Tree {
    fn unfinished(&self) -> u64 {
        let entries = fs::read_dir(self.partial()).into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum()
    }

    fn binaries(&self, version: &Version) -> Result<Vec<KeptBinary>, MirrorError> {
        let manifest = self.read_release(version, &Trust::Unsigned, Timestamp::default())?.manifest;
        let binaries = manifest.platforms.iter().map(|(platform, binary)| {
            let file = fs::metadata(self.binary(version, *platform, &binary.name));
            let is_there = file.is_ok_and(|file| file.is_file() && file.len() == binary.size);
            KeptBinary { platform: *platform, size: binary.size, checksum: binary.checksum, is_there }
        });
        Ok(binaries.collect())
    }
}
