//! What was done to a mirror's folder: by whom, when and why. One line of JSON for each change.
//!
//! Invariant: a line is on the disk before its change is made, so that nothing is changed without a trace. A line that
//! was torn by a crash spoils no other.

use std::{
    env, fmt,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};
use shared::{release::Version, time::Timestamp};

use super::{MirrorError, layout::Tree, publish::sync_parent};

/// So much of its end is read: some thousand changes.
const READ: u64 = 1 << 20;
/// Who they are, besides their number; `sudo` tells who called it.
const NAMES: [&str; 3] = ["SUDO_USER", "USER", "LOGNAME"];
const LONGEST_NAME: usize = 64;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Timestamp,
    #[serde(default)]
    pub action: Action,
    pub version: Version,
    /// What was served before.
    #[serde(default)]
    pub before: Option<Version>,
    /// Who did it, by the kernel's word.
    pub uid: u32,
    /// What their environment calls them.
    #[serde(default)]
    pub user: Option<String>,
    /// None, if they gave none.
    #[serde(default)]
    pub reason: Option<String>,
    /// The fingerprint of the signer; none if nobody checked the signature.
    pub signer: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    #[default]
    Mirror,
    Import,
    Rollback,
    /// An old version went.
    Remove,
}

/// What somebody is about to do, and why.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause<'a> {
    pub(super) at: Timestamp,
    pub(super) action: Action,
    pub(super) reason: Option<&'a str>,
}

/// What was done to a folder, newest first, as far as its end tells.
pub fn history(folder: &Path) -> Result<Vec<Entry>, MirrorError> {
    let tree = Tree::open(folder, true)?;
    let mut entries = tree.changes()?;
    entries.reverse();
    Ok(entries)
}

impl Entry {
    /// `uid 1000 (ada)`.
    pub fn who(&self) -> String {
        let name = self.user.as_ref().map(|name| format!(" ({name})"));
        format!("uid {}{}", self.uid, name.unwrap_or_default())
    }

    pub(super) fn publishes(&self) -> bool {
        self.action != Action::Remove
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mirror => "mirror",
            Self::Import => "import",
            Self::Rollback => "rollback",
            Self::Remove => "remove",
        })
    }
}

impl Tree {
    /// Whoever calls this holds the folder's lock.
    pub(super) fn record(
        &self,
        Cause { at, action, reason }: Cause,
        version: &Version,
        signer: Option<String>,
    ) -> Result<(), MirrorError> {
        let entry = Entry {
            at,
            action,
            version: version.clone(),
            before: self.served()?,
            uid: rustix::process::getuid().as_raw(),
            user: name(|name| env::var(name).ok()),
            reason: reason.map(str::to_owned),
            signer,
        };
        let path = self.history();
        let line = serde_json::to_string(&entry).map_err(io::Error::from);
        line.and_then(|line| append(&path, &line)).map_err(MirrorError::file(&path))?;
        sync_parent(&path)
    }

    /// What was done, oldest first.
    pub(super) fn changes(&self) -> Result<Vec<Entry>, MirrorError> {
        let path = self.history();
        match end_of(&path) {
            // A line that can't be read is as if it were not there.
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(MirrorError::File { path, error }),
        }
    }

    /// What was published, oldest first. Without a history there is none.
    pub(super) fn published(&self) -> Vec<Entry> {
        let mut entries = self.changes().unwrap_or_default();
        entries.retain(Entry::publishes);
        entries
    }
}

fn name(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let said = NAMES.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()))?;
    Some(said.chars().take(LONGEST_NAME).collect())
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = File::options().create(true).read(true).append(true).open(path)?;
    let end = if is_torn(&mut file)? { "\n" } else { "" };
    file.write_all(format!("{end}{line}\n").as_bytes())?;
    file.sync_all()
}

/// Whether the last line has no end.
fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn end_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let skipped = file.metadata()?.len().saturating_sub(READ);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(READ).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const AT: Timestamp = Timestamp(2_000_000_000_000);

    fn recorded(tree: &Tree, version: &str, reason: &str) {
        let cause = Cause { at: AT, action: Action::Mirror, reason: Some(reason) };
        tree.record(cause, &version.parse().unwrap(), None).unwrap();
    }

    fn folder() -> (tempfile::TempDir, Tree) {
        let dir = tempfile::tempdir().unwrap();
        let tree = Tree::open(dir.path(), false).unwrap();
        (dir, tree)
    }

    fn reasons(dir: &tempfile::TempDir) -> Vec<String> {
        history(dir.path()).unwrap().into_iter().filter_map(|entry| entry.reason).collect()
    }

    #[test]
    fn a_change_says_who_did_what_when_and_why() {
        let (dir, tree) = folder();
        fs::write(dir.path().join("VERSION"), "2.1.300\n").unwrap();
        recorded(&tree, "2.1.301", "security fix");
        let [entry] = history(dir.path()).unwrap().try_into().unwrap();
        assert_eq!(
            (entry.at, entry.action, entry.reason.as_deref()),
            (AT, Action::Mirror, Some("security fix"))
        );
        assert_eq!(entry.before, Some("2.1.300".parse().unwrap()));
        assert_eq!(entry.uid, rustix::process::getuid().as_raw());
    }

    #[test]
    fn a_line_that_a_crash_tore_spoils_no_other() {
        let (dir, tree) = folder();
        recorded(&tree, "2.1.300", "first");
        recorded(&tree, "2.1.301", "second");
        let whole = fs::read(tree.history()).unwrap();
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for torn in (first..whole.len()).step_by(29) {
            fs::write(tree.history(), &whole[..torn]).unwrap();
            recorded(&tree, "2.1.302", "third");
            let reasons = reasons(&dir);
            assert_eq!(
                (reasons.first().unwrap(), reasons.last().unwrap()),
                (&"third".into(), &"first".into())
            );
        }
    }

    #[test]
    fn only_the_end_of_a_long_history_is_read() {
        let (dir, tree) = folder();
        recorded(&tree, "2.1.300", "long ago");
        let line = fs::read_to_string(tree.history()).unwrap();
        let many =
            line.replace("long ago", "later on").repeat(1 + usize::try_from(READ).unwrap() / line.len());
        fs::write(tree.history(), line + &many).unwrap();
        recorded(&tree, "2.1.301", "now");
        let reasons = reasons(&dir);
        assert_eq!(reasons.first().unwrap(), "now");
        assert!(reasons.len() > 1000 && !reasons.contains(&"long ago".to_owned()));
    }

    #[test]
    fn lines_of_before_reasons_were_asked_for_are_read_as_well() {
        let (dir, tree) = folder();
        fs::write(tree.history(), "{\"at\":1,\"version\":\"2.1.300\",\"uid\":7,\"signer\":null}\n").unwrap();
        let [entry] = history(dir.path()).unwrap().try_into().unwrap();
        assert_eq!((entry.who(), entry.reason), ("uid 7".to_owned(), None));
        assert!(history(&dir.path().join("nowhere")).unwrap().is_empty());
    }

    #[test]
    fn who_called_sudo_is_named() {
        let named = |known: &'static [(&str, &str)]| {
            name(|asked| known.iter().find(|(name, _)| *name == asked).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(named(&[("USER", "root"), ("SUDO_USER", "ada")]).as_deref(), Some("ada"));
        assert_eq!(named(&[("SUDO_USER", ""), ("USER", "grace")]).as_deref(), Some("grace"));
        assert_eq!(named(&[]), None);
    }
}
