//! The commands, one story each.

mod error;
mod get_token;
mod login;

use clap::Subcommand;

pub use self::{error::CommandError, get_token::print_if_fresh, login::LoginArgs};
use crate::{config::ConfigArgs, os::Os};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign in: opens a session on this workstation
    Login(LoginArgs),
    /// Print an access token, and nothing else: what Claude Code's `apiKeyHelper` runs
    GetToken,
}

/// Where a command runs.
#[derive(Debug, Clone, Copy)]
pub struct Workstation<'a> {
    pub os: &'static dyn Os,
    pub settings: &'a ConfigArgs,
}

impl Command {
    /// The command `get-token` explains a failure in one line; the others in as many as it takes.
    pub fn is_terse(&self) -> bool {
        matches!(self, Self::GetToken)
    }

    pub async fn run(self, here: Workstation<'_>) -> Result<(), CommandError> {
        match self {
            Self::Login(arguments) => arguments.run(here).await,
            Self::GetToken => get_token::run(here).await,
        }
    }
}
