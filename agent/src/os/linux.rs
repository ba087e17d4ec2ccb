//! Linux: modes, `/etc`, systemd's user units.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use shared::platform::Platform;

use super::{Os, Unit, UnitState, program, unix};

/// Where systemd and D-Bus keep the machine's id.
const MACHINE_ID: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
/// Programs that show a page in the user's browser; the last one is how WSL reaches Windows.
const BROWSERS: [&str; 3] = ["xdg-open", "gio", "wslview"];

#[derive(Debug)]
pub(super) struct Linux;

impl Os for Linux {
    fn machine_id(&self) -> Option<String> {
        let read = |path| Some(fs::read_to_string(path).ok()?.trim().to_owned());
        MACHINE_ID.into_iter().filter_map(read).find(|id| !id.is_empty())
    }

    fn platform(&self) -> Option<Platform> {
        platform(rustix::system::uname().machine().to_str().ok()?, is_musl())
    }

    fn managed_dir(&self) -> PathBuf {
        PathBuf::from("/etc/claude-code")
    }

    /// Here the file is all there is.
    fn outranking(&self) -> Vec<String> {
        Vec::new()
    }

    fn has_desktop(&self) -> bool {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") || is_set("WSL_DISTRO_NAME")
    }

    fn open_browser(&self, url: &str) -> io::Result<()> {
        let chosen =
            env::var("BROWSER").ok().filter(|name| !name.is_empty() && !name.contains([':', ' ', '%']));
        let programs = chosen.iter().map(String::as_str).chain(BROWSERS);
        let mut failed = io::Error::from(io::ErrorKind::NotFound);
        for program in programs {
            let started = match program {
                "gio" => unix::start("gio", &["open", url]),
                _ => unix::start(program, &[url]),
            };
            match started {
                Ok(()) => return Ok(()),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    fn enable(&self, unit: Unit<'_>) -> io::Result<()> {
        unix::run("systemctl", &["--user", "daemon-reload"])?;
        unix::run("systemctl", &["--user", "enable", unit.name])?;
        // What runs at logon need not run now.
        if is_timer(unit) { unix::run("systemctl", &["--user", "start", unit.name]) } else { Ok(()) }
    }

    fn disable(&self, unit: Unit<'_>) -> io::Result<()> {
        match self.state(unit) {
            Ok(UnitState::Absent) => Ok(()),
            Ok(_) => unix::run("systemctl", &["--user", "disable", "--now", unit.name]),
            // There is no manager, so nothing runs; the next one shall not find it either.
            Err(_) => unit.file.parent().map_or(Ok(()), |folder| unlink(folder, unit.name)),
        }
    }

    fn is_enabled(&self, unit: Unit<'_>) -> bool {
        let is_enabled = unix::run("systemctl", &["--user", "is-enabled", unit.name]).is_ok();
        let waits = || self.state(unit).is_ok_and(|state| state == UnitState::Loaded);
        is_enabled && (!is_timer(unit) || waits())
    }

    fn state(&self, unit: Unit<'_>) -> io::Result<UnitState> {
        let mut command = Command::new("systemctl");
        command.args(["--user", "show", "--property=LoadState,ActiveState", unit.name]);
        let said = program::ask(&mut command, program::PATIENCE)?;
        if !said.status.success() {
            let complaint = String::from_utf8_lossy(&said.err);
            return Err(io::Error::other(format!("`systemctl --user` failed: {}", complaint.trim())));
        }
        Ok(unit_state(&String::from_utf8_lossy(&said.out)))
    }
}

/// Removes the links that enable a unit, and the folders that they were alone in.
fn unlink(folder: &Path, name: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let wants = entry?.path();
        if wants.extension().is_some_and(|kind| kind == "wants") && fs::remove_file(wants.join(name)).is_ok()
        {
            // Others may have links in it.
            let _ = fs::remove_dir(wants);
        }
    }
    Ok(())
}

fn is_timer(unit: Unit<'_>) -> bool {
    Path::new(unit.name).extension().is_some_and(|kind| kind == "timer")
}

fn unit_state(told: &str) -> UnitState {
    let has = |line: &str| told.lines().any(|told| told == line);
    if !has("LoadState=loaded") {
        UnitState::Absent
    } else if has("ActiveState=active") || has("ActiveState=activating") {
        UnitState::Loaded
    } else {
        UnitState::Stopped
    }
}

fn platform(machine: &str, is_musl: bool) -> Option<Platform> {
    match (machine, is_musl) {
        ("x86_64", false) => Some(Platform::LinuxX64),
        ("x86_64", true) => Some(Platform::LinuxX64Musl),
        ("aarch64", false) => Some(Platform::LinuxArm64),
        ("aarch64", true) => Some(Platform::LinuxArm64Musl),
        _ => None,
    }
}

/// Whether the machine's own programs use musl: its loader is there and glibc's is not.
fn is_musl() -> bool {
    let has = |start: &str, folder: &str| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().starts_with(start))
    };
    let glibc = ["/lib64", "/lib", "/lib/aarch64-linux-gnu", "/lib/x86_64-linux-gnu"];
    has("ld-musl-", "/lib") && !glibc.iter().any(|folder| has("ld-linux-", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_told_from_what_the_kernel_says() {
        assert_eq!(platform("x86_64", true), Some(Platform::LinuxX64Musl));
        assert_eq!(platform("aarch64", false), Some(Platform::LinuxArm64));
        assert_eq!(platform("riscv64", false), None);
    }

    #[test]
    fn a_unit_is_absent_stopped_or_loaded() {
        assert_eq!(unit_state("LoadState=not-found\nActiveState=inactive\n"), UnitState::Absent);
        assert_eq!(unit_state("LoadState=loaded\nActiveState=inactive\n"), UnitState::Stopped);
        assert_eq!(unit_state("LoadState=loaded\nActiveState=active\n"), UnitState::Loaded);
    }
}
