//! Files that name a version: the one that is served, and the channels of the official layout.

/// A file that names a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pointer {
    /// What people and scripts get.
    Served,
    Latest,
    Stable,
}

impl Pointer {
    pub const ALL: [Self; 3] = [Self::Served, Self::Latest, Self::Stable];

    /// From the folder of artifacts.
    pub fn path(self) -> &'static str {
        match self {
            Self::Served => "VERSION",
            Self::Latest => "claude-code-releases/latest",
            Self::Stable => "claude-code-releases/stable",
        }
    }
}
