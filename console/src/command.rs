//! The commands, one noun a file. Each calls one method of the client and hands what it got to the printer.

mod audit;
mod completion;
mod confirm;
mod device;
mod error;
mod event;
mod find;
mod grant;
mod head;
mod lock;
mod mirror;
mod names;
mod page;
mod reload;
mod request;
mod session;
mod status;
mod steer;
mod traffic;
mod usage;
mod user;
mod watch;

use clap::Subcommand;

pub use self::{error::CommandError, mirror::SettingsArgs};
use crate::{client::Client, output::Output};

/// What a command works with.
#[derive(Debug)]
pub struct Console {
    pub client: Client,
    pub output: Output,
    pub read_only: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// How the daemon is, and what it relies on
    Status,
    /// Sessions: list, show, revoke, lock, unlock
    #[command(subcommand)]
    Sessions(session::SessionCommand),
    /// Users: list, show, revoke, lock, unlock
    #[command(subcommand)]
    Users(user::UserCommand),
    /// Devices: list, show, revoke, lock, unlock
    #[command(subcommand)]
    Devices(device::DeviceCommand),
    /// The locks that hold
    Locks,
    /// Allow a user more than the policy does, for a while
    #[command(subcommand)]
    Grants(grant::GrantCommand),
    /// The requests that run this moment
    #[command(subcommand)]
    Requests(request::RequestCommand),
    /// How busy the gateway is, and how fast
    Traffic(traffic::TrafficArgs),
    /// Who used what, and what it cost
    Usage(usage::UsageArgs),
    /// Who did what
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Follow what happens, from now on
    Events(event::EventArgs),
    /// Let the daemon read its configuration again
    Reload(reload::ReloadArgs),
    Mirror(Box<mirror::MirrorArgs>),
    /// Print completions for a shell
    Completions(completion::CompletionArgs),
}

impl Command {
    pub async fn run(self, console: &mut Console) -> Result<(), CommandError> {
        match self {
            Self::Status => status::run(console).await,
            Self::Sessions(command) => command.run(console).await,
            Self::Users(command) => command.run(console).await,
            Self::Devices(command) => command.run(console).await,
            Self::Locks => lock::run(console).await,
            Self::Grants(command) => command.run(console).await,
            Self::Requests(command) => command.run(console).await,
            Self::Traffic(arguments) => traffic::run(console, &arguments).await,
            Self::Usage(arguments) => usage::run(console, &arguments).await,
            Self::Audit(command) => command.run(console).await,
            Self::Events(arguments) => event::run(console, &arguments).await,
            Self::Reload(arguments) => reload::run(console, &arguments).await,
            Self::Mirror(arguments) => arguments.run(console).await,
            Self::Completions(arguments) => completion::run(console, &arguments),
        }
    }
}

impl Console {
    /// Asked before anything that changes something.
    fn may_change(&self) -> Result<(), CommandError> {
        if self.read_only { Err(CommandError::ReadOnly) } else { Ok(()) }
    }
}
