//! The version of a release: three numbers, and perhaps what comes before a release (Semantic Versioning 2.0.0).

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

const LONGEST: usize = 64;

/// Ordered by precedence: `2.1.9` comes before `2.1.10`, and `2.2.0-beta` before `2.2.0`.
///
/// Invariant: it is safe as the name of a folder, since it has no separator and begins with a digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(semver::Version);

/// Text that is no version.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a version; hint: versions look like `2.1.209`")]
pub struct NotAVersion(String);

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let version = semver::Version::parse(text).ok();
        let fit = version.filter(|version| text.len() <= LONGEST && version.build.is_empty());
        fit.map(Self).ok_or_else(|| NotAVersion(excerpt(text)))
    }
}

/// Enough of a text to recognise it, on one line: it may be a whole page of HTML.
fn excerpt(text: &str) -> String {
    let mut short: String =
        text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

impl Version {
    /// What a channel's file says: one version, perhaps with an end of line.
    pub fn from_channel(bytes: &[u8]) -> Result<Self, NotAVersion> {
        let text = String::from_utf8_lossy(bytes);
        text.trim_end_matches(['\r', '\n']).parse()
    }

    /// Whether it goes back behind another one.
    pub fn is_older_than(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Less
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Version {
    type Error = NotAVersion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_ordered_by_number_and_not_by_letter() {
        assert!(version("2.1.9").is_older_than(&version("2.1.10")));
        assert!(version("2.2.0-beta.1").is_older_than(&version("2.2.0")));
        assert!(!version("2.1.209").is_older_than(&version("2.1.209")));
    }

    #[test]
    fn a_channel_may_end_its_line() {
        for bytes in [&b"2.1.209"[..], b"2.1.209\n", b"2.1.209\r\n"] {
            assert_eq!(Version::from_channel(bytes).unwrap().to_string(), "2.1.209");
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        let long = format!("1.2.3-{}", "a".repeat(LONGEST));
        let texts = [
            "",
            "latest",
            "2.1",
            "v2.1.3",
            "2.1.3+build",
            "2.1.3 ",
            " 2.1.3",
            "../2.1.3",
            "2.1.3/..",
            "2.1.3-a/b",
        ];
        for text in texts.into_iter().chain(["<!DOCTYPE html>", "2.1.3\n2.1.4", long.as_str()]) {
            assert!(Version::from_channel(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Version::from_channel(b"\xff\xfe2.1.3").is_err());
    }

    #[test]
    fn a_page_in_place_of_a_version_is_told_in_one_short_line() {
        let page = format!("<html>\n<body>{}", "x".repeat(10_000));
        let error = page.parse::<Version>().unwrap_err().to_string();
        assert!(error.starts_with("`<html> <body>xxx") && error.len() < 200, "{error}");
    }
}
