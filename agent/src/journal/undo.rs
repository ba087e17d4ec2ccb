//! The way back: the last step first. What can't be undone stays written down, for the next time.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    FILE, Journal, JournalError, LOCK, Step,
    disk::{failed, new},
};
use crate::{os::Unit, settings::SettingsFile};

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    Removed(PathBuf),
    Restored(PathBuf),
    /// Someone else has changed these members since; they stay.
    Partly {
        path: PathBuf,
        kept: Vec<String>,
    },
    Stopped(String),
    /// It was undone by someone else, or never came to pass.
    Nothing,
    Failed {
        what: String,
        why: String,
    },
}

/// What became of all steps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report(pub Vec<Undone>);

impl Report {
    pub fn is_whole(&self) -> bool {
        !self.0.iter().any(|undone| matches!(undone, Undone::Failed { .. }))
    }
}

impl Journal<'_> {
    /// Undoes everything. The journal goes with it, unless something failed.
    pub fn undo(mut self) -> Result<Report, JournalError> {
        let (mut report, mut left) = (Report::default(), Vec::new());
        let (directories, steps): (Vec<_>, Vec<_>) = std::mem::take(&mut self.record.steps)
            .into_iter()
            .partition(|step| matches!(step, Step::Directory { .. }));
        for step in steps.into_iter().rev() {
            let undone = self.undo_step(&step);
            if matches!(undone, Undone::Failed { .. }) {
                left.push(step);
            }
            report.0.push(undone);
        }
        self.end(left, directories, &mut report)?;
        Ok(report)
    }

    /// Removes the journal and the folders, or keeps what failed.
    fn end(
        mut self,
        mut left: Vec<Step>,
        directories: Vec<Step>,
        report: &mut Report,
    ) -> Result<(), JournalError> {
        let journal = self.folder.join(FILE);
        if !left.is_empty() {
            left.reverse();
            self.record.steps = directories.into_iter().chain(left).collect();
            return self.save();
        }
        for path in [&new(&journal), &journal] {
            remove(path).map_err(failed(path))?;
        }
        let lock = self.folder.join(LOCK);
        drop(self);
        remove(&lock).map_err(failed(&lock))?;
        // One that somebody else has put something into stays.
        let gone = directories.iter().rev().filter_map(|step| match step {
            Step::Directory { path } => fs::remove_dir(path).ok().map(|()| path),
            _ => None,
        });
        report.0.extend(gone.map(|path| Undone::Removed(path.clone())));
        Ok(())
    }

    fn undo_step(&self, step: &Step) -> Undone {
        let (what, undone) = match step {
            Step::Directory { .. } => return Undone::Nothing,
            Step::File { path } => (path.display().to_string(), self.remove_file(path)),
            Step::Kept { path, kept } => (path.display().to_string(), restore(path, kept)),
            Step::Link { path, before } => {
                (path.display().to_string(), self.restore_link(path, before.as_deref()))
            }
            Step::Settings { path, .. } => (path.display().to_string(), self.restore_settings(path, step)),
            Step::Unit { name, file } => {
                let stopped = self.os.disable(Unit { name, file });
                (
                    name.clone(),
                    stopped.map(|()| Undone::Stopped(name.clone())).map_err(|error| error.to_string()),
                )
            }
        };
        if let Some(path) = step.path() {
            // What was not whole yet when somebody killed us.
            let _ = fs::remove_file(new(path));
        }
        undone.unwrap_or_else(|why| Undone::Failed { what, why })
    }

    fn remove_file(&self, path: &Path) -> Result<Undone, String> {
        match self.os.remove(path) {
            Ok(()) => Ok(Undone::Removed(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Undone::Nothing),
            Err(error) => Err(error.to_string()),
        }
    }

    fn restore_link(&self, path: &Path, before: Option<&Path>) -> Result<Undone, String> {
        match before {
            Some(before) => self
                .os
                .link(path, before)
                .map(|()| Undone::Restored(path.to_owned()))
                .map_err(|error| error.to_string()),
            None => self.remove_file(path),
        }
    }

    fn restore_settings(&self, path: &Path, step: &Step) -> Result<Undone, String> {
        let Some(change) = step.change(path) else { return Ok(Undone::Nothing) };
        let file = SettingsFile::read(path).map_err(|error| error.to_string())?;
        let undone = file.undo(self.os, change).map_err(|error| error.to_string())?;
        let path = path.to_owned();
        Ok(match undone.text {
            _ if !undone.kept.is_empty() => Undone::Partly { path, kept: undone.kept },
            None if file.text().is_none() => Undone::Nothing,
            None => Undone::Removed(path),
            Some(_) => Undone::Restored(path),
        })
    }
}

/// Puts back what was kept aside. If nothing has taken its place, that is a second name of the same file, and no rename
/// removes it (POSIX).
fn restore(path: &Path, kept: &Path) -> Result<Undone, String> {
    match fs::rename(kept, path).and_then(|()| remove(kept)) {
        Ok(()) => Ok(Undone::Restored(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Undone::Nothing),
        Err(error) => Err(error.to_string()),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
