//! A settings file on the disk. It is replaced in one step, and only by what has been read back and checked.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{
    change::{self, Change, Edited, Undone},
    text::BadText,
    wanted::Wanted,
};
use crate::{file, os::Os};

/// Nobody writes longer settings.
const LARGEST: u64 = 4 << 20;

#[derive(Debug, Error)]
pub enum BadSettings {
    #[error("`{}`: {}", path.display(), file::reason(error))]
    File { path: PathBuf, error: io::Error },
    #[error("`{}` is left as it is, because it can't be read: {what}", path.display())]
    Text { path: PathBuf, what: BadText },
    #[error("`{}` is left as it is, because it is not UTF-8 text", path.display())]
    Encoding { path: PathBuf },
    #[error("`{}` is left as it is, because it is larger than {LARGEST} bytes", path.display())]
    TooLarge { path: PathBuf },
    #[error("`{}` is left as it is, because it is read-only", path.display())]
    ReadOnly { path: PathBuf },
    #[error("`{}` is left as it is, because it is no file", path.display())]
    NotAFile { path: PathBuf },
    #[error("`{}` did not come out as it should, and is left as it was", path.display())]
    Garbled { path: PathBuf },
}

impl BadSettings {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::File { error, .. } => file::hint(error),
            Self::ReadOnly { .. } => Some("make it writable, or put the settings in by hand"),
            Self::Text { .. } | Self::Encoding { .. } => Some("correct it there, then run the same again"),
            Self::TooLarge { .. } | Self::NotAFile { .. } | Self::Garbled { .. } => None,
        }
    }
}

/// A settings file as it is at this moment.
#[derive(Debug, Clone)]
pub struct SettingsFile {
    path: PathBuf,
    text: Option<String>,
}

