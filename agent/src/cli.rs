//! The command line.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
    process::ExitCode,
};

use clap::Parser;
use shared::exit::Exit;

use crate::{
    command::{Command, CommandError, Workstation, go_on, print_if_fresh},
    config::ConfigArgs,
    os::{self, Os},
};

const INSTALLERS: [&str; 3] = ["installer-linux", "installer-macos", "installer-windows"];
const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 usage, 3 server unreachable, 4 refused";

/// Set up Claude Code on this workstation, and hand it tokens
#[derive(Debug, Parser)]
#[command(name = "claude-agent", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub settings: ConfigArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// Runs what the process was started for.
pub fn main() -> ExitCode {
    let os = os::this();
    let (is_terse, ended) = if is_plain_get_token() {
        (true, plain_get_token(os))
    } else {
        let Cli { settings, command } = Cli::parse_from(arguments(env::args_os()));
        (command.is_terse(), run(command.run(Workstation { os, settings: &settings })))
    };
    match ended {
        Ok(()) => Exit::Done.into(),
        Err(error) if is_terse => error.report_in_a_line().into(),
        Err(error) => error.report().into(),
    }
}

fn plain_get_token(os: &'static dyn Os) -> Result<(), CommandError> {
    print_if_fresh(os)?.map_or(Ok(()), |unprinted| run(go_on(os, unprinted)))
}

/// By the names of the prototype's installers, links to this program, it does what administrators do for all users.
fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = given.collect();
    let name = arguments.first().and_then(|path| Path::new(path).file_stem()?.to_str());
    if name.is_some_and(|name| INSTALLERS.contains(&name)) {
        arguments.insert(1, "system".into());
    }
    arguments
}

/// Claude Code runs this again and again, and waits for it: the command line need not be understood for it.
fn is_plain_get_token() -> bool {
    env::args_os().skip(1).eq([OsStr::new("get-token")])
}

fn run(command: impl Future<Output = Result<(), CommandError>>) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(CommandError::Runtime)?;
    let ended = runtime.block_on(command);
    // A look-up of a name that hangs must not keep the program.
    runtime.shutdown_background();
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installer_of_the_prototype_is_the_command_system() {
        let called = |words: &[&str]| arguments(words.iter().map(OsString::from));
        assert_eq!(
            called(&["/opt/installer-linux", "install"]),
            ["/opt/installer-linux", "system", "install"]
        );
        assert_eq!(called(&["installer-windows.exe"]), ["installer-windows.exe", "system"]);
        assert_eq!(called(&["claude-agent", "install"]), ["claude-agent", "install"]);
    }
}
