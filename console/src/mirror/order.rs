//! What somebody wants mirrored.

use std::{collections::BTreeSet, fmt, fs, path::PathBuf, str::FromStr};

use shared::{
    platform::Platform,
    release::{Key, LARGEST_DOCUMENT, Version},
};

use super::MirrorError;

/// One run of the mirror.
#[derive(Debug, Clone)]
pub struct Order {
    /// The folder that is served.
    pub output: PathBuf,
    pub wanted: Wanted,
    /// All that the release has, if empty.
    pub platforms: BTreeSet<Platform>,
    /// The address of the releases, without a slash at its end.
    pub source: String,
    /// Certificate authorities besides the system's, PEM.
    pub authorities: Option<PathBuf>,
    pub trust: Trust,
    /// Versions that stay, the served one among them; without, all of them.
    pub keep: Option<usize>,
    /// Downloads at a time.
    pub jobs: usize,
    pub allow_downgrade: bool,
    pub dry_run: bool,
    /// Why, for the folder's history.
    pub reason: Option<String>,
}

/// A version, or whatever a channel points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Channel(Channel),
    Version(Version),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Latest,
    Stable,
}

/// Whose signature counts.
#[derive(Debug, Clone)]
pub enum Trust {
    Key(Box<Key>),
    /// Nobody's: for private sources, and for versions from before manifests were signed.
    Unsigned,
}

/// Who is trusted, by name: the key is read when it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// Anthropic, by the key that is built in.
    Official,
    /// Whoever has the key of this file.
    Key(PathBuf),
    Nobody,
}

impl Signer {
    pub fn trust(&self) -> Result<Trust, MirrorError> {
        let (path, key) = match self {
            Self::Nobody => return Ok(Trust::Unsigned),
            Self::Official => (PathBuf::from("claude-code.asc"), Key::official()),
            Self::Key(path) => {
                let bytes = fs::read(path).map_err(MirrorError::file(path))?;
                (path.clone(), Key::parse(bytes.get(..LARGEST_DOCUMENT.min(bytes.len())).unwrap_or_default()))
            }
        };
        key.map(|key| Trust::Key(Box::new(key))).map_err(|cause| MirrorError::Key { path, cause })
    }

    /// Who it is, for people; the key is read, and may be no key.
    pub fn describe(&self) -> Result<String, MirrorError> {
        let name = match self {
            Self::Official => "Anthropic".to_owned(),
            Self::Key(path) => format!("the key in `{}`", path.display()),
            Self::Nobody => String::new(),
        };
        Ok(match self.trust()? {
            Trust::Key(key) => format!("{name}, {}", key.fingerprint()),
            Trust::Unsigned => "nobody: signatures are not checked".to_owned(),
        })
    }
}

impl Channel {
    pub const ALL: [Self; 2] = [Self::Latest, Self::Stable];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Latest => "latest",
            Self::Stable => "stable",
        }
    }
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Channel::ALL.into_iter().find(|channel| channel.as_str() == text) {
            Some(channel) => Ok(Self::Channel(channel)),
            None => text.parse().map(Self::Version).map_err(|error| format!("{error}, `latest` or `stable`")),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(channel) => f.write_str(channel.as_str()),
            Self::Version(version) => version.fmt(f),
        }
    }
}