impl SettingsFile {
    /// Reads it, if it is there. Of a link, what it leads to is meant.
    pub fn read(path: &Path) -> Result<Self, BadSettings> {
        let path = behind_link(path);
        let failed = |error| BadSettings::File { path: path.clone(), error };
        let found = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self { path, text: None }),
            Err(error) => return Err(failed(error)),
            Ok(found) => found,
        };
        if !found.is_file() {
            return Err(BadSettings::NotAFile { path });
        }
        if found.len() > LARGEST {
            return Err(BadSettings::TooLarge { path });
        }
        let bytes = fs::read(&path).map_err(failed)?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { path, text: Some(text) }),
            Err(_) => Err(BadSettings::Encoding { path }),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub fn holds(&self, wanted: &[Wanted]) -> Result<bool, BadSettings> {
        let Some(text) = &self.text else { return Ok(false) };
        change::holds(text, wanted).map_err(|what| self.bad(what))
    }

    pub fn apply(&self, wanted: &[Wanted], earlier: Option<&Change>) -> Result<Edited, BadSettings> {
        self.assert_writable()?;
        change::apply(self.text(), wanted, earlier).map_err(|what| self.bad(what))
    }

    /// Replaces the file, after a look at what came to lie on the disk.
    pub fn write(&self, os: &dyn Os, text: &str, wanted: &[Wanted]) -> Result<(), BadSettings> {
        self.replace(os, text, |found| change::holds(found, wanted).is_ok_and(|holds| holds))
    }

    /// Takes what is ours out of the file; without anything else in it, it goes.
    pub fn undo(&self, os: &dyn Os, change: &Change) -> Result<Undone, BadSettings> {
        let undone = change::undo(self.text(), change).map_err(|what| self.bad(what))?;
        match &undone.text {
            Some(text) if undone.text != self.text => {
                self.assert_writable()?;
                self.replace(os, text, |_| true)?;
            }
            None if self.text.is_some() => {
                fs::remove_file(&self.path).map_err(|error| self.failed(error))?;
            }
            _ => {}
        }
        Ok(undone)
    }

    /// Takes the byte order mark away, and nothing else.
    pub fn unmark(&self, os: &dyn Os) -> Result<(), BadSettings> {
        match self.text().and_then(|text| text.strip_prefix('\u{feff}')) {
            Some(text) => self.replace(os, text, |_| true),
            None => Ok(()),
        }
    }

    fn assert_writable(&self) -> Result<(), BadSettings> {
        match fs::metadata(&self.path) {
            Ok(found) if found.permissions().readonly() => {
                Err(BadSettings::ReadOnly { path: self.path.clone() })
            }
            _ => Ok(()),
        }
    }

    fn replace(&self, os: &dyn Os, text: &str, is_sound: impl Fn(&str) -> bool) -> Result<(), BadSettings> {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".new");
        let temporary = PathBuf::from(name);
        let written = self.stage(os, &temporary, text);
        let placed = written.map_err(|error| self.failed(error)).and_then(|found| {
            if found != text || !is_sound(&found) {
                return Err(BadSettings::Garbled { path: self.path.clone() });
            }
            fs::rename(&temporary, &self.path).map_err(|error| self.failed(error))
        });
        if placed.is_err() {
            // Nothing of it may stay; that it could not be placed is what is told.
            let _ = fs::remove_file(&temporary);
        }
        placed?;
        self.path.parent().map_or(Ok(()), |folder| os.sync_dir(folder)).map_err(|error| self.failed(error))
    }

    /// Writes the text beside the file, and reads it again. The rights are those of the file.
    fn stage(&self, os: &dyn Os, temporary: &Path, text: &str) -> io::Result<String> {
        match fs::remove_file(temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = os.create_private(temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        drop(file);
        if self.path.exists() {
            os.copy_access(&self.path, temporary)?;
        }
        fs::read_to_string(temporary)
    }

    fn bad(&self, what: BadText) -> BadSettings {
        BadSettings::Text { path: self.path.clone(), what }
    }

    fn failed(&self, error: io::Error) -> BadSettings {
        BadSettings::File { path: self.path.clone(), error }
    }
}

/// What a link leads to, also if nothing is there yet. What is none keeps its name: Windows has longer ones for the same
/// file, by which nobody would know it again.
fn behind_link(path: &Path) -> PathBuf {
    let Ok(target) = fs::read_link(path) else { return path.to_owned() };
    let direct = path.parent().map(|folder| folder.join(target));
    fs::canonicalize(path).ok().or(direct).unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::os::this;

    fn wanted() -> Vec<Wanted> {
        vec![Wanted { path: vec!["apiKeyHelper".to_owned()], value: json!("agent get-token") }]
    }

    fn changed(path: &Path) -> Change {
        let file = SettingsFile::read(path).unwrap();
        let edited = file.apply(&wanted(), None).unwrap();
        file.write(this(), &edited.text, &wanted()).unwrap();
        assert!(SettingsFile::read(path).unwrap().holds(&wanted()).unwrap());
        edited.change
    }

    #[test]
    fn a_file_changes_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        for before in [None, Some(""), Some("\u{feff}{ \"a\" : 1 }")] {
            if let Some(before) = before {
                fs::write(&path, before).unwrap();
            }
            let change = changed(&path);
            SettingsFile::read(&path).unwrap().undo(this(), &change).unwrap();
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), before);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn who_may_read_it_may_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        for is_private in [false, true] {
            fs::write(&path, "{}").unwrap();
            if is_private {
                this().make_private(&path).unwrap();
            }
            let is_exposed = this().is_exposed(&path).unwrap();
            assert!(!is_private || !is_exposed);
            let change = changed(&path);
            assert_eq!(this().is_exposed(&path).unwrap(), is_exposed);
            SettingsFile::read(&path).unwrap().undo(this(), &change).unwrap();
            assert_eq!(this().is_exposed(&path).unwrap(), is_exposed);
        }
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (folder.path().join("settings.json"), folder.path().join("dotfiles.json"));
        fs::write(&elsewhere, "{}").unwrap();
        this().link(&path, &elsewhere).unwrap();
        if fs::read_link(&path).is_err() {
            // On Windows that was a copy.
            return;
        }
        let change = changed(&path);
        assert_eq!(fs::read_link(&path).unwrap(), elsewhere);
        assert!(fs::read_to_string(&elsewhere).unwrap().contains("get-token"));
        SettingsFile::read(&path).unwrap().undo(this(), &change).unwrap();
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "{}");
    }

    #[test]
    fn what_is_not_fit_to_be_changed_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let refused = |content: &[u8], why: &str| {
            fs::write(&path, content).unwrap();
            let refused = SettingsFile::read(&path).and_then(|file| file.apply(&wanted(), None)).unwrap_err();
            assert!(refused.to_string().ends_with(why), "{refused}");
            assert_eq!(fs::read(&path).unwrap(), content);
        };
        refused(b"{\n  \"a\": 1,\n}", "can't be read: line 3, column 1: trailing comma");
        refused(b"{\"a\": \"\xff\"}", "because it is not UTF-8 text");
        refused(&vec![b' '; (4 << 20) + 1], "because it is larger than 4194304 bytes");
        let mut rights = fs::metadata(&path).unwrap().permissions();
        fs::write(&path, "{}").unwrap();
        rights.set_readonly(true);
        fs::set_permissions(&path, rights).unwrap();
        let refused = SettingsFile::read(&path).unwrap().apply(&wanted(), None).unwrap_err();
        assert!(matches!(refused, BadSettings::ReadOnly { .. }), "{refused}");
    }
}
