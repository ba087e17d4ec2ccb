//! Answers. Each door has its own shape of error; what they share stands here.

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use shared::id::RequestId;
use warp::Reply;

pub use warp::reply::Response;

/// The header that carries our request id in every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An answer of `value` as JSON.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    bytes_of(status, "application/json", Bytes::from(bytes))
}

/// A plain text answer.
pub fn text(status: StatusCode, text: impl Into<String>) -> Response {
    bytes_of(status, "text/plain; charset=utf-8", Bytes::from(text.into()))
}

/// An answer whose body is at hand.
pub fn bytes_of(status: StatusCode, content_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Bytes::new().into());
    *response.status_mut() = status;
    response
}

/// An answer whose body comes piece by piece.
pub fn stream<S, E>(status: StatusCode, content_type: HeaderValue, pieces: S) -> Response
where
    S: Stream<Item = Result<Bytes, E>> + Send + Sync + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + Send + Sync + 'static,
{
    let mut response = warp::reply::stream(pieces).into_response();
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// Puts the request id on an answer.
pub fn identify(response: &mut Response, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
}
