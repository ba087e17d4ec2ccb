//! Programs of Windows that are asked, or started and left alone. Each is called by its full path: Windows would look into
//! the current folder first.

use std::{
    env,
    ffi::OsStr,
    io, mem,
    path::PathBuf,
    process::{ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
};

use process_wrap::std::{ChildWrapper, CommandWrap, JobObject};

use super::super::program;

/// Runs a program. What it complains of is the error.
pub(super) fn run(name: &str, arguments: &[&OsStr]) -> io::Result<()> {
    program::run(Command::new(path(name)).args(arguments))
}

/// What a program answers, if it does what it is asked.
pub(super) fn ask(name: &str, arguments: &[&OsStr]) -> io::Result<Option<String>> {
    let said = program::ask(Command::new(path(name)).args(arguments), program::PATIENCE)?;
    Ok(said.status.success().then(|| String::from_utf8_lossy(&said.out).into_owned()))
}

/// One value of the registry.
pub(super) fn registry(key: &str, name: &str) -> Option<String> {
    let told = ask("reg.exe", &["query", key, "/v", name].map(OsStr::new)).ok()??;
    value(&told, name)
}

pub(super) fn start(program: &str, arguments: &[&OsStr]) -> io::Result<()> {
    let mut command = Command::new(path(program));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(|_| ())
}

/// A program in a job of its own, with all that it will start: so that all of it can be ended.
pub(in super::super) struct Apart(Box<dyn ChildWrapper>);

impl Apart {
    /// The program waits until it is in the job: what it starts first is there, too.
    pub(in super::super) fn start(command: &mut Command) -> io::Result<Self> {
        // The crate wants it for its own, and gives it back.
        let mut wrap = CommandWrap::from(mem::replace(command, Command::new("")));
        let started = wrap.wrap(JobObject).spawn();
        *command = wrap.into_command();
        started.map(Self)
    }

    /// What it says, once.
    pub(in super::super) fn streams(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.0.stdout().take(), self.0.stderr().take())
    }

    pub(in super::super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    /// Ends it, and all that it has started.
    pub(in super::super) fn end(mut self) {
        if self.0.start_kill().is_err() {
            let _ = self.0.inner_mut().start_kill();
        }
        // Not for the job: it tells but once that it is empty, which may have been heard already.
        let _ = self.0.inner_mut().wait();
    }
}

fn path(program: &str) -> PathBuf {
    let root = env::var_os("SystemRoot").map_or_else(|| PathBuf::from(r"C:\Windows"), PathBuf::from);
    root.join("System32").join(program)
}

/// A line is a name, a kind and a value.
fn value(told: &str, name: &str) -> Option<String> {
    let line =
        told.lines().find_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix("REG_"))?;
    Some(line.split_once(char::is_whitespace)?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read,
        net::{Ipv4Addr, TcpListener, TcpStream},
        time::Duration,
    };

    use super::*;

    /// Where what hangs shall say that it is there.
    const PORT: &str = "SALLYPORT_TEST_PORT";
    /// Nothing here takes so long, unless it would take for ever.
    const NEVER: Duration = Duration::from_mins(1);

    #[test]
    fn a_value_of_the_registry_is_found_in_what_reg_prints() {
        let told = "\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\X\r\n    MachineGuid    REG_SZ    0f1e 2d\r\n\r\n";
        assert_eq!(value(told, "MachineGuid").as_deref(), Some("0f1e 2d"));
        assert_eq!(value(told, "Machine"), None);
        assert_eq!(value("ERROR: no such key", "MachineGuid"), None);
    }

    #[test]
    fn a_program_that_fails_says_why() {
        let error = run("reg.exe", &["query", r"HKLM\SOFTWARE\No such key"].map(OsStr::new)).unwrap_err();
        assert!(
            error.to_string().contains("reg.exe query") && error.to_string().contains(" failed: "),
            "{error}"
        );
    }

    /// No test of its own, but what the next one starts: it says that it is there, and waits for an answer.
    #[test]
    fn a_program_that_hangs() {
        let Some(port) = env::var(PORT).ok().and_then(|port| port.parse().ok()) else { return };
        let mut line = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let _ = line.read(&mut [0]);
    }

    #[test]
    fn a_program_is_ended_with_all_that_it_started() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut command = Command::new(path("cmd.exe"));
        command.arg("/c").arg(env::current_exe().unwrap());
        command.args(["--exact", "os::windows::program::tests::a_program_that_hangs"]);
        command.env(PORT, listener.local_addr().unwrap().port().to_string());
        let mut program = Apart::start(command.stdout(Stdio::null())).unwrap();
        let (mut line, _) = listener.accept().unwrap();
        assert!(program.try_wait().unwrap().is_none());
        program.end();
        // Its line ends with it.
        line.set_read_timeout(Some(NEVER)).unwrap();
        let heard = line.read(&mut [0]).map_err(|error| error.kind());
        assert!(matches!(heard, Ok(0) | Err(io::ErrorKind::ConnectionReset)), "{heard:?}");
    }
}
