//! Where programs are kept: every version under its name, and `claude` as the way to one of them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use shared::{
    platform::{Os as System, Platform},
    release::{Hasher, Version},
};

use super::{PackageError, Program};
use crate::{
    journal::{Journal, Outcome},
    os::{Os, program},
};

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(30);

/// Claude Code's own layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    versions: PathBuf,
    downloads: PathBuf,
    /// What people run.
    pub program: PathBuf,
}

/// What came of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    pub version: Version,
    pub program: PathBuf,
    pub outcome: Outcome,
}

pub(super) struct Place<'a, 'b> {
    pub(super) os: &'a dyn Os,
    pub(super) journal: &'a mut Journal<'b>,
    pub(super) layout: Layout,
    pub(super) program: &'a Program,
}

impl Layout {
    pub fn of(os: &dyn Os, platform: Platform) -> Result<Self, PackageError> {
        let home = os.home().ok_or(PackageError::NoHome)?;
        // One by one: Windows would print a slash between two of them.
        let local = home.join(".local");
        let share = local.join("share").join("claude");
        let name = if platform.os() == System::Windows { "claude.exe" } else { "claude" };
        Ok(Self {
            versions: share.join("versions"),
            downloads: share.join("downloads"),
            program: local.join("bin").join(name),
        })
    }

    fn version(&self, version: &Version) -> PathBuf {
        self.versions.join(version.to_string())
    }
}

impl Place<'_, '_> {
    /// Whether the very bytes of the manifest are there.
    pub(super) fn is_there(&self) -> bool {
        let path = self.layout.version(&self.program.version);
        let binary = &self.program.binary;
        let is_as_long = fs::metadata(&path).is_ok_and(|file| file.len() == binary.size);
        is_as_long
            && self.os.is_runnable(&path)
            && digest(&path).is_some_and(|found| found == binary.checksum)
    }

    /// A file for what is on its way.
    pub(super) fn reserve(&mut self) -> Result<PathBuf, PackageError> {
        let name = format!("{}-{}", self.program.version, self.program.binary.checksum);
        let path = self.layout.downloads.join(name);
        self.journal.make_room(&path)?;
        Ok(path)
    }

    /// The program that `claude` runs now.
    pub(super) fn current(&self) -> Option<PathBuf> {
        let versions = fs::read_dir(&self.layout.versions).ok()?;
        let paths = versions.filter_map(|entry| Some(entry.ok()?.path()));
        paths.into_iter().find(|path| self.os.is_linked(&self.layout.program, path))
    }

    /// Puts a verified download among the versions, if it works.
    pub(super) async fn take(&mut self, partial: &Path) -> Result<(), PackageError> {
        let path = self.layout.version(&self.program.version);
        self.os.make_runnable(partial).map_err(failed(partial))?;
        let runs = runs(partial, &self.program.version).await;
        if let Err(why) = runs {
            fs::remove_file(partial).map_err(failed(partial))?;
            self.journal.forget(partial)?;
            return Err(PackageError::Broken { version: self.program.version.clone(), why });
        }
        self.journal.cover(&path)?;
        fs::rename(partial, &path).map_err(failed(&path))?;
        self.os.sync_dir(&self.layout.versions).map_err(failed(&path))?;
        Ok(self.journal.forget(partial)?)
    }

    /// Lets `claude` run the version, and keeps `before` beside it. Older ones that we brought go.
    pub(super) fn link(&mut self, before: Option<PathBuf>) -> Result<Installed, PackageError> {
        let path = self.layout.version(&self.program.version);
        let outcome = self.journal.link(&self.layout.program, &path)?;
        if let Some(before) = before {
            self.remove_all_but(&[&path, &before])?;
        }
        let program = self.layout.program.clone();
        Ok(Installed { version: self.program.version.clone(), program, outcome })
    }

    fn remove_all_but(&mut self, kept: &[&PathBuf]) -> Result<(), PackageError> {
        let ours = self.journal.files().filter(|path| path.parent() == Some(&self.layout.versions));
        let old: Vec<_> =
            ours.filter(|path| !kept.iter().any(|kept| kept == path)).map(Path::to_owned).collect();
        for path in old {
            // One that still runs somewhere on Windows can't go yet.
            if self.os.remove(&path).is_ok() || !path.exists() {
                self.journal.forget(&path)?;
            }
        }
        Ok(())
    }
}

/// Lets a program say its version.
async fn runs(program: &Path, version: &Version) -> Result<(), String> {
    let mut command = Command::new(program);
    command.arg("--version");
    let ended = program::ask_aside(command, PATIENCE).await.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => format!("it did not say its version within {} s", PATIENCE.as_secs()),
        _ => format!("it can't be started: {error}"),
    })?;
    let said = String::from_utf8_lossy(&ended.out);
    if !ended.status.success() {
        let complaint = String::from_utf8_lossy(&ended.err);
        return Err(format!("`--version` ended with {}: {}", ended.status, first_line(&complaint)));
    }
    let says_it = said.split_whitespace().next() == Some(version.to_string().as_str());
    if says_it { Ok(()) } else { Err(format!("it says that its version is `{}`", first_line(&said))) }
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}

fn digest(path: &Path) -> Option<shared::release::Digest> {
    use std::io::Read;
    let (mut file, mut hasher, mut piece) = (fs::File::open(path).ok()?, Hasher::default(), vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut piece).ok()?;
        let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else {
            return Some(hasher.digest());
        };
        hasher.update(piece);
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> PackageError + '_ {
    |error| PackageError::File { path: path.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::fake::Fake;

    #[test]
    fn paths_are_written_as_the_system_writes_them() {
        let layout = Layout::of(&Fake::default(), Platform::Win32X64).unwrap();
        for path in [&layout.versions, &layout.downloads, &layout.program] {
            let rebuilt: PathBuf = path.components().collect();
            assert_eq!(path.as_os_str(), rebuilt.as_os_str());
        }
    }
}
