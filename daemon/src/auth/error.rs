//! Every answer of the auth door that is not a success, decided in one place.

use http::{HeaderValue, StatusCode, header};
use shared::{api::auth::ErrorAnswer, id::RequestId};
use thiserror::Error;
use tracing::{error, info};

use super::entra;
use crate::{
    domain::session::{self, Lock, UNKNOWN_TOKEN},
    http::{BodyError, Response, reply},
    keyring::{KeyringError, TokenError},
    store::StoreError,
};

/// Seconds after which a client may try again what failed through no fault of its own.
const RETRY_AFTER: &str = "5";

#[derive(Debug, Error)]
pub(super) enum AuthError {
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("{0}")]
    Request(&'static str),
    #[error("{0}")]
    SignIn(entra::Refusal),
    #[error("{0}")]
    AccessToken(#[from] TokenError),
    #[error("{}", sentence(.0))]
    RefreshToken(session::Refusal),
    /// An operator locked the session, its device or its user.
    #[error("{0}")]
    Locked(Lock),
    #[error("the refresh token is not known here; sign in again")]
    UnknownRefreshToken,
    #[error("the session is not known here; sign in again")]
    UnknownSession,
    #[error("send the access token as `Authorization: Bearer …`, or `refresh_token` in the body")]
    NoCredential,
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Keyring(#[from] KeyringError),
}

fn sentence(refusal: &session::Refusal) -> String {
    match refusal {
        session::Refusal::Ended(ended) | session::Refusal::Reused(ended) => {
            ended.reason.sentence().to_owned()
        }
        session::Refusal::Expired => "the refresh token has expired; sign in again".to_owned(),
        session::Refusal::Locked { until } => format!("this session is locked until {until}"),
    }
}

impl AuthError {
    /// The answer. The cause of a 5xx is logged here, and the client is told where to find it.
    pub(super) fn answer(&self, id: &RequestId) -> Response {
        let (status, code) = (self.status(), self.code());
        let error_description = if self.is_ours() {
            error!(request = %id, error = %self, "auth request failed");
            format!("something went wrong here; tell the operator the request id `{id}`")
        } else {
            info!(request = %id, code, "auth request refused");
            self.to_string()
        };
        let body = ErrorAnswer { error: code.to_owned(), error_description, request_id: id.to_string() };
        let mut response = reply::json(status, &body);
        let hint = match status {
            StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
            StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, RETRY_AFTER)),
            _ => None,
        };
        if let Some((name, value)) = hint {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }

    fn is_ours(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Keyring(_))
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Body(error) => error.status(),
            Self::Request(_) => StatusCode::BAD_REQUEST,
            Self::SignIn(refusal) if refusal.is_unavailable() => StatusCode::SERVICE_UNAVAILABLE,
            Self::SignIn(_)
            | Self::AccessToken(_)
            | Self::RefreshToken(_)
            | Self::Locked(_)
            | Self::UnknownRefreshToken
            | Self::UnknownSession
            | Self::NoCredential => StatusCode::UNAUTHORIZED,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Keyring(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Body(BodyError::TooLarge { .. }) => "request_too_large",
            Self::Body(BodyError::TooSlow(_)) => "request_timeout",
            Self::Body(_) | Self::Request(_) => "invalid_request",
            Self::SignIn(refusal) => refusal.code(),
            Self::AccessToken(error) => error.code(),
            Self::RefreshToken(refusal) => refusal.code(),
            Self::Locked(lock) => session::Refusal::Locked { until: lock.until }.code(),
            Self::UnknownRefreshToken => UNKNOWN_TOKEN,
            Self::UnknownSession => "session_unknown",
            Self::NoCredential => "no_credential",
            Self::Store(_) => "temporarily_unavailable",
            Self::Keyring(_) => "server_error",
        }
    }
}
