//! Programs of Windows that are asked, or started and left alone. Each is called by its full path: Windows would look into
//! the current folder first.

use std::{
    env,
    ffi::OsStr,
    io,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

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

/// Here nothing has to be done for it.
pub(in super::super) fn set_apart(command: &mut Command) -> &mut Command {
    command
}

/// Ends a program. What it has started is left to itself: nobody waits for it.
pub(in super::super) fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
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
    use super::*;

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
}
