//! Windows: profiles, access control lists, scheduled tasks.

mod access;
pub(super) mod program;
mod security;
mod task;

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use shared::platform::Platform;

use super::{Account, Family, Os, Unit, UnitState};

/// Where the machine's own environment stands. Its processor is the real one; a program that is emulated is told another.
const ENVIRONMENT: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment";
/// Counts what was moved out of the way, so that each gets a name of its own.
static REMOVED: AtomicU32 = AtomicU32::new(0);

#[derive(Debug)]
pub(super) struct Windows;

impl Family for Windows {
    fn home(&self) -> Option<PathBuf> {
        env::home_dir().filter(|home| home.is_absolute())
    }

    fn account(&self) -> io::Result<Account> {
        Ok(Account { id: security::user()?, is_administrator: security::is_elevated()? })
    }

    fn hostname(&self) -> Option<String> {
        env::var("COMPUTERNAME").ok().filter(|name| !name.is_empty())
    }

    fn create_private(&self, path: &Path) -> io::Result<File> {
        access::create(path)
    }

    fn create_private_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)?;
        access::restrict(path)
    }

    fn is_exposed(&self, path: &Path) -> io::Result<bool> {
        access::is_exposed(path)
    }

    fn make_private(&self, path: &Path) -> io::Result<()> {
        access::restrict(path)
    }

    fn make_readable(&self, path: &Path) -> io::Result<()> {
        access::publish(path)
    }

    fn copy_access(&self, from: &Path, to: &Path) -> io::Result<()> {
        access::copy(from, to)
    }

    fn make_runnable(&self, path: &Path) -> io::Result<()> {
        access::publish(path)
    }

    /// That is what its name says.
    fn is_runnable(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        access::flush(path)
    }

    fn system_agent(&self) -> PathBuf {
        self.managed_dir().join("claude-agent.exe")
    }

    /// There is no package of the agent.
    fn is_packaged(&self, _program: &Path) -> bool {
        false
    }

    /// A program that runs can't be replaced, but it can be renamed.
    fn link(&self, at: &Path, program: &Path) -> io::Result<()> {
        let new = at.with_extension("new");
        fs::copy(program, &new)?;
        if at.exists() {
            self.remove(at)?;
        }
        fs::rename(&new, at)
    }

    fn is_linked(&self, at: &Path, program: &Path) -> bool {
        let length = |path: &Path| fs::metadata(path).ok().map(|file| file.len());
        length(at).is_some() && length(at) == length(program) && same_content(at, program).unwrap_or(false)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let name = format!(
                    "claude-agent-{}-{}",
                    std::process::id(),
                    REMOVED.fetch_add(1, Ordering::Relaxed)
                );
                fs::rename(path, env::temp_dir().join(name))
            }
            removed => removed,
        }
    }

    fn script(&self, name: &str) -> String {
        format!("{name}.cmd")
    }
}

impl Os for Windows {
    fn machine_id(&self) -> Option<String> {
        program::registry(r"HKLM\SOFTWARE\Microsoft\Cryptography", "MachineGuid")
    }

    fn platform(&self) -> Option<Platform> {
        let name = "PROCESSOR_ARCHITECTURE";
        platform(&program::registry(ENVIRONMENT, name).or_else(|| env::var(name).ok())?)
    }

    fn managed_dir(&self) -> PathBuf {
        let programs = env::var_os("ProgramW6432").or_else(|| env::var_os("ProgramFiles"));
        programs.map_or_else(|| PathBuf::from(r"C:\Program Files"), PathBuf::from).join("ClaudeCode")
    }

    fn outranking(&self) -> Vec<String> {
        let keys = [r"HKLM\SOFTWARE\Policies\ClaudeCode", r"HKCU\SOFTWARE\Policies\ClaudeCode"];
        let is_there = |key: &&str| program::registry(key, "Settings").is_some();
        keys.into_iter().filter(is_there).map(str::to_owned).collect()
    }

    /// Somebody who came over SSH does not sit before the screen.
    fn has_desktop(&self) -> bool {
        env::var_os("SSH_CONNECTION").is_none()
    }

    /// The address is one argument, and no shell reads it.
    fn open_browser(&self, url: &str) -> io::Result<()> {
        program::start("rundll32.exe", &["url.dll,FileProtocolHandler", url].map(OsStr::new))
    }

    fn enable(&self, unit: Unit<'_>) -> io::Result<()> {
        task::enable(unit)
    }

    fn disable(&self, unit: Unit<'_>) -> io::Result<()> {
        task::disable(unit)
    }

    fn state(&self, unit: Unit<'_>) -> io::Result<UnitState> {
        task::state(unit)
    }
}

fn same_content(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let read = one.read(&mut left)?;
        let Some(left) = left.get(..read).filter(|left| !left.is_empty()) else { return Ok(true) };
        let Some(right) = right.get_mut(..read) else { return Ok(false) };
        other.read_exact(right)?;
        if left != right {
            return Ok(false);
        }
    }
}

fn platform(processor: &str) -> Option<Platform> {
    match processor.to_ascii_uppercase().as_str() {
        "AMD64" => Some(Platform::Win32X64),
        "ARM64" => Some(Platform::Win32Arm64),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
