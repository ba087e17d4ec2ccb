//! The auth server's wire types: `/auth/verify`, `/auth/refresh`, `/auth/logout`.

use serde::{Deserialize, Serialize};

use crate::{id::DeviceId, secret::Secret};

/// What a workstation tells about itself when it signs in. Every field is a claim of the client, shown to
/// operators and never used for a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Device {
    pub hostname: Option<String>,
    pub os: Option<String>,
    pub arch: Option<String>,
    pub agent_version: Option<String>,
}

/// Body of `POST /auth/verify`. Exactly one of the two tokens is needed; if both are there, `id_token` is used.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct VerifyRequest {
    /// An Entra ID token for our application.
    pub id_token: Option<Secret<String>>,
    /// An Entra access token for our API, taken in place of `id_token`.
    pub access_token: Option<Secret<String>>,
    pub device_id: Option<DeviceId>,
    pub device: Option<Device>,
}

/// Body of `POST /auth/refresh`, and of `POST /auth/logout` when the caller has no access token left.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefreshRequest {
    pub refresh_token: Secret<String>,
}

/// The answer to a sign-in and to a refresh (RFC 6749, section 5.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenAnswer {
    pub access_token: Secret<String>,
    pub refresh_token: Secret<String>,
    /// Lifetime of the access token in seconds.
    pub expires_in: u64,
    pub token_type: String,
}

/// Every refusal of the auth server: a machine code and a sentence for a human (RFC 6749, section 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    pub error: String,
    pub error_description: String,
    pub request_id: String,
}
