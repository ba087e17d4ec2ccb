//! Windows: profiles, access control lists, scheduled tasks.

use std::{
    env,
    fs::{self, File, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use shared::platform::Platform;

use super::{Account, Os, Unit, UnitState};

#[derive(Debug)]
pub(super) struct Windows;

impl Os for Windows {
    fn home(&self) -> Option<PathBuf> {
        env::home_dir().filter(|home| home.is_absolute())
    }

    fn account(&self) -> io::Result<Account> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn machine_id(&self) -> Option<String> {
        None
    }

    fn hostname(&self) -> Option<String> {
        env::var("COMPUTERNAME").ok().filter(|name| !name.is_empty())
    }

    /// A program that is emulated is told the processor that it was built for, and beside it the real one.
    fn platform(&self) -> Option<Platform> {
        let real = ["PROCESSOR_ARCHITEW6432", "PROCESSOR_ARCHITECTURE"];
        let name = real.iter().find_map(|name| env::var(name).ok())?;
        match name.to_ascii_uppercase().as_str() {
            "AMD64" => Some(Platform::Win32X64),
            "ARM64" => Some(Platform::Win32Arm64),
            _ => None,
        }
    }

    fn managed_dir(&self) -> PathBuf {
        let programs = env::var_os("ProgramW6432").or_else(|| env::var_os("ProgramFiles"));
        programs.map_or_else(|| PathBuf::from(r"C:\Program Files"), PathBuf::from).join("ClaudeCode")
    }

    fn outranking(&self) -> Vec<String> {
        let keys = [r"HKLM\SOFTWARE\Policies\ClaudeCode", r"HKCU\SOFTWARE\Policies\ClaudeCode"];
        let is_there = |key: &&str| {
            let mut ask = Command::new("reg");
            ask.args(["query", key, "/v", "Settings"]).stdin(Stdio::null());
            ask.output().is_ok_and(|told| told.status.success())
        };
        keys.into_iter().filter(is_there).map(str::to_owned).collect()
    }

    /// A profile lets nobody else in, and what is made in it inherits that.
    fn create_private(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    fn create_private_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn is_exposed(&self, _path: &Path) -> io::Result<bool> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn make_private(&self, _path: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn make_readable(&self, _path: &Path) -> io::Result<()> {
        // What is made under `Program Files` can be read by everybody.
        Ok(())
    }

    fn make_runnable(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    /// That is what its name says.
    fn is_runnable(&self, path: &Path) -> bool {
        path.is_file()
    }

    /// A rename is written through with the file.
    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn system_agent(&self) -> PathBuf {
        self.managed_dir().join("claude-agent.exe")
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

    /// A session over SSH has no name.
    fn has_desktop(&self) -> bool {
        env::var_os("SSH_CONNECTION").is_none()
    }

    fn open_browser(&self, url: &str) -> io::Result<()> {
        let mut command = Command::new("rundll32");
        command.args(["url.dll,FileProtocolHandler", url]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(|_| ())
    }

    fn script(&self, name: &str) -> String {
        format!("{name}.cmd")
    }

    fn enable(&self, _unit: Unit<'_>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn disable(&self, _unit: Unit<'_>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn state(&self, _unit: Unit<'_>) -> io::Result<UnitState> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Counts what was moved out of the way, so that each gets a name of its own.
static REMOVED: AtomicU32 = AtomicU32::new(0);

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
