//! Why a command failed: a sentence, what to do next, and how the program ends.

use std::io;

use shared::exit::Exit;
use thiserror::Error;

use crate::{
    client::ClientError,
    mirror::MirrorError,
    output::{self, is_reader_gone},
    tui::TuiError,
};

#[derive(Debug, Error)]
pub enum CommandError {
    #[error("{0}")]
    Client(#[from] ClientError),
    #[error("stdout can't be written: {0}")]
    Output(#[from] io::Error),
    #[error("the program can't be started: {0}")]
    Runtime(io::Error),
    #[error("this console is read-only")]
    ReadOnly,
    #[error("nothing was done")]
    NotConfirmed,
    #[error("there is no {what} `{name}`")]
    Unknown { what: &'static str, name: String, near: Vec<String> },
    #[error("`{name}` is not the only {what} of this name: there are {}", candidates.len())]
    Ambiguous { what: &'static str, name: String, candidates: Vec<String> },
    #[error("the audit trail is broken: {0}")]
    Broken(String),
    #[error("record {0} is not kept any more, so that it can't be compared")]
    NotKept(u64),
    #[error("{0} events were missed")]
    Missed(u64),
    #[error("the daemon is stopping")]
    Stopped,
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    #[error("the mirror is not whole")]
    MirrorBroken,
    #[error(transparent)]
    Screens(#[from] TuiError),
}

/// Most names that are told when a name is not clear.
const MOST_NAMES: usize = 10;

impl CommandError {
    /// Tells it, and how to end.
    pub fn report(&self) -> Exit {
        if matches!(self, Self::Output(error) if is_reader_gone(error)) {
            return Exit::Done;
        }
        let told = self.to_string();
        let (sentence, hint) = told.split_once("; hint: ").unzip();
        output::error(sentence.unwrap_or(&told));
        for line in self.details() {
            output::detail(&line);
        }
        if let Some(hint) = hint.map(str::to_owned).or_else(|| self.hint()) {
            output::hint(&hint);
        }
        self.exit_code()
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Unknown { near: names, .. } | Self::Ambiguous { candidates: names, .. } => few(names),
            Self::Client(ClientError::Refused(refusal)) => {
                refusal.problems.iter().flat_map(problem).collect()
            }
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Client(error) => return error.hint(),
            Self::Mirror(error) => error.hint()?,
            Self::MirrorBroken => {
                "mirror what is broken again: what is whole is not fetched twice; if another signer is trusted, name the key with `--key`"
            }
            Self::ReadOnly => "leave out `--read-only` to change something",
            Self::Unknown { near, .. } if !near.is_empty() => "these are like it; name one in full",
            Self::Unknown { what: "session", .. } => "`sallyport sessions list` has them all",
            Self::Unknown { what: "user", .. } => {
                "whoever never signed in is not known; see `sallyport users list`"
            }
            Self::Unknown { what: "device", .. } => "`sallyport devices list` has them all",
            Self::Unknown { what: "grant", .. } => "`sallyport grants list` has those that hold",
            Self::Ambiguous { .. } => "name one by its id",
            Self::Broken(_) => {
                "somebody changed the store: keep a copy of it, and compare with the heads that you noted"
            }
            Self::NotKept(_) => "records are kept for `admin.audit_retention`: take a newer head",
            Self::Missed(_) => "whoever reads this is too slow; look at the whole again, then follow anew",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    fn exit_code(&self) -> Exit {
        match self {
            Self::Client(error) => error.exit_code(),
            Self::ReadOnly => Exit::Refused,
            Self::Screens(TuiError::NoTerminal) => Exit::Usage,
            Self::Stopped => Exit::Unreachable,
            _ => Exit::Failed,
        }
    }
}

fn few(names: &[String]) -> Vec<String> {
    let mut few: Vec<String> = names.iter().take(MOST_NAMES).cloned().collect();
    if names.len() > MOST_NAMES {
        few.push(format!("and {} more", names.len() - MOST_NAMES));
    }
    few
}

fn problem(problem: &shared::api::admin::reload::Problem) -> Vec<String> {
    let place = problem.place.as_deref().map(|place| format!("{place}: ")).unwrap_or_default();
    let hint = problem.hint.as_deref().map(|hint| format!("  hint: {hint}"));
    std::iter::once(format!("{place}{}", problem.message)).chain(hint).collect()
}
