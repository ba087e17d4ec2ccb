//! `sallyport completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{CommandError, Console};
use crate::cli::Cli;

#[derive(Debug, Args)]
pub struct CompletionArgs {
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(console: &mut Console, arguments: &CompletionArgs) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "sallyport", &mut script);
    Ok(console.output.text(&script)?)
}
