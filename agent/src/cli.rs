//! The command line.

use std::{env, ffi::OsStr, process::ExitCode};

use clap::Parser;

use crate::{
    command::{Command, CommandError, Workstation, print_if_fresh},
    config::ConfigArgs,
    exit::Exit,
    os,
};

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
    if is_plain_get_token() {
        match print_if_fresh(os) {
            Ok(true) => return Exit::Done.into(),
            Ok(false) => {}
            Err(error) => return error.report_in_a_line().into(),
        }
    }
    let Cli { settings, command } = Cli::parse();
    let is_terse = command.is_terse();
    match run(command, Workstation { os, settings: &settings }) {
        Ok(()) => Exit::Done.into(),
        Err(error) if is_terse => error.report_in_a_line().into(),
        Err(error) => error.report().into(),
    }
}

/// Claude Code runs this again and again, and waits for it: the command line need not be understood for it.
fn is_plain_get_token() -> bool {
    env::args_os().skip(1).eq([OsStr::new("get-token")])
}

fn run(command: Command, here: Workstation<'_>) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(CommandError::Runtime)?;
    let ended = runtime.block_on(command.run(here));
    // A look-up of a name that hangs must not keep the program.
    runtime.shutdown_background();
    ended
}
