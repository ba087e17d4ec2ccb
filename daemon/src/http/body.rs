//! A request's body: read with a byte cap and a deadline, kept as the segments it came in.

use std::{io::Read, pin::Pin, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use futures_util::{Stream, StreamExt};
use http::StatusCode;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// How much of a refused body is still read, and for how long.
const LINGER_BYTES: usize = 64 << 20;
const LINGER: Duration = Duration::from_secs(5);

/// The pieces of a body as they arrive.
pub(super) type Incoming = Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send + Sync>>;

/// Why a body was not accepted.
#[derive(Debug, Error)]
pub enum BodyError {
    #[error("the request body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the request body did not arrive within {} seconds", .0.as_secs())]
    TooSlow(Duration),
    #[error("the connection ended before the request body did")]
    Interrupted,
    #[error("the request body is not valid gzip")]
    Gzip,
    #[error("this content encoding is not supported; send the body as it is, or as gzip")]
    Encoding,
    #[error("the request body is not the JSON that is expected here: {0}")]
    Json(String),
}

impl BodyError {
    /// The HTTP status that says it.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Interrupted | Self::Gzip | Self::Json(_) => StatusCode::BAD_REQUEST,
        }
    }
}

/// A whole body, in the segments it arrived in.
#[derive(Debug, Clone, Default)]
pub struct Body {
    segments: Vec<Bytes>,
    len: usize,
}

impl Body {
    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn segments(&self) -> &[Bytes] {
        &self.segments
    }

    /// The body in one piece; free when it arrived in one.
    pub fn into_bytes(self) -> Bytes {
        let mut segments = self.segments;
        match segments.len() {
            0 => Bytes::new(),
            1 => segments.swap_remove(0),
            _ => {
                let mut whole = BytesMut::with_capacity(self.len);
                for segment in &segments {
                    whole.extend_from_slice(segment);
                }
                whole.freeze()
            }
        }
    }

    /// Reads the whole body as JSON.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, BodyError> {
        serde_json::from_slice(&self.into_bytes()).map_err(|error| BodyError::Json(place(&error)))
    }

    fn push(&mut self, segment: Bytes) {
        self.len += segment.len();
        self.segments.push(segment);
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self { len: bytes.len(), segments: vec![bytes] }
    }
}

impl FromIterator<Bytes> for Body {
    fn from_iter<I: IntoIterator<Item = Bytes>>(segments: I) -> Self {
        let mut body = Self::default();
        segments.into_iter().filter(|segment| !segment.is_empty()).for_each(|segment| body.push(segment));
        body
    }
}

/// Where and what, without quoting the content: `serde_json`'s own text may hold values of it.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a field is missing or has the wrong type",
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "syntax error",
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}

/// Reads a body to its end.
pub(super) async fn read(incoming: Incoming, limit: usize, deadline: Duration) -> Result<Body, BodyError> {
    let mut incoming = incoming;
    let all = collect(&mut incoming, limit);
    let body = tokio::time::timeout(deadline, all).await.unwrap_or(Err(BodyError::TooSlow(deadline)));
    if matches!(body, Err(BodyError::TooLarge { .. })) {
        discard(incoming).await;
    }
    body
}

/// Reads on for a moment what is refused: a peer that is still writing when its connection closes never sees
/// the answer, only a reset.
pub(super) async fn discard(mut incoming: Incoming) {
    let mut left = LINGER_BYTES;
    let rest = async {
        while let Some(Ok(segment)) = incoming.next().await {
            left = left.saturating_sub(segment.len());
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(LINGER, rest).await;
}

async fn collect(incoming: &mut Incoming, limit: usize) -> Result<Body, BodyError> {
    let mut body = Body::default();
    while let Some(segment) = incoming.next().await {
        let segment = segment.map_err(|_| BodyError::Interrupted)?;
        if body.len + segment.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        if !segment.is_empty() {
            body.push(segment);
        }
    }
    Ok(body)
}

/// Undoes `content-encoding: gzip` (RFC 9110, section 8.4.1.3) without ever holding more than `limit` bytes.
pub(super) fn unpack(body: Body, limit: usize) -> Result<Body, BodyError> {
    let packed = body.into_bytes();
    let mut reader = MultiGzDecoder::new(packed.reader()).take(limit as u64 + 1);
    let mut whole = Vec::new();
    reader.read_to_end(&mut whole).map_err(|_| BodyError::Gzip)?;
    if whole.len() > limit {
        return Err(BodyError::TooLarge { limit });
    }
    Ok(Body::from(Bytes::from(whole)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use futures_util::stream;

    use super::*;

    fn pieces(of: &[&'static str]) -> Incoming {
        let pieces: Vec<_> = of.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        Box::pin(stream::iter(pieces))
    }

    fn packed(content: &[u8]) -> Body {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        Body::from(Bytes::from(encoder.finish().unwrap()))
    }

    #[tokio::test]
    async fn a_body_keeps_its_segments_up_to_the_limit() {
        let body = read(pieces(&["ab", "", "cd"]), 4, Duration::from_secs(5)).await.unwrap();
        assert_eq!((body.len(), body.segments().len()), (4, 2));
        assert_eq!(body.into_bytes(), "abcd");
        let refused = read(pieces(&["ab", "cde"]), 4, Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let silent: Incoming = Box::pin(stream::pending());
        let refused = read(silent, 4, Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::REQUEST_TIMEOUT);
    }

    #[test]
    fn a_gzip_bomb_is_refused_at_the_limit() {
        let bomb = packed(&vec![0; 10_000_000]);
        assert!(bomb.len() < 100_000);
        assert!(matches!(unpack(bomb, 1_000_000), Err(BodyError::TooLarge { .. })));
        assert_eq!(unpack(packed(b"hello"), 5).unwrap().into_bytes(), "hello");
        assert!(matches!(unpack(Body::from(Bytes::from_static(b"no")), 5), Err(BodyError::Gzip)));
    }

    #[test]
    fn a_json_error_never_quotes_the_content() {
        let body = Body::from(Bytes::from_static(b"{\"n\": \"canary\"}"));
        let error = body.json::<std::collections::HashMap<String, u64>>().unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}
