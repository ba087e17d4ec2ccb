//! Why a server gave no answer, or not the one that was wanted.

use std::{error::Error as _, fmt, time::Duration};

use reqwest::StatusCode;
use thiserror::Error;

use super::Server;
use shared::exit::Exit;

#[derive(Debug, Error)]
pub enum ClientError {
    #[error("the {server} can't be reached at `{url}`: {cause}")]
    Unreachable { server: Server, url: String, cause: String },
    #[error("the {server} did not answer within {} s", after.as_secs())]
    TooSlow { server: Server, after: Duration },
    /// It is there, and can't do it now.
    #[error("{}", .0.sentence)]
    Ailing(Refusal),
    #[error("{}", .0.sentence)]
    Refused(Refusal),
    #[error("the {server} answered {status}, and what it says can't be understood")]
    NotUnderstood { server: Server, status: StatusCode },
    #[error("the {server} answered with more than it should")]
    TooLarge { server: Server },
    #[error("HTTP can't be set up: {0}")]
    Setup(String),
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: String,
    pub sentence: String,
}

impl ClientError {
    pub(crate) fn unreachable(server: Server, error: &reqwest::Error) -> Self {
        let url = error.url().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        Self::Unreachable { server, url, cause: with_causes(error) }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreachable { cause, .. } if cause.contains("certificate") => Some(
                "let this machine trust the company's certificate authority (`NODE_EXTRA_CA_CERTS` names one), and \
                 see that its clock is right",
            ),
            Self::Unreachable { .. } | Self::TooSlow { .. } => {
                Some("see that the network or VPN is up, then try again")
            }
            Self::Ailing(_) => Some("try again in a moment"),
            Self::NotUnderstood { .. } | Self::TooLarge { .. } => Some(
                "see that the address is right and that nothing stands between, such as a proxy's sign-in page",
            ),
            Self::Refused(_) | Self::Setup(_) => None,
        }
    }

    pub fn exit_code(&self) -> Exit {
        match self {
            Self::Unreachable { .. } | Self::TooSlow { .. } | Self::Ailing(_) => Exit::Unreachable,
            Self::Refused(refusal) if refusal.status != StatusCode::BAD_REQUEST => Exit::Refused,
            _ => Exit::Failed,
        }
    }

    /// Whether the session is over, whatever is tried.
    pub fn is_end_of_session(&self) -> bool {
        const OVER: [&str; 4] =
            ["session_ended", "refresh_token_expired", "refresh_token_reused", "refresh_token_unknown"];
        matches!(self, Self::Refused(refusal) if OVER.contains(&refusal.code.as_str()))
    }

    /// Whether the same may work in a while.
    pub fn is_passing(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::Setup(_))
    }
}

/// `reqwest` itself only says that something failed; what did stands deepest.
pub(crate) fn with_causes(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if error.source().is_none() { "no answer came".to_owned() } else { cause.to_string() }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auth => "auth server",
            Self::Install => "install server",
            Self::Gateway => "LLM gateway",
            Self::Entra => "sign-in service of Microsoft Entra",
        })
    }
}
