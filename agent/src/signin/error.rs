//! Why nobody was signed in.

use std::{io, time::Duration};

use thiserror::Error;

use super::aadsts::{self, Meaning};
use crate::client::ClientError;
use shared::exit::Exit;

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
    #[error("Azure CLI can't be started: {0}")]
    NoAzureCli(io::Error),
    #[error("nobody is signed in with Azure CLI")]
    NotSignedIn,
    #[error("Azure CLI did not answer within {} s", .0.as_secs())]
    AzureCliSlow(Duration),
    #[error("Azure CLI failed: {0}")]
    AzureCli(String),
    #[error("Azure CLI is signed in to another tenant, `{0}`")]
    OtherTenant(String),
    #[error("no port could be opened for the browser to come back to: {0}")]
    NoPort(io::Error),
    #[error("`{0}` is no address that a browser could open")]
    Unsayable(String),
    #[error("nobody signed in in the browser within {} minutes", .0.as_secs() / 60)]
    BrowserSlow(Duration),
    #[error("the token of Entra belongs to another sign-in (its nonce is not ours)")]
    OtherNonce,
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
            Self::NoAzureCli(_) => Some("install it, or use `--method browser` or `--method device-code`"),
            Self::NotSignedIn => Some("run `az login`, or use `--method browser` or `--method device-code`"),
            Self::AzureCliSlow(_) | Self::AzureCli(_) => {
                Some("see what `az account get-access-token` says, or use another `--method`")
            }
            Self::OtherTenant(_) => Some("run `az login --tenant` with the tenant of `ENTRA_TENANT_ID`"),
            Self::NoPort(_) => Some("use `--method device-code`"),
            Self::BrowserSlow(_) => {
                Some("if the browser showed an error of Entra, use `--method device-code`")
            }
            Self::Unsayable(_) => Some("see that `ENTRA_AUTHORITY` is right"),
            Self::OtherNonce => Some("run the command again, and tell your administrators if it stays so"),
        }
    }

    pub fn exit_code(&self) -> Exit {
        match self {
            Self::Client(error) => error.exit_code(),
            Self::Refused { .. } | Self::Declined | Self::OtherTenant(_) | Self::OtherNonce => Exit::Refused,
            _ => Exit::Failed,
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
