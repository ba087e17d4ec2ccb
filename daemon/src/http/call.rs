//! One request as a door sees it. The body is not read until a door asks for it, with a limit.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use http::{HeaderMap, Method, header};
use serde::de::DeserializeOwned;
use shared::id::RequestId;

use super::{
    body::{self, Body, BodyError, Incoming},
    direct::Outbox,
};

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    Tcp(SocketAddr),
    Unix { uid: Option<u32> },
}

/// What the accept loop tells about the connection of a request.
#[derive(Debug, Clone)]
pub struct Connection {
    pub peer: Peer,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// Takes files that the kernel can send by itself.
    pub(super) outbox: Option<Outbox>,
}

/// A request.
pub struct Call {
    pub id: RequestId,
    pub method: Method,
    /// The path as it came: not decoded.
    pub path: String,
    /// The query as it came, without the question mark; empty if there is none.
    pub query: String,
    pub headers: HeaderMap,
    pub connection: Connection,
    pub(super) incoming: Incoming,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("id", &self.id).field("method", &self.method).finish_non_exhaustive()
    }
}

impl Call {
    /// A header's value, if it is there and is text.
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where it comes from, if it comes over the network.
    pub fn address(&self) -> Option<IpAddr> {
        match self.connection.peer {
            Peer::Tcp(address) => Some(address.ip()),
            Peer::Unix { .. } => None,
        }
    }

    /// A query parameter, decoded (`application/x-www-form-urlencoded`).
    pub fn query_value(&self, key: &str) -> Option<String> {
        let pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let (_, value) = pairs.into_iter().find(|(name, _)| *name == key)?;
        let spaced = value.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
    }

    /// Takes the body, unpacked if it came as gzip: at most `limit` bytes before and after. The body can be
    /// taken once; later calls return an empty one.
    pub async fn body(&mut self, limit: usize) -> Result<Body, BodyError> {
        let is_gzip = self.is_gzip()?;
        let announced = self.header(header::CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok());
        let incoming = std::mem::replace(&mut self.incoming, Box::pin(futures_util::stream::empty()));
        if announced.is_some_and(|len| len > limit) {
            body::discard(incoming).await;
            return Err(BodyError::TooLarge { limit });
        }
        let body = body::read(incoming, limit, self.connection.body_timeout).await?;
        if is_gzip { body::unpack(body, limit) } else { Ok(body) }
    }

    /// Reads on for a moment what nobody wants: a peer that is still writing when it is refused never sees the
    /// answer, only a reset. A body that was taken costs nothing.
    pub async fn discard(&mut self) {
        let incoming = std::mem::replace(&mut self.incoming, Box::pin(futures_util::stream::empty()));
        body::discard(incoming).await;
    }

    /// Takes the body as JSON.
    pub async fn json<T: DeserializeOwned>(&mut self, limit: usize) -> Result<T, BodyError> {
        self.body(limit).await?.json()
    }

    fn is_gzip(&self) -> Result<bool, BodyError> {
        match self.header(header::CONTENT_ENCODING).unwrap_or("identity") {
            "identity" => Ok(false),
            "gzip" | "x-gzip" => Ok(true),
            _ => Err(BodyError::Encoding),
        }
    }
}
