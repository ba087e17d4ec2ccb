//! A system of which everything can be chosen: a folder is its disk, and its units are a list.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Mutex,
};

use shared::platform::Platform;
use tempfile::TempDir;

use super::{Account, Family, Os, Unit, UnitState};

#[derive(Debug)]
pub struct Fake {
    pub folder: TempDir,
    pub account: Account,
    pub machine_id: Option<String>,
    pub platform: Option<Platform>,
    pub has_desktop: bool,
    pub units: Mutex<BTreeMap<String, UnitState>>,
    /// Pages that a browser was to show.
    pub opened: Mutex<Vec<String>>,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            account: Account { id: "1000".to_owned(), is_administrator: false },
            machine_id: Some("3c1f0a".to_owned()),
            platform: Some(Platform::LinuxX64),
            has_desktop: false,
            units: Mutex::default(),
            opened: Mutex::default(),
        }
    }
}

impl Family for Fake {
    fn home(&self) -> Option<PathBuf> {
        Some(self.folder.path().join("home"))
    }

    fn account(&self) -> io::Result<Account> {
        Ok(self.account.clone())
    }

    fn hostname(&self) -> Option<String> {
        Some("laptop".to_owned())
    }

    fn create_private(&self, path: &Path) -> io::Result<File> {
        super::this().create_private(path)
    }

    fn create_private_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn is_exposed(&self, path: &Path) -> io::Result<bool> {
        super::this().is_exposed(path)
    }

    fn make_private(&self, path: &Path) -> io::Result<()> {
        super::this().make_private(path)
    }

    fn make_readable(&self, path: &Path) -> io::Result<()> {
        super::this().make_readable(path)
    }

    fn copy_access(&self, from: &Path, to: &Path) -> io::Result<()> {
        super::this().copy_access(from, to)
    }

    fn make_runnable(&self, path: &Path) -> io::Result<()> {
        super::this().make_runnable(path)
    }

    fn is_runnable(&self, path: &Path) -> bool {
        super::this().is_runnable(path)
    }

    fn keep_aside(&self, path: &Path, kept: &Path) -> io::Result<()> {
        super::this().keep_aside(path, kept)
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn system_agent(&self) -> PathBuf {
        self.managed_dir().join("claude-agent")
    }

    fn is_packaged(&self, program: &Path) -> bool {
        program == self.folder.path().join("packaged")
    }

    fn link(&self, at: &Path, program: &Path) -> io::Result<()> {
        super::this().link(at, program)
    }

    fn is_linked(&self, at: &Path, program: &Path) -> bool {
        super::this().is_linked(at, program)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn script(&self, name: &str) -> String {
        name.to_owned()
    }
}

impl Os for Fake {
    fn machine_id(&self) -> Option<String> {
        self.machine_id.clone()
    }

    fn platform(&self) -> Option<Platform> {
        self.platform
    }

    fn managed_dir(&self) -> PathBuf {
        self.folder.path().join("managed")
    }

    fn outranking(&self) -> Vec<String> {
        Vec::new()
    }

    fn has_desktop(&self) -> bool {
        self.has_desktop
    }

    fn open_browser(&self, url: &str) -> io::Result<()> {
        self.opened.lock().unwrap().push(url.to_owned());
        Ok(())
    }

    fn enable(&self, unit: Unit<'_>) -> io::Result<()> {
        self.units.lock().unwrap().insert(unit.name.to_owned(), UnitState::Loaded);
        Ok(())
    }

    fn disable(&self, unit: Unit<'_>) -> io::Result<()> {
        self.units.lock().unwrap().remove(unit.name);
        Ok(())
    }

    fn state(&self, unit: Unit<'_>) -> io::Result<UnitState> {
        Ok(self.units.lock().unwrap().get(unit.name).copied().unwrap_or(UnitState::Absent))
    }
}
