//! What the agent asks of an operating system: the contract, on one page. Each system has a file that keeps it.

#[cfg(test)]
pub mod fake;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
pub mod program;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::{
    fmt::Debug,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use shared::platform::Platform;

#[cfg(target_os = "linux")]
use self::linux::Linux as System;
#[cfg(target_os = "macos")]
use self::macos::Macos as System;
#[cfg(unix)]
use self::unix as family;
#[cfg(windows)]
use self::windows::{Windows as System, program as family};

/// The system that this program runs on.
pub fn this() -> &'static dyn Os {
    &System
}

/// Who runs the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What tells users of a machine apart: the user id, or the SID.
    pub id: String,
    pub is_administrator: bool,
}

/// A background unit: a systemd unit, a launchd agent, a scheduled task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit<'a> {
    /// What the system calls it: `claudecode-refresh.timer`, `com.company.claudecode.refresh`,
    /// `ClaudeCodeTokenRefresh-` and the user.
    pub name: &'a str,
    /// The file that describes it.
    pub file: &'a Path,
}

/// What the system knows of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitState {
    Absent,
    /// Known, and not waiting for anything.
    Stopped,
    /// Loaded: it runs, or will by itself.
    Loaded,
}

/// What systems of a family do alike: those of Unix in one way, Windows in another.
pub trait Family: Debug + Sync {
    // Who runs this.
    /// The user's home.
    fn home(&self) -> Option<PathBuf>;
    fn account(&self) -> io::Result<Account>;
    fn hostname(&self) -> Option<String>;

    // Files that are nobody else's business.
    /// A new file that only this user may read and write, from its first moment on. It must not be there yet.
    fn create_private(&self, path: &Path) -> io::Result<File>;
    /// A new folder of that kind.
    fn create_private_dir(&self, path: &Path) -> io::Result<()>;
    /// Whether somebody else than this user (and administrators) may read it.
    fn is_exposed(&self, path: &Path) -> io::Result<bool>;
    /// Takes everybody else's rights from a file.
    fn make_private(&self, path: &Path) -> io::Result<()>;
    /// Lets everybody read a file.
    fn make_readable(&self, path: &Path) -> io::Result<()>;
    /// Lets those open a file who may open another one.
    fn copy_access(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Keeps a file under another name before something else takes its place. Where that can be done in one step, the file
    /// stays in its place until then; a program that runs on Windows has to move first.
    fn keep_aside(&self, path: &Path, kept: &Path) -> io::Result<()> {
        fs::rename(path, kept)
    }
    /// Makes sure that a rename in this folder outlives a power failure.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    // Programs.
    /// Where the agent is that all users have.
    fn system_agent(&self) -> PathBuf;
    /// Whether a package of the system has brought a program: it comes and goes with that.
    fn is_packaged(&self, program: &Path) -> bool;
    /// Lets everybody run a program.
    fn make_runnable(&self, path: &Path) -> io::Result<()>;
    fn is_runnable(&self, path: &Path) -> bool;
    /// Lets `at` run a program, in place of what was there: by a link or, where that is not for everybody, by a copy.
    fn link(&self, at: &Path, program: &Path) -> io::Result<()>;
    /// Whether it does already.
    fn is_linked(&self, at: &Path, program: &Path) -> bool;
    /// Removes a file, also a program that runs.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// What to call to run a program that is a script, such as `az`.
    fn script(&self, name: &str) -> String;
}

pub trait Os: Family {
    // The machine.
    /// What tells this machine from others and survives a restart.
    fn machine_id(&self) -> Option<String>;
    /// What this machine can run, whatever this program was built for: Apple's processors behind Rosetta, musl, ARM.
    fn platform(&self) -> Option<Platform>;
    /// The folder of Claude Code's managed settings; ours for all users of the machine stand beside them.
    fn managed_dir(&self) -> PathBuf;
    /// Managed settings that win over the file: those that a device management delivers.
    fn outranking(&self) -> Vec<String>;

    // The desktop.
    /// Whether a browser could show something to the person who runs this.
    fn has_desktop(&self) -> bool;
    fn open_browser(&self, url: &str) -> io::Result<()>;

    // What runs in the background, for this user.
    /// Loads a unit now and at every logon. Doing it again changes nothing.
    fn enable(&self, unit: Unit<'_>) -> io::Result<()>;
    /// Stops and forgets it. One that is not there is no error.
    fn disable(&self, unit: Unit<'_>) -> io::Result<()>;
    fn state(&self, unit: Unit<'_>) -> io::Result<UnitState>;
    /// Whether it will run by itself.
    fn is_enabled(&self, unit: Unit<'_>) -> bool {
        self.state(unit).is_ok_and(|state| state == UnitState::Loaded)
    }
}
