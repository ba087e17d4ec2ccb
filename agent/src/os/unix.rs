//! What every Unix does alike: modes, user ids, links, and programs that are asked.

use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Account, Family, System};

const OTHERS: u32 = 0o077;

impl Family for System {
    /// `HOME`, else what the user database says.
    fn home(&self) -> Option<PathBuf> {
        env::home_dir().filter(|home| home.is_absolute())
    }

    fn account(&self) -> io::Result<Account> {
        let id = rustix::process::geteuid();
        Ok(Account { id: id.as_raw().to_string(), is_administrator: id.is_root() })
    }

    fn hostname(&self) -> Option<String> {
        let name = rustix::system::uname().nodename().to_str().ok()?.to_owned();
        (!name.is_empty()).then_some(name)
    }

    fn create_private(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
    }

    fn create_private_dir(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(path)
    }

    fn is_exposed(&self, path: &Path) -> io::Result<bool> {
        Ok(fs::metadata(path)?.permissions().mode() & OTHERS != 0)
    }

    fn make_private(&self, path: &Path) -> io::Result<()> {
        set_mode(path, fs::metadata(path)?.permissions().mode() & !OTHERS & 0o7777)
    }

    fn make_readable(&self, path: &Path) -> io::Result<()> {
        set_mode(path, 0o644)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn system_agent(&self) -> PathBuf {
        PathBuf::from("/usr/local/bin/claude-agent")
    }

    fn make_runnable(&self, path: &Path) -> io::Result<()> {
        set_mode(path, 0o755)
    }

    fn is_runnable(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o100 != 0)
    }

    /// A link takes the place of another one in one step.
    fn link(&self, at: &Path, program: &Path) -> io::Result<()> {
        let mut name = at.as_os_str().to_owned();
        name.push(".new");
        let new = PathBuf::from(name);
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        symlink(program, &new)?;
        fs::rename(&new, at)
    }

    fn is_linked(&self, at: &Path, program: &Path) -> bool {
        fs::read_link(at).is_ok_and(|target| target == program)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn script(&self, name: &str) -> String {
        name.to_owned()
    }
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Runs a program that says nothing. What it complains of is the error.
pub(super) fn run(program: &str, arguments: &[&str]) -> io::Result<()> {
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output()?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said = said.trim().lines().next().unwrap_or("it does not say why");
    Err(io::Error::other(format!("`{program} {}` failed: {said}", arguments.join(" "))))
}

/// Starts a program and leaves it alone.
pub(super) fn start(program: &str, arguments: &[&str]) -> io::Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_private_from_its_first_moment_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        System.create_private(&path).unwrap();
        assert!(!System.is_exposed(&path).unwrap());
        assert_eq!(System.create_private(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn others_rights_are_seen_and_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        fs::write(&path, "{}").unwrap();
        set_mode(&path, 0o644).unwrap();
        assert!(System.is_exposed(&path).unwrap());
        System.make_private(&path).unwrap();
        assert!(!System.is_exposed(&path).unwrap());
    }
}
