//! Where releases come from: HTTP(S), through the proxy that the environment names, with the system's certificate
//! authorities and perhaps a private one.

use std::{fs, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{Client, Response, StatusCode, Url, header, redirect};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use shared::{
    platform::Platform,
    release::{Binary, LARGEST_DOCUMENT, Version},
    time::Timestamp,
};

use super::{
    MirrorError,
    order::{Channel, Order, Trust, Wanted},
    release::Release,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Of silence.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// A version and an end of line; more is no version.
const LARGEST_CHANNEL: usize = 64;
const REDIRECTS: usize = 5;

#[derive(Debug, Clone)]
pub(super) struct Source {
    client: Client,
    base: String,
}

/// The bytes of a binary, from some byte on.
#[derive(Debug)]
pub(super) struct Body {
    response: Response,
    url: String,
    /// Where they begin: at 0 if the source can't do better.
    pub(super) from: u64,
    /// How long the source says that the whole file is.
    pub(super) total: Option<u64>,
    pub(super) is_page: bool,
}

impl Source {
    pub(super) fn new(order: &Order) -> Result<Self, MirrorError> {
        let base = order.source.trim_end_matches('/').to_owned();
        let url =
            Url::parse(&base).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        if url.is_none() {
            return Err(MirrorError::Source(order.source.clone()));
        }
        let client = Client::builder()
            .tls_backend_preconfigured(tls(order.authorities.as_deref())?)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .redirect(redirect::Policy::custom(never_to_plain_http))
            .user_agent(concat!("sallyport/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = client.map_err(|error| MirrorError::Tls(with_causes(&error)))?;
        Ok(Self { client, base })
    }

    /// The version that is wanted.
    pub(super) async fn version(&self, wanted: &Wanted) -> Result<Version, MirrorError> {
        let channel: &Channel = match wanted {
            Wanted::Version(version) => return Ok(version.clone()),
            Wanted::Channel(channel) => channel,
        };
        let channel = channel.as_str();
        let text = self.document(channel, LARGEST_CHANNEL).await?;
        Version::from_channel(&text).map_err(|cause| MirrorError::Channel { channel, cause })
    }

    /// The verified manifest of a version.
    pub(super) async fn release(
        &self,
        version: &Version,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<Release, MirrorError> {
        let manifest = self.document(&format!("{version}/manifest.json"), LARGEST_DOCUMENT).await?;
        let signature = self.document(&format!("{version}/manifest.json.sig"), LARGEST_DOCUMENT).await;
        let signature = match signature {
            Ok(signature) => Some(signature),
            Err(MirrorError::Status { status: 404, .. }) => None,
            Err(error) => return Err(error),
        };
        Release::verify(version, manifest, signature, (trust, now))
    }

    /// Begins to fetch a binary, if possible after the bytes that are there already.
    pub(super) async fn open(
        &self,
        version: &Version,
        (platform, binary): (Platform, &Binary),
        from: u64,
    ) -> Result<Body, MirrorError> {
        let url = format!("{}/{version}/{platform}/{}", self.base, binary.name);
        let mut request = self.client.get(&url);
        if from > 0 {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        let response = request.send().await.map_err(|error| unreachable_at(&url, &error))?;
        match response.status() {
            StatusCode::OK => Ok(Body::new(response, url, 0)),
            StatusCode::PARTIAL_CONTENT if range(&response).is_some_and(|(start, _)| start == from) => {
                Ok(Body::new(response, url, from))
            }
            status => Err(MirrorError::Status { url, status: status.as_u16() }),
        }
    }

    async fn document(&self, path: &str, limit: usize) -> Result<Bytes, MirrorError> {
        let url = format!("{}/{path}", self.base);
        let mut response =
            self.client.get(&url).send().await.map_err(|error| unreachable_at(&url, &error))?;
        if response.status() != StatusCode::OK {
            return Err(MirrorError::Status { url, status: response.status().as_u16() });
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| unreachable_at(&url, &error))? {
            if body.len() + piece.len() > limit {
                return Err(MirrorError::TooLarge { url, limit });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.into())
    }
}

impl Body {
    fn new(response: Response, url: String, from: u64) -> Self {
        let total = match range(&response) {
            Some((_, total)) => total,
            None => response.content_length(),
        };
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_page = kind.is_some_and(|kind| kind.contains("html") || kind.contains("xml"));
        Self { response, url, from, total, is_page }
    }

    /// The next piece; none at the end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, MirrorError> {
        self.response.chunk().await.map_err(|error| unreachable_at(&self.url, &error))
    }
}

/// The first byte and the whole length of `Content-Range: bytes 5-9/10` (RFC 9110, section 14.4).
fn range(response: &Response) -> Option<(u64, Option<u64>)> {
    let text = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (span, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = span.split_once('-')?;
    Some((start.parse().ok()?, total.parse().ok()))
}

/// Whoever is between us and a plain address could answer in its place.
fn never_to_plain_http(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let stays = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if attempt.url().scheme() != "https" && !stays {
        let refused = format!("it redirects to `{}`, which is plain HTTP", attempt.url());
        return attempt.error(refused);
    }
    if attempt.previous().len() > REDIRECTS {
        attempt.error("it redirects too often")
    } else {
        attempt.follow()
    }
}

fn unreachable_at(url: &str, error: &reqwest::Error) -> MirrorError {
    let (url, cause) = (url.to_owned(), with_causes(error));
    if error.is_redirect() {
        MirrorError::Redirect { url, cause }
    } else {
        MirrorError::Unreachable { url, cause }
    }
}

/// What failed first: `reqwest` itself only says that something did.
fn with_causes(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn tls(authorities: Option<&Path>) -> Result<ClientConfig, MirrorError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = authorities {
        for authority in own_authorities(path)? {
            roots
                .add(authority)
                .map_err(|error| MirrorError::Tls(format!("`{}`: {error}", path.display())))?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| MirrorError::Tls(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn own_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, MirrorError> {
    let pem = fs::read(path).map_err(MirrorError::file(path))?;
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let wrong = |what: String| MirrorError::Tls(format!("`{}`: {what}", path.display()));
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(wrong("there is no certificate in it".to_owned())),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(wrong(error.to_string())),
    }
}
