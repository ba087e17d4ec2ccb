//! What runs in the background, as texts for each operating system: one that mends what is broken at every logon, and one
//! that refreshes the token every three hours. Each runs once and ends.
//!
//! Invariant: a path means itself, whatever characters are in it.

mod launchd;
mod systemd;
mod task;

use std::path::{Path, PathBuf};

use shared::platform::Os;

/// Every three hours.
const REFRESH_SECONDS: u32 = 3 * 60 * 60;
/// So that not all workstations ask at the same second.
const SPREAD_SECONDS: u32 = 15 * 60;
/// None of them takes longer.
const LIMIT_SECONDS: u32 = 5 * 60;

/// What a unit lets the agent do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Autostart,
    Refresh,
}

/// A file that belongs to the background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFile {
    /// Its path from the home.
    pub path: PathBuf,
    pub text: String,
    /// What the system calls it, if it is one to be loaded: some are only there for others.
    pub name: Option<String>,
    /// Windows reads UTF-16.
    pub encoding: Encoding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16,
}

/// For whom, and with which program.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub agent: &'a Path,
    /// The user's id: Windows wants to know whose logon counts.
    pub user: &'a str,
}

impl Job {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Autostart => &["doctor", "--fix"],
            Self::Refresh => &["refresh-loop", "--once"],
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Autostart => "Check Claude Code at logon, and mend what can be mended",
            Self::Refresh => "Refresh the access token of Claude Code",
        }
    }
}

impl UnitFile {
    /// Its bytes on disk.
    pub fn bytes(&self) -> Vec<u8> {
        match self.encoding {
            Encoding::Utf8 => self.text.clone().into_bytes(),
            Encoding::Utf16 => {
                let marked = std::iter::once(0xfeff).chain(self.text.encode_utf16());
                marked.flat_map(u16::to_le_bytes).collect()
            }
        }
    }
}

/// The files for an operating system.
pub fn files(os: Os, subject: Subject<'_>) -> Vec<UnitFile> {
    match os {
        Os::Linux => systemd::files(subject),
        Os::Macos => launchd::files(subject),
        Os::Windows => task::files(subject),
    }
}

/// What the system itself will make for them, from the home.
pub fn traces(os: Os) -> &'static [&'static str] {
    match os {
        Os::Linux => &[".local/share/systemd/timers/stamp-claudecode-refresh.timer"],
        Os::Macos | Os::Windows => &[],
    }
}

/// Text between two tags.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
