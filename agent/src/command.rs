//! The commands, one story each.

mod doctor;
mod error;
mod get_token;
mod install;
mod login;
mod logout;
mod refresh_loop;
mod session;
mod setup_env;
mod status;
mod system;
mod uninstall;

use clap::Subcommand;

pub use self::{
    error::CommandError,
    get_token::{go_on, print_if_fresh},
    login::LoginArgs,
    logout::LogoutArgs,
    refresh_loop::RefreshLoopArgs,
    status::StatusArgs,
};
use crate::{config::ConfigArgs, os::Os};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign in: opens a session on this workstation
    Login(LoginArgs),
    /// Print an access token, and nothing else: what Claude Code's `apiKeyHelper` runs
    GetToken,
    /// Set up Claude Code on this workstation: sign in, install, configure, and keep the token fresh
    Install(install::InstallArgs),
    /// Sign out, and put everything back as it was before `install`
    Uninstall,
    /// Print Claude Code's environment for a shell
    SetupEnv(setup_env::SetupEnvArgs),
    /// Find out what is wrong on this workstation, and mend it
    Doctor(doctor::DoctorArgs),
    /// What administrators do for all users of a machine
    #[command(subcommand)]
    System(system::SystemCommand),
    /// Keep the token fresh
    RefreshLoop(RefreshLoopArgs),
    /// Sign out: ends the session, and removes its tokens
    Logout(LogoutArgs),
    /// Show whether somebody is signed in, and the settings
    Status(StatusArgs),
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
            Self::Install(arguments) => arguments.run(here).await,
            Self::Uninstall => uninstall::run(here).await,
            Self::SetupEnv(arguments) => arguments.run(here),
            Self::Doctor(arguments) => arguments.run(here).await,
            Self::System(command) => command.run(here),
            Self::RefreshLoop(arguments) => arguments.run(here).await,
            Self::Logout(arguments) => arguments.run(here).await,
            Self::Status(arguments) => arguments.run(here),
        }
    }
}
