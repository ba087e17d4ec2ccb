//! Signing in a user of the sandbox the way an agent does: a device code from Entra, the tokens for it, and one of
//! them for ours.

use std::{path::Path, sync::Arc};

use reqwest::{Client, RequestBuilder};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde::{Deserialize, de::DeserializeOwned};
use shared::{
    api::auth::{Device, TokenAnswer, VerifyRequest},
    id::DeviceId,
    secret::Secret,
};
use thiserror::Error;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Why a sign-in failed.
#[derive(Debug, Error)]
pub enum SignInError {
    #[error("a service of the sandbox can't be reached: {0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("{url} answered {status}: {text}")]
    Refused { url: String, status: u16, text: String },
    #[error("the certificate can't be used: {0}")]
    Certificate(String),
}

/// Who signs in, and where.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// The authority of the simulated Entra.
    pub entra: &'a str,
    pub client_id: &'a str,
    /// The auth server.
    pub auth: &'a str,
    /// A user's name or address.
    pub user: &'a str,
}

#[derive(Deserialize)]
struct DeviceCode {
    device_code: String,
}

#[derive(Deserialize)]
struct EntraTokens {
    id_token: Secret<String>,
}

impl SignIn<'_> {
    /// Opens a session and brings its tokens.
    pub async fn run(self, client: &Client) -> Result<TokenAnswer, SignInError> {
        let fields = [("client_id", self.client_id), ("scope", "openid profile"), ("login_hint", self.user)];
        let device: DeviceCode = answer(form(client, &self.entra_url("devicecode"), &fields)).await?;
        let fields = [
            ("client_id", self.client_id),
            ("grant_type", DEVICE_CODE),
            ("device_code", device.device_code.as_str()),
        ];
        let tokens: EntraTokens = answer(form(client, &self.entra_url("token"), &fields)).await?;
        verify(client, self.auth, tokens.id_token).await
    }

    fn entra_url(&self, endpoint: &str) -> String {
        format!("{}/oauth2/v2.0/{endpoint}", self.entra)
    }
}

/// Gives a token of Entra to the auth server.
pub(super) async fn verify(
    client: &Client,
    auth: &str,
    id_token: Secret<String>,
) -> Result<TokenAnswer, SignInError> {
    let device = Device { hostname: Some("sandbox".to_owned()), ..Device::default() };
    let request = VerifyRequest {
        id_token: Some(id_token),
        access_token: None,
        device_id: Some(DeviceId::new("sandbox")),
        device: Some(device),
    };
    answer(client.post(format!("{auth}/auth/verify")).json(&request)).await
}

/// A client for services on loopback; `certificate` is the one they have, if they speak TLS.
pub fn client(certificate: Option<&Path>) -> Result<Client, SignInError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = certificate {
        let trusted = CertificateDer::from_pem_file(path)
            .map_err(|error| SignInError::Certificate(error.to_string()))?;
        roots.add(trusted).map_err(|error| SignInError::Certificate(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SignInError::Certificate(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Client::builder().tls_backend_preconfigured(tls).no_proxy().build()?)
}

fn form(client: &Client, url: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    let encode = |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let content_type = "application/x-www-form-urlencoded";
    client.post(url).header(http::header::CONTENT_TYPE, content_type).body(pairs.join("&"))
}

async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, SignInError> {
    let answer = request.send().await?;
    let (url, status) = (answer.url().to_string(), answer.status());
    if status.is_success() {
        return Ok(answer.json().await?);
    }
    Err(SignInError::Refused { url, status: status.as_u16(), text: answer.text().await? })
}
