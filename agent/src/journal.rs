//! What an installation has done to this machine, written down before it is done, so that all of it can be undone: every
//! byte of every file comes back.
//!
//! Invariant: a step is on the disk before what it speaks of. Undoing one that never came to pass changes nothing.

mod access;
mod disk;
mod step;
mod undo;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::disk::{aside, failed, kept_aside, lock, missing, new, read};
pub use self::{
    access::Access,
    step::Step,
    undo::{Report, Undone},
};
use crate::{
    file,
    os::Os,
    settings::{BadSettings, SettingsFile, change::Change, wanted::Wanted},
};

/// The name of the file.
pub const FILE: &str = "claude-agent-journal.json";
const LOCK: &str = "claude-agent-journal.lock";
/// It keeps the settings as they were, and those have a cap of their own.
const LARGEST: u64 = 64 << 20;

#[derive(Debug, Error)]
pub enum JournalError {
    #[error("`{}`: {}", path.display(), file::reason(error))]
    File { path: PathBuf, error: io::Error },
    #[error("`{}` is no journal of this agent: {what}", path.display())]
    Unreadable { path: PathBuf, what: String },
    #[error("another `claude-agent` is installing or uninstalling")]
    Busy,
    #[error("{0}")]
    Settings(#[from] BadSettings),
}

impl JournalError {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::File { error, .. } => file::hint(error),
            Self::Busy => Some("wait until it is done, then run the same again"),
            Self::Settings(error) => error.hint(),
            Self::Unreadable { .. } => None,
        }
    }
}

/// Whether there was something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Unchanged,
}

/// What is on disk.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    steps: Vec<Step>,
}

/// The journal of one installation, held by one process at a time.
#[derive(Debug)]
pub struct Journal<'a> {
    os: &'a dyn Os,
    folder: PathBuf,
    record: Record,
    _lock: File,
}

impl Outcome {
    pub fn and(self, other: Self) -> Self {
        if self == Self::Done { self } else { other }
    }
}

impl<'a> Journal<'a> {
    /// Whether something has been installed that keeps its journal here.
    pub fn is_there(folder: &Path) -> bool {
        [FILE, LOCK].iter().any(|name| folder.join(name).exists())
    }

    /// Opens the journal that is kept in a folder, and makes both if need be.
    pub fn open(os: &'a dyn Os, folder: &Path) -> Result<Self, JournalError> {
        let missing = missing(folder);
        // One that was killed before it could write anything down.
        let is_left = folder.join(LOCK).exists() && !folder.join(FILE).exists();
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let lock = lock(&folder.join(LOCK)).inspect_err(|_| disk::remove_empty(&missing))?;
        let path = folder.join(FILE);
        let record = read(&path)?;
        let mut journal = Self { os, folder: folder.to_owned(), record, _lock: lock };
        for path in missing {
            journal.note(Step::Directory { path })?;
        }
        if is_left {
            journal.adopt_folder(folder, &[])?;
        }
        Ok(journal)
    }

    /// Makes a folder and those above it.
    pub fn directory(&mut self, path: &Path) -> Result<(), JournalError> {
        for path in missing(path) {
            self.note(Step::Directory { path })?;
        }
        fs::create_dir_all(path).map_err(failed(path))
    }

    /// Puts a file of ours somewhere. What stood there is kept.
    pub fn file(&mut self, path: &Path, content: &[u8], access: Access) -> Result<Outcome, JournalError> {
        let found = fs::read(path).ok();
        let is_right = found.as_deref() == Some(content) && access.holds(self.os, path);
        if is_right {
            return Ok(Outcome::Unchanged);
        }
        self.cover(path)?;
        let placed = file::publish(self.os, path, content, |new| access.grant(self.os, new));
        placed.map(|()| Outcome::Done).map_err(failed(path))
    }

    /// Gets ready to put something of ours at a path: what stands there, if it is not ours, moves aside.
    pub fn make_room(&mut self, path: &Path) -> Result<(), JournalError> {
        self.set_aside(path, |path, kept| fs::rename(path, kept))
    }

    /// The same for what takes the place in one step: until then, what stands there stays, whoever kills us.
    pub fn cover(&mut self, path: &Path) -> Result<(), JournalError> {
        let os = self.os;
        self.set_aside(path, |path, kept| os.keep_aside(path, kept))
    }

    fn set_aside(
        &mut self,
        path: &Path,
        keep: impl Fn(&Path, &Path) -> io::Result<()>,
    ) -> Result<(), JournalError> {
        if let Some(folder) = path.parent() {
            self.directory(folder)?;
        }
        match self.record.steps.iter().find(|step| step.is_about(path)) {
            // Noted, and then interrupted.
            Some(Step::Kept { kept, .. }) if fs::symlink_metadata(kept).is_err() => {
                return kept_aside(path, keep(path, kept));
            }
            Some(_) => return Ok(()),
            None => {}
        }
        if fs::symlink_metadata(path).is_err() {
            return self.note(Step::File { path: path.to_owned() });
        }
        let kept = aside(path);
        self.note(Step::Kept { path: path.to_owned(), kept: kept.clone() })?;
        kept_aside(path, keep(path, &kept))
    }

