//! Opens connections to an endpoint: TCP without delay, TLS with the system's roots, through `HTTPS_PROXY` if the
//! environment says so. HTTP/1.1 only: over HTTP/2 all streams would share one connection.

use std::{io, sync::Arc, time::Duration};

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{BedrockError, UpstreamError, endpoint::Endpoint, socket::Socket};

/// Largest head of a proxy's answer.
const PROXY_HEAD: usize = 8 * 1024;

/// Knows how to reach one endpoint.
pub(super) struct Dialer {
    endpoint: Endpoint,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    proxy: Option<Intercept>,
    timeout: Duration,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Dialer {
    /// `roots` is asked for only if the endpoint speaks TLS.
    pub(super) fn new(
        endpoint: Endpoint,
        timeout: Duration,
        roots: impl FnOnce() -> Result<Arc<ClientConfig>, BedrockError>,
    ) -> Result<Self, BedrockError> {
        let tls = if endpoint.is_tls { Some((TlsConnector::from(roots()?), name(&endpoint)?)) } else { None };
        // Plain http is for loopback, where no proxy stands between.
        let proxy = if endpoint.is_tls { Matcher::from_env().intercept(&endpoint.uri) } else { None };
        if proxy.as_ref().is_some_and(|proxy| proxy.uri().scheme_str() != Some("http")) {
            return Err(BedrockError::Proxy);
        }
        Ok(Self { endpoint, tls, proxy, timeout })
    }

    /// Opens one connection.
    pub(super) async fn dial(&self) -> Result<Socket, UpstreamError> {
        let open = tokio::time::timeout(self.timeout, self.open()).await;
        let open = open.map_err(|_| UpstreamError::ConnectTimeout(self.timeout))?;
        open.map_err(|error| UpstreamError::Connect(error.to_string()))
    }

    async fn open(&self) -> io::Result<Socket> {
        let stream = match &self.proxy {
            Some(proxy) => self.tunnel(proxy).await?,
            None => TcpStream::connect((self.endpoint.host.as_str(), self.endpoint.port)).await?,
        };
        stream.set_nodelay(true)?;
        match &self.tls {
            Some((tls, name)) => Ok(Socket::Tls(Box::new(tls.connect(name.clone(), stream).await?))),
            None => Ok(Socket::Plain(stream)),
        }
    }

    /// Asks a proxy for a way through (RFC 9110, section 9.3.6).
    async fn tunnel(&self, proxy: &Intercept) -> io::Result<TcpStream> {
        let host = proxy.uri().host().unwrap_or_default();
        let mut stream = TcpStream::connect((host, proxy.uri().port_u16().unwrap_or(80))).await?;
        let Endpoint { host, port, .. } = &self.endpoint;
        let credentials = match proxy.basic_auth().and_then(|value| value.to_str().ok()) {
            Some(value) => format!("proxy-authorization: {value}\r\n"),
            None => String::new(),
        };
        let ask = format!("CONNECT {host}:{port} HTTP/1.1\r\nhost: {host}:{port}\r\n{credentials}\r\n");
        stream.write_all(ask.as_bytes()).await?;
        let head = read_head(&mut stream).await?;
        let status = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        if status == b"200" {
            return Ok(stream);
        }
        Err(io::Error::other(format!(
            "the proxy answered {}",
            String::from_utf8_lossy(status).escape_default()
        )))
    }
}

/// Reads to the empty line and not a byte further: what follows belongs to TLS.
async fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= PROXY_HEAD {
            return Err(io::Error::other("the proxy's answer is too long"));
        }
        head.push(stream.read_u8().await?);
    }
    Ok(head)
}

fn name(endpoint: &Endpoint) -> Result<ServerName<'static>, BedrockError> {
    ServerName::try_from(endpoint.host.clone())
        .map_err(|_| BedrockError::Endpoint(format!("`{}` is not a host name", endpoint.host)))
}

/// TLS with the system's roots, offering nothing but HTTP/1.1.
pub(super) fn native_roots() -> Result<Arc<ClientConfig>, BedrockError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let why = found.errors.first().map(ToString::to_string);
        return Err(BedrockError::Roots(why.unwrap_or_else(|| "the system has none".to_owned())));
    }
    with_roots(roots)
}

fn with_roots(roots: RootCertStore) -> Result<Arc<ClientConfig>, BedrockError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| BedrockError::Roots(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests;
