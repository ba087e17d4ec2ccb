//! Why there is no answer: one variant a cause, each a sentence, what to do next, and how the program ends.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use http::StatusCode;
use shared::{api::admin::reload::Problem, id::RequestId};
use thiserror::Error;

use super::connection::{Answer, Ask};
use shared::exit::Exit;

/// What every program of this version says it is.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// How the daemon's own messages begin their hint.
const HINT: &str = "; hint: ";

#[derive(Debug, Error)]
pub enum ClientError {
    #[error("there is no socket at `{}`", .0.display())]
    NoSocket(PathBuf),
    #[error("nobody listens at `{}`", .0.display())]
    NobodyListens(PathBuf),
    #[error("you may not open `{}`", .0.display())]
    Denied(PathBuf),
    #[error("`{}` can't be opened: {error}", path.display())]
    Socket { path: PathBuf, error: io::Error },
    #[error("the daemon did not answer within {} s", after.as_secs_f64())]
    TooSlow { after: Duration, is_action: bool },
    /// The daemon went away, or was stopped.
    #[error("the daemon closed the connection before its answer was whole")]
    Cut { is_action: bool },
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
    #[error("the daemon does not know `{route}`: {}", versions(daemon.as_deref()))]
    UnknownRoute { route: String, daemon: Option<String> },
    #[error("the daemon's answer to `{route}` can't be understood ({detail}): {}", versions(daemon.as_deref()))]
    NotUnderstood { route: String, detail: String, daemon: Option<String> },
    #[error("the daemon's answer is larger than {} MB", limit / 1024 / 1024)]
    TooLarge { limit: usize },
    #[error("this can't be asked: {0}")]
    Unsayable(String),
}

/// What the daemon said instead.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub status: u16,
    /// `not_found`, `forbidden`, `invalid_request`, `configuration`, …
    pub code: String,
    pub message: String,
    pub hint: Option<String>,
    /// Everything that is wrong with a configuration.
    pub problems: Vec<Problem>,
    pub request_id: RequestId,
}

impl ClientError {
    pub(super) fn unconnected(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NoSocket(path),
            io::ErrorKind::ConnectionRefused => Self::NobodyListens(path),
            io::ErrorKind::PermissionDenied => Self::Denied(path),
            _ => Self::Socket { path, error },
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoSocket(_) => {
                "start the daemon (`sallyportd run`), or say where its socket is with `--socket` or `SALLYPORT_SOCKET`"
            }
            Self::NobodyListens(_) => "the daemon has stopped: see its log, and start it again",
            Self::Denied(_) => {
                "run this as root or as the daemon's user, or join the group that owns the socket"
            }
            Self::Socket { .. } => "name the daemon's socket with `--socket` or `SALLYPORT_SOCKET`",
            Self::TooSlow { is_action: true, .. } | Self::Cut { is_action: true } => {
                "it may have been done all the same: `sallyport audit list` tells"
            }
            Self::TooSlow { .. } => "see the daemon's log, or wait longer with `--timeout`",
            Self::Cut { .. } => "see whether the daemon still runs, and try again",
            Self::Refused(refusal) => return refusal.hint.clone(),
            Self::UnknownRoute { .. } | Self::NotUnderstood { .. } => {
                "update the older of the two, and restart the daemon if it was updated while it ran"
            }
            Self::TooLarge { .. } => "ask for less, with `--limit` or a filter",
            Self::Unsayable(_) => return None,
        };
        Some(hint.to_owned())
    }

    /// How a command ends with it.
    pub fn exit_code(&self) -> Exit {
        match self {
            Self::NoSocket(_)
            | Self::NobodyListens(_)
            | Self::Socket { .. }
            | Self::TooSlow { .. }
            | Self::Cut { .. } => Exit::Unreachable,
            Self::Denied(_) => Exit::Refused,
            Self::Refused(refusal) if refusal.status == StatusCode::FORBIDDEN.as_u16() => Exit::Refused,
            _ => Exit::Failed,
        }
    }

    /// Whether the daemon may be there again in a moment.
    pub fn is_unreachable(&self) -> bool {
        self.exit_code() == Exit::Unreachable
    }
}

/// What an answer that is no success says.
pub(super) fn refusal(ask: &Ask, answer: &Answer, daemon: Option<String>) -> ClientError {
    let route = || ask.route().to_owned();
    let Ok(said) = serde_json::from_slice::<shared::api::admin::ErrorAnswer>(&answer.body) else {
        // What no route takes is answered without a code.
        let is_unknown = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&answer.status);
        if is_unknown {
            return ClientError::UnknownRoute { route: route(), daemon };
        }
        let detail = format!("status {}", answer.status.as_u16());
        return ClientError::NotUnderstood { route: route(), detail, daemon };
    };
    let (message, hint) = match said.message.split_once(HINT) {
        Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
        None => (said.message, None),
    };
    let is_other = daemon.as_deref().is_some_and(|daemon| daemon != VERSION);
    let hint = if is_other { Some(versions(daemon.as_deref())) } else { hint };
    let (status, code) = (answer.status.as_u16(), said.error);
    let refusal =
        Refusal { status, code, message, hint, problems: said.problems, request_id: said.request_id };
    ClientError::Refused(Box::new(refusal))
}

fn versions(daemon: Option<&str>) -> String {
    match daemon {
        Some(daemon) if daemon == VERSION => format!("both say that they are version {VERSION}"),
        Some(daemon) => format!("the daemon is version {daemon}, this console is {VERSION}"),
        None => format!("the daemon does not tell its version, this console is {VERSION}"),
    }
}