    /// Takes a file for ours that somebody else has put there, or will.
    pub fn adopt(&mut self, path: &Path) -> Result<(), JournalError> {
        if self.record.steps.iter().any(|step| step.is_about(path)) {
            return Ok(());
        }
        self.note(Step::File { path: path.to_owned() })
    }

    /// The same for a folder in which there is nothing but what leads to these paths, and the journal.
    pub fn adopt_folder(&mut self, path: &Path, ours: &[&Path]) -> Result<(), JournalError> {
        let own = [FILE, LOCK].map(|name| self.folder.join(name));
        let is_ours = |entry: &Path| {
            own.iter().any(|own| entry == own || entry == new(own))
                || ours.iter().any(|ours| ours.starts_with(entry))
        };
        let mut entries = fs::read_dir(path).map_err(failed(path))?;
        if entries.all(|entry| entry.is_ok_and(|entry| is_ours(&entry.path()))) {
            self.note(Step::Directory { path: path.to_owned() })?;
        }
        Ok(())
    }

    /// Lets `at` run a program: as a link where there are links. What stood there is kept.
    pub fn link(&mut self, at: &Path, program: &Path) -> Result<Outcome, JournalError> {
        if self.os.is_linked(at, program) {
            return Ok(Outcome::Unchanged);
        }
        if let Some(folder) = at.parent() {
            self.directory(folder)?;
        }
        let is_known = self.record.steps.iter().any(|step| step.is_about(at));
        match fs::read_link(at) {
            Ok(_) if is_known => {}
            Ok(before) => self.note(Step::Link { path: at.to_owned(), before: Some(before) })?,
            Err(_) => self.cover(at)?,
        }
        self.os.link(at, program).map_err(failed(at))?;
        Ok(Outcome::Done)
    }

    /// Puts what is wanted into a settings file.
    pub fn settings(
        &mut self,
        path: &Path,
        wanted: &[Wanted],
        access: Option<Access>,
    ) -> Result<Outcome, JournalError> {
        let file = SettingsFile::read(path)?;
        let outcome = self.edit(&file, wanted)?;
        // Also of what is right already: we may have been killed before.
        if let Some(access) = access {
            access.grant(self.os, file.path()).map_err(failed(file.path()))?;
        }
        Ok(outcome)
    }

    fn edit(&mut self, file: &SettingsFile, wanted: &[Wanted]) -> Result<Outcome, JournalError> {
        let earlier = self.change(file.path());
        if earlier.is_some() && file.holds(wanted)? {
            return Ok(Outcome::Unchanged);
        }
        let edited = file.apply(wanted, earlier.as_ref())?;
        if let Some(folder) = file.path().parent() {
            self.directory(folder)?;
        }
        let step = Step::Settings { path: file.path().to_owned(), change: edited.change.clone() };
        self.record.steps.retain(|step| !step.is_about(file.path()));
        self.note(step)?;
        file.write(self.os, &edited.text, wanted)?;
        Ok(Outcome::Done)
    }

    /// Writes down that a unit will be loaded.
    pub fn unit(&mut self, name: &str, file: &Path) -> Result<(), JournalError> {
        self.note(Step::Unit { name: name.to_owned(), file: file.to_owned() })
    }

    /// Files of ours that are on the disk.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.record.steps.iter().filter_map(Step::file)
    }

    /// What was done to a settings file.
    pub fn change(&self, path: &Path) -> Option<Change> {
        self.record.steps.iter().find_map(|step| step.change(path)).cloned()
    }

    /// A file of ours has gone for good.
    pub fn forget(&mut self, path: &Path) -> Result<(), JournalError> {
        self.record.steps.retain(|step| step.file() != Some(path));
        self.save()
    }

    fn note(&mut self, step: Step) -> Result<(), JournalError> {
        if self.record.steps.contains(&step) {
            return Ok(());
        }
        self.record.steps.push(step);
        self.save()
    }

    fn save(&self) -> Result<(), JournalError> {
        let path = self.folder.join(FILE);
        let unwritable =
            |what: serde_json::Error| JournalError::Unreadable { path: path.clone(), what: what.to_string() };
        let content = serde_json::to_vec_pretty(&self.record).map_err(unwritable)?;
        file::replace(self.os, &path, &content).map_err(failed(&path))
    }
}

#[cfg(test)]
mod tests;
