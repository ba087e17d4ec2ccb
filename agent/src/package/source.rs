//! The install server: versions, manifests, programs. Whatever else an answer may point to is not asked.

use std::{path::Path, time::Duration};

use reqwest::{Client, Response, StatusCode, Url, header};
use shared::release::Version;

use super::{PackageError, Program};
use crate::client::{self, Answer, ClientError, Server};

/// How long a download may be silent.
const SILENCE: Duration = Duration::from_secs(30);
const RELEASES: &str = "claude-code-releases";

/// Which version is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The one that the administrators chose.
    Served,
    /// `latest` or `stable`.
    Channel(String),
    Version(Version),
}

#[derive(Debug)]
pub(super) struct InstallServer {
    client: Client,
    base: Url,
}

/// The bytes of a program, from some byte on.
#[derive(Debug)]
pub(super) struct Body {
    response: Response,
    pub(super) from: u64,
    /// How long the server says that the whole file is.
    pub(super) total: Option<u64>,
    pub(super) is_page: bool,
}

impl std::str::FromStr for Wanted {
    type Err = shared::release::NotAVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "latest" | "stable" => Ok(Self::Channel(text.to_owned())),
            version => version.parse().map(Self::Version),
        }
    }
}

impl InstallServer {
    pub(super) fn new(base: &Url, authorities: Option<&Path>) -> Result<Self, PackageError> {
        Ok(Self { client: client::http(&[base], authorities)?, base: base.clone() })
    }

    pub(super) async fn version(&self, wanted: &Wanted) -> Result<Version, PackageError> {
        let path = match wanted {
            Wanted::Version(version) => return Ok(version.clone()),
            Wanted::Served => "VERSION".to_owned(),
            Wanted::Channel(name) => format!("{RELEASES}/{name}"),
        };
        let text = self.document(&path).await?.ok_or(PackageError::Missing(path))?;
        Ok(Version::from_channel(&text)?)
    }

    /// A manifest and its signature, if it has one. None of it is verified.
    pub(super) async fn manifest(
        &self,
        version: &Version,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), PackageError> {
        let path = format!("{RELEASES}/{version}/manifest.json");
        let signature = self.document(&format!("{path}.sig")).await?;
        let manifest = self.document(&path).await?.ok_or(PackageError::Missing(path))?;
        Ok((manifest, signature))
    }

    /// Begins to fetch a program, if possible after the bytes that are there already.
    pub(super) async fn open(&self, program: &Program, from: u64) -> Result<Body, PackageError> {
        let Program { version, platform, binary } = program;
        let path = format!("{RELEASES}/{version}/{platform}/{}", binary.name);
        let url = client::below(&self.base, &path);
        let mut request = self.client.get(&url);
        if from > 0 {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        let asked = tokio::time::timeout(SILENCE, request.send()).await;
        let slow = ClientError::TooSlow { server: Server::Install, after: SILENCE };
        let response =
            asked.map_err(|_| slow)?.map_err(|error| ClientError::unreachable(Server::Install, &error))?;
        match response.status() {
            StatusCode::OK => Ok(Body::new(response, 0)),
            StatusCode::PARTIAL_CONTENT if range(&response).is_some_and(|(start, _)| start == from) => {
                Ok(Body::new(response, from))
            }
            status => Err(refused(url, status, response.headers())),
        }
    }

    /// Nothing if there is none.
    async fn document(&self, path: &str) -> Result<Option<Vec<u8>>, PackageError> {
        let url = client::below(&self.base, path);
        let Answer { status, body, .. } = client::exchange(Server::Install, self.client.get(&url)).await?;
        match status {
            StatusCode::OK => Ok(Some(body)),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(refused(url, status, &header::HeaderMap::new())),
        }
    }
}

impl Body {
    fn new(response: Response, from: u64) -> Self {
        let total = match range(&response) {
            Some((_, total)) => total,
            None => response.content_length(),
        };
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_page = kind.is_some_and(|kind| kind.contains("html") || kind.contains("xml"));
        Self { response, from, total, is_page }
    }

    /// The next piece; none at the end.
    pub(super) async fn piece(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, PackageError> {
        let piece = tokio::time::timeout(SILENCE, self.response.chunk()).await;
        let silent = |_| PackageError::Cut(format!("nothing came for {} s", SILENCE.as_secs()));
        piece.map_err(silent)?.map_err(|error| PackageError::Cut(client::with_causes(&error)))
    }
}

fn refused(url: String, status: StatusCode, headers: &header::HeaderMap) -> PackageError {
    if status.is_redirection() {
        let to = headers.get(header::LOCATION).and_then(|to| to.to_str().ok());
        return PackageError::Elsewhere { url, to: to.unwrap_or("somewhere else").to_owned() };
    }
    if status == StatusCode::NOT_FOUND {
        return PackageError::Missing(url);
    }
    PackageError::Status { url, status: status.as_u16() }
}

/// The first byte and the whole length of `Content-Range: bytes 5-9/10` (RFC 9110, section 14.4).
fn range(response: &Response) -> Option<(u64, Option<u64>)> {
    let text = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (span, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = span.split_once('-')?;
    Some((start.parse().ok()?, total.parse().ok()))
}
