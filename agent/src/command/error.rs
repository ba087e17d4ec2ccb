//! Why a command failed: a sentence, what to do next, and how the program ends.

use std::{io, path::PathBuf};

use shared::exit::Exit;
use thiserror::Error;

use crate::{
    client::ClientError, config::ConfigError, credential::CredentialError, journal::JournalError, output,
    package::PackageError, renewal::RenewalError, signin::SignInError,
};

const SIGN_IN: &str = "run `claude-agent login`";

#[derive(Debug, Error)]
pub enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Renewal(#[from] RenewalError),
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error("{0}")]
    Package(#[from] PackageError),
    #[error("{0}")]
    Journal(#[from] JournalError),
    #[error("this kind of machine is not known, or its user has no home")]
    NoMachine,
    #[error("this installs for the user who runs it, and with `sudo` that is root")]
    Sudo,
    #[error("only administrators may change what all users of a machine have")]
    NotAdministrator,
    #[error("nothing is installed: there is no journal in `{}`", .0.display())]
    NotInstalled(PathBuf),
    #[error("{} found", count(*problems))]
    Unwell { problems: usize, can_mend: bool },
    #[error("not everything could be undone")]
    NotUndone,
    #[error("stdout can't be written: {0}")]
    Output(#[from] io::Error),
    #[error("the program can't be started: {0}")]
    Runtime(io::Error),
}

fn count(problems: usize) -> String {
    if problems == 1 { "1 problem was".to_owned() } else { format!("{problems} problems were") }
}

impl CommandError {
    /// Tells it, and how to end.
    pub fn report(&self) -> Exit {
        output::error(&self.to_string());
        if let Some(hint) = self.hint() {
            output::hint(hint);
        }
        self.exit_code()
    }

    /// The same in one line.
    pub fn report_in_a_line(&self) -> Exit {
        match self.hint() {
            Some(hint) => output::error(&format!("{self}; {hint}")),
            None => output::error(&self.to_string()),
        }
        self.exit_code()
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Config(error) => Some(error.hint()),
            Self::Credential(error) | Self::Renewal(RenewalError::Credential(error)) => Some(error.hint()),
            Self::Renewal(RenewalError::NotSignedIn) => Some(SIGN_IN),
            Self::Renewal(error) if error.is_end_of_session() => Some(SIGN_IN),
            Self::Client(error)
            | Self::Renewal(RenewalError::Client(error))
            | Self::SignIn(SignInError::Client(error)) => error.hint(),
            Self::Renewal(RenewalError::TooSlow(_)) => {
                Some("see that the network or VPN is up, then try again")
            }
            Self::SignIn(error) => error.hint(),
            Self::Package(error) => error.hint(),
            Self::Journal(error) => error.hint(),
            Self::Sudo => {
                Some("run it without; for all users of this machine it is `claude-agent system install`")
            }
            Self::NotAdministrator => Some("run it as root, or as an administrator"),
            Self::Unwell { can_mend: true, .. } => Some("`claude-agent doctor --fix` mends what is ours"),
            Self::NotUndone => Some("mend what is named above, then run the same again"),
            // It is an end of the session, above.
            Self::Renewal(RenewalError::Ended)
            | Self::NoMachine
            | Self::NotInstalled(_)
            | Self::Unwell { .. }
            | Self::Output(_)
            | Self::Runtime(_) => None,
        }
    }

    fn exit_code(&self) -> Exit {
        match self {
            Self::Client(error) | Self::Renewal(RenewalError::Client(error)) => error.exit_code(),
            Self::SignIn(error) => error.exit_code(),
            Self::Package(error) => error.exit_code(),
            Self::Renewal(RenewalError::TooSlow(_)) => Exit::Unreachable,
            Self::Renewal(RenewalError::NotSignedIn | RenewalError::Ended) | Self::NotAdministrator => {
                Exit::Refused
            }
            _ => Exit::Failed,
        }
    }
}
