//! Fetching Entra's documents: over https (or http to this very machine), small, soon, and from the host that was
//! asked.

use std::{net::IpAddr, sync::Arc, time::Duration};

use reqwest::{
    Client, Url,
    header::{self, HeaderMap},
    redirect,
};
use rustls::{ClientConfig, RootCertStore};
use serde::de::DeserializeOwned;
use shared::time::Timestamp;
use thiserror::Error;
use tracing::warn;

use crate::clock;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(8);
/// Real key sets have some 20 KB.
const BODY_LIMIT: usize = 1 << 20;
const REDIRECTS: usize = 3;

/// Why Entra can't be asked at all.
#[derive(Debug, Error)]
pub enum EntraError {
    #[error("authority `{0}` is no URL with https (http is for loopback only)")]
    Authority(String),
    #[error("TLS for Entra can't be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the HTTP client for Entra can't be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// Why a document was not got.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("`{0}` is neither https nor on loopback")]
    Unsafe(String),
    #[error("{}", with_causes(.0))]
    Http(#[from] reqwest::Error),
    #[error("`{url}` answered {status}")]
    Status { url: Url, status: u16 },
    #[error("`{0}` answered more than {BODY_LIMIT} bytes")]
    TooLarge(Url),
    #[error("`{url}` answered something else than expected: {error}")]
    Content { url: Url, error: serde_json::Error },
    #[error("the key set of `{0}` has no key that we can use")]
    NoKey(Url),
}

#[derive(Debug)]
pub(super) struct Fetcher {
    client: Client,
    pub(super) discovery: Url,
}

/// What was fetched, and when it was sent, by its sender's clock.
#[derive(Debug)]
pub(super) struct Document<T> {
    pub(super) content: T,
    pub(super) date: Option<Timestamp>,
}

impl Fetcher {
    pub(super) fn new(authority: &str) -> Result<Self, EntraError> {
        let refused = || EntraError::Authority(authority.to_owned());
        let discovery = format!("{}/v2.0/.well-known/openid-configuration", authority.trim_end_matches('/'));
        let discovery = safe_url(&discovery).map_err(|_| refused())?;
        let builder = Client::builder()
            .tls_backend_preconfigured(tls()?)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .redirect(redirect::Policy::custom(same_origin))
            .user_agent(concat!("sallyportd/", env!("CARGO_PKG_VERSION")));
        // A proxy for the Internet can't reach our loopback.
        let builder = if is_loopback(&discovery) { builder.no_proxy() } else { builder };
        Ok(Self { client: builder.build()?, discovery })
    }

    pub(super) async fn json<T: DeserializeOwned>(&self, url: Url) -> Result<Document<T>, FetchError> {
        let mut answer = self.client.get(url.clone()).send().await?;
        if !answer.status().is_success() {
            return Err(FetchError::Status { url, status: answer.status().as_u16() });
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            if body.len() + piece.len() > BODY_LIMIT {
                return Err(FetchError::TooLarge(url));
            }
            body.extend_from_slice(&piece);
        }
        let date = date(answer.headers());
        match serde_json::from_slice(&body) {
            Ok(content) => Ok(Document { content, date }),
            Err(error) => Err(FetchError::Content { url, error }),
        }
    }
}

/// A URL that may be fetched: what comes from it decides who may sign in.
pub(super) fn safe_url(text: &str) -> Result<Url, FetchError> {
    let url = Url::parse(text).map_err(|_| FetchError::Unsafe(text.to_owned()))?;
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if is_safe { Ok(url) } else { Err(FetchError::Unsafe(text.to_owned())) }
}

/// The moment of an answer; one out of a cache is of no use.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(header::DATE).filter(|_| !headers.contains_key(header::AGE))?;
    httpdate::parse_http_date(date.to_str().ok()?).ok().map(clock::of)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

fn same_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let is_same = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if is_same && attempt.previous().len() <= REDIRECTS { attempt.follow() } else { attempt.stop() }
}

/// TLS with the system's certificate authorities, the company's own among them.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        warn!("no certificate authorities found on this system, Entra can't be reached over https");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// `reqwest` tells what failed; why stands in the sources.
fn with_causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
