//! What every Unix does alike: modes, user ids, links, and programs that are asked.

use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::{
        fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{Account, Family, System, program};

const OTHERS: u32 = 0o077;
/// A program that can show no page says so soon.
const FIRST_STEPS: Duration = Duration::from_secs(1);

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

    fn copy_access(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::set_permissions(to, fs::metadata(from)?.permissions())
    }

    /// What can't have a second name, a folder or another user's file, moves.
    fn keep_aside(&self, path: &Path, kept: &Path) -> io::Result<()> {
        fs::hard_link(path, kept).or_else(|_| fs::rename(path, kept))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn system_agent(&self) -> PathBuf {
        let packaged = env::current_exe().ok().filter(|program| self.is_packaged(program));
        packaged.unwrap_or_else(|| PathBuf::from("/usr/local/bin/claude-agent"))
    }

    /// As the Filesystem Hierarchy Standard divides `/usr` (4.9).
    fn is_packaged(&self, program: &Path) -> bool {
        program.starts_with("/usr") && !program.starts_with("/usr/local")
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
pub(super) fn run(name: &str, arguments: &[&str]) -> io::Result<()> {
    program::run(Command::new(name).args(arguments))
}

/// Starts a program that shows a page and goes on by itself, unless it fails at once. It may be the browser itself.
pub(super) fn start(name: &str, arguments: &[&str]) -> io::Result<()> {
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = Apart::start(&mut command)?;
    let (_speaking, silence) = mpsc::channel();
    match program::wait(&mut child, Instant::now() + FIRST_STEPS, &silence)? {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(io::Error::other(format!("`{name}` ended with {status}"))),
        None => {
            thread::spawn(move || child.0.wait());
            Ok(())
        }
    }
}

/// A program in a group of its own, with all that it will start: so that all of it can be ended, and a Ctrl-C for us does
/// not end it.
pub(super) struct Apart(Child);

impl Apart {
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        command.process_group(0).spawn().map(Self)
    }

    /// What it says, once.
    pub(super) fn streams(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.0.stdout.take(), self.0.stderr.take())
    }

    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    /// Ends it, and all that it has started.
    pub(super) fn end(mut self) {
        let group = Pid::from_child(&self.0);
        if kill_process_group(group, Signal::KILL).is_err() {
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }
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
    fn a_package_brings_what_is_in_usr_but_not_what_is_local() {
        assert!(System.is_packaged(Path::new("/usr/bin/claude-agent")));
        assert!(!System.is_packaged(Path::new("/usr/local/bin/claude-agent")));
        assert!(!System.is_packaged(Path::new("/home/ada/usr/claude-agent")));
        assert_eq!(
            System.system_agent(),
            Path::new("/usr/local/bin/claude-agent"),
            "tests are of no package"
        );
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

    #[test]
    fn a_program_that_hangs_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // What is read ends when nobody is left who could write.
        let reading = thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe)
        });
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "exec 9>$0; echo one >&9; sh -c 'echo two >&9; exec sleep 600' & wait"])
            .arg(&pipe);
        let error = program::ask(&mut command, Duration::from_secs(1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(error.to_string().ends_with("did not end within 1 s, and was stopped"), "{error}");
        assert_eq!(reading.join().unwrap().unwrap(), "one\ntwo\n");
    }

    #[test]
    fn who_talks_without_end_is_heard_to_a_limit() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "head -c 3000000 /dev/zero; echo complaint >&2; exit 3"]);
        let said = program::ask(&mut command, program::PATIENCE).unwrap();
        assert_eq!((said.status.code(), said.out.len()), (Some(3), 1 << 20));
        assert_eq!(said.err, b"complaint\n");
    }

    #[test]
    fn what_a_program_leaves_behind_keeps_nobody_waiting() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 600 & echo $!"]);
        let said = program::ask(&mut command, program::PATIENCE).unwrap();
        let left = Pid::from_raw(String::from_utf8(said.out).unwrap().trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(left, Signal::KILL).unwrap();
    }

    #[test]
    fn a_program_that_fails_at_once_has_shown_nothing() {
        assert!(start("true", &[]).is_ok());
        assert!(start("false", &[]).unwrap_err().to_string().contains("`false` ended with"));
        assert_eq!(start("/nonexistent", &[]).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
