//! Errors as Entra words them: an OAuth code, and a description that starts with an AADSTS number.

use http::StatusCode;
use serde_json::json;
use shared::time::Timestamp;
use thiserror::Error;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::CLIENT_ID;
use crate::http::{BodyError, Response, reply};

#[derive(Debug, Error)]
pub(super) enum Failure {
    #[error(
        "Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
    )]
    UnknownTenant,
    #[error(
        "Application with the given identifier was not found in the directory; this tenant has `{CLIENT_ID}`."
    )]
    UnknownClient,
    #[error(
        "The redirect URI specified in the request does not match the redirect URIs configured for the application."
    )]
    RedirectUri,
    #[error("The request body must contain the following parameter: '{0}'.")]
    MissingParameter(&'static str),
    #[error("Proof Key for Code Exchange is required for authorization code redemption; use S256.")]
    PkceRequired,
    #[error("The Code_Verifier does not match the code_challenge supplied in the authorization request.")]
    PkceMismatch,
    #[error("The app requested an unsupported grant type.")]
    GrantType,
    #[error("The provided authorization code or refresh token is invalid or has expired.")]
    Grant,
    #[error("OAuth2 Authorization code was already redeemed, please retry with a new valid code.")]
    Redeemed,
    #[error("OAuth 2.0 device flow error. Authorization is pending. Continue polling.")]
    Pending,
    #[error("OAuth 2.0 device flow error. Authorization is pending. Poll less often.")]
    SlowDown,
    #[error("OAuth 2.0 device flow error. The code has expired.")]
    CodeExpired,
    #[error("OAuth 2.0 device flow error. The user declined the request.")]
    Declined,
    #[error("The sign-in was blocked, as it was asked to be.")]
    Blocked(u32),
    #[error("The device code is not known.")]
    DeviceCode,
    #[error("{0}")]
    Body(#[from] BodyError),
    #[error("The service is temporarily unavailable.")]
    Down,
    #[error("There is nothing at this path.")]
    NoSuchPath,
}

impl Failure {
    /// Entra's number and the OAuth code (RFC 6749, section 5.2; RFC 8628, section 3.5).
    fn codes(&self) -> (u32, &'static str) {
        match self {
            Self::UnknownTenant => (90_002, "invalid_request"),
            Self::UnknownClient => (700_016, "unauthorized_client"),
            Self::RedirectUri => (50_011, "invalid_request"),
            Self::MissingParameter(_) => (900_144, "invalid_request"),
            Self::PkceRequired => (9_002_325, "invalid_request"),
            Self::PkceMismatch => (501_481, "invalid_grant"),
            Self::GrantType => (70_003, "unsupported_grant_type"),
            Self::Grant => (70_008, "invalid_grant"),
            Self::Redeemed => (54_005, "invalid_grant"),
            Self::Pending => (70_016, "authorization_pending"),
            // It is pending, too: Entra's list has no other number for it.
            Self::SlowDown => (70_016, "slow_down"),
            Self::CodeExpired => (70_020, "expired_token"),
            Self::Declined => (65_004, "authorization_declined"),
            Self::Blocked(number) => (*number, "access_denied"),
            Self::DeviceCode => (70_000, "bad_verification_code"),
            Self::Body(_) | Self::NoSuchPath => (900_561, "invalid_request"),
            Self::Down => (90_033, "temporarily_unavailable"),
        }
    }

    pub(super) fn oauth_code(&self) -> &'static str {
        self.codes().1
    }

    pub(super) fn description(&self) -> String {
        format!("AADSTS{}: {self}", self.codes().0)
    }

    pub(super) fn answer(&self, now: Timestamp) -> Response {
        let status = match self {
            Self::Down => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({
            "error": self.oauth_code(),
            "error_description": self.description(),
            "error_codes": [self.codes().0],
            "timestamp": moment(now),
            "trace_id": Uuid::new_v4(),
            "correlation_id": Uuid::new_v4(),
        });
        reply::json(status, &body)
    }
}

fn moment(now: Timestamp) -> String {
    let seconds = i64::try_from(now.seconds()).unwrap_or_default();
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok();
    moment.and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_default()
}
