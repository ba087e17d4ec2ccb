//! macOS: modes, `/Library`, launchd.

use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use shared::platform::Platform;

use super::{Os, Unit, UnitState, program, unix};

/// launchd gives what it stops five seconds, then kills it.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOKS: u32 = 100;

#[derive(Debug)]
pub(super) struct Macos;

impl Os for Macos {
    fn machine_id(&self) -> Option<String> {
        let told = ask("/usr/sbin/ioreg", &["-rd1", "-c", "IOPlatformExpertDevice"])?;
        let line = told.lines().find(|line| line.contains("IOPlatformUUID"))?;
        Some(line.split('"').nth(3)?.to_owned())
    }

    /// A program behind Rosetta is told that it runs on Intel.
    fn platform(&self) -> Option<Platform> {
        let is_arm =
            ask("/usr/sbin/sysctl", &["-n", "hw.optional.arm64"]).is_some_and(|told| told.trim() == "1");
        Some(if is_arm { Platform::DarwinArm64 } else { Platform::DarwinX64 })
    }

    fn managed_dir(&self) -> PathBuf {
        PathBuf::from("/Library/Application Support/ClaudeCode")
    }

    fn outranking(&self) -> Vec<String> {
        let profiles = ["/Library/Managed Preferences/com.anthropic.claudecode.plist"];
        profiles.into_iter().filter(|path| Path::new(path).exists()).map(str::to_owned).collect()
    }

    /// Somebody who came over SSH does not sit before the screen.
    fn has_desktop(&self) -> bool {
        std::env::var_os("SSH_CONNECTION").is_none()
    }

    fn open_browser(&self, url: &str) -> io::Result<()> {
        unix::start("/usr/bin/open", &[url])
    }

    fn enable(&self, unit: Unit<'_>) -> io::Result<()> {
        self.disable(unit)?;
        unix::run("/bin/launchctl", &["enable", &target(unit)])?;
        unix::run("/bin/launchctl", &["bootstrap", &domain(), &unit.file.to_string_lossy()])
    }

    fn disable(&self, unit: Unit<'_>) -> io::Result<()> {
        if self.state(unit)? == UnitState::Absent {
            return Ok(());
        }
        unix::run("/bin/launchctl", &["bootout", &target(unit)])?;
        self.wait_until_gone(unit)
    }

    fn state(&self, unit: Unit<'_>) -> io::Result<UnitState> {
        let mut command = Command::new("/bin/launchctl");
        let said = program::ask(command.args(["print", &target(unit)]), program::PATIENCE)?;
        Ok(if said.status.success() { UnitState::Loaded } else { UnitState::Absent })
    }
}

impl Macos {
    /// launchd answers before it has stopped a unit, and takes no new one of that name until it has.
    fn wait_until_gone(&self, unit: Unit<'_>) -> io::Result<()> {
        for _ in 0..LOOKS {
            if self.state(unit)? == UnitState::Absent {
                return Ok(());
            }
            #[allow(clippy::disallowed_methods, reason = "launchd tells nobody when it is done")]
            thread::sleep(LOOK_EVERY);
        }
        Err(io::Error::other(format!("launchd does not stop `{}`", unit.name)))
    }
}

/// Where the units of a user who is logged on live.
fn domain() -> String {
    format!("gui/{}", rustix::process::geteuid().as_raw())
}

fn target(unit: Unit<'_>) -> String {
    format!("{}/{}", domain(), unit.name)
}

fn ask(name: &str, arguments: &[&str]) -> Option<String> {
    let said = program::ask(Command::new(name).args(arguments), program::PATIENCE).ok()?;
    said.status.success().then(|| String::from_utf8_lossy(&said.out).into_owned())
}
