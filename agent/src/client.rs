//! HTTP as the agent speaks it: every answer has a deadline and a cap, and what the server said is told in its words.

mod auth;
mod error;
pub mod gateway;
mod tls;

use std::{path::Path, time::Duration};

use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;

pub(crate) use self::error::with_causes;
pub use self::{
    auth::AuthServer,
    error::{ClientError, Refusal},
};

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Auth,
    Install,
    Gateway,
    Entra,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// For everything but the download of a program.
const TIMEOUT: Duration = Duration::from_secs(8);
/// Real answers have some kilobytes.
const BODY_LIMIT: usize = 256 * 1024;

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

/// A client for these servers: through the proxy that the environment names, except to this very machine, with the
/// system's certificate authorities and the company's own, if a file names any.
pub fn http(servers: &[&Url], authorities: Option<&Path>) -> Result<Client, ClientError> {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls::config(
            servers.iter().any(|url| url.scheme() == "https"),
            authorities,
        )?)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("claude-agent/", env!("CARGO_PKG_VERSION")));
    let is_local = servers.iter().all(|url| is_loopback(url));
    let builder = if is_local { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| ClientError::Setup(error::with_causes(&error)))
}

/// An address below a server's base URL.
pub fn below(base: &Url, path: &str) -> String {
    format!("{}/{path}", base.as_str().trim_end_matches('/'))
}

/// Sends a request and reads the whole answer.
pub async fn exchange(server: Server, request: RequestBuilder) -> Result<Answer, ClientError> {
    let timed = tokio::time::timeout(TIMEOUT, read(server, request)).await;
    timed.unwrap_or(Err(ClientError::TooSlow { server, after: TIMEOUT }))
}

async fn read(server: Server, request: RequestBuilder) -> Result<Answer, ClientError> {
    let failed = |error: reqwest::Error| ClientError::unreachable(server, &error);
    let mut answer: Response = request.send().await.map_err(failed)?;
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(failed)? {
        if body.len() + piece.len() > BODY_LIMIT {
            return Err(ClientError::TooLarge { server });
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer { status: answer.status(), body })
}

impl Answer {
    pub fn json<T: DeserializeOwned>(&self, server: Server) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body)
            .map_err(|_| ClientError::NotUnderstood { server, status: self.status })
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.parse::<std::net::IpAddr>().map_or(host == "localhost", |address| address.is_loopback())
}
