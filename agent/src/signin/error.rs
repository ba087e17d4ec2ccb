//! Why nobody was signed in.

use thiserror::Error;

use super::aadsts::{self, Meaning};
use crate::{client::ClientError, exit::Exit};

#[derive(Debug, Error)]
pub enum SignInError {
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Entra says no.
    #[error("{}", sentence(*code, error, description))]
    Refused { code: Option<u32>, error: String, description: String },
    #[error("Entra sent no token")]
    NoToken,
    #[error("the code was not entered in time")]
    CodeExpired,
    #[error("the sign-in was declined")]
    Declined,
}

impl SignInError {
    /// What Entra's error is.
    pub(super) fn refused(error: &str, description: &str) -> Self {
        let (error, description) = (error.to_owned(), description.to_owned());
        Self::Refused { code: aadsts::code(&description), error, description }
    }

    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Client(error) => error.hint(),
            Self::Refused { code, .. } => Some(code.and_then(aadsts::meaning)?.hint),
            Self::NoToken => Some("see that `ENTRA_SCOPES` asks for one"),
            Self::CodeExpired | Self::Declined => Some("run the command again"),
        }
    }

    pub fn exit_code(&self) -> Exit {
        match self {
            Self::Client(error) => error.exit_code(),
            Self::Refused { .. } | Self::Declined => Exit::Refused,
            Self::NoToken | Self::CodeExpired => Exit::Failed,
        }
    }
}

/// Our words for what we know, Entra's own for the rest.
fn sentence(code: Option<u32>, error: &str, description: &str) -> String {
    match code.and_then(|code| Some((code, aadsts::meaning(code)?))) {
        Some((code, Meaning { sentence, .. })) => format!("{sentence} (AADSTS{code})"),
        None if description.is_empty() => format!("Entra refuses: `{error}`"),
        None => format!("Entra refuses: {}", first_sentence(description)),
    }
}

/// Trace ids and times follow on lines of their own.
fn first_sentence(description: &str) -> &str {
    let line = description.lines().next().unwrap_or_default();
    line.split(" Trace ID:").next().unwrap_or(line).trim_end_matches(['.', ' '])
}
