//! Answers of what stands in the index: whole or in part, or that the client has it already (RFC 9110, sections 13
//! and 14).

use std::{io, ops::Range};

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::{
    download::Downloads,
    index::{Binary, Content, Entry, Lasting},
    range::{self, Wanted},
};
use crate::http::{Call, Response, file, reply};

/// Answers with an entry.
pub(super) fn entry(entry: &Entry, call: &Call, downloads: &Downloads) -> Response {
    let tag = format!("\"{}\"", entry.digest);
    let mut response = if is_held(&call.headers, &tag) {
        reply::empty(StatusCode::NOT_MODIFIED)
    } else {
        match &entry.content {
            Content::Document { bytes, content_type } => document(bytes, content_type),
            Content::Binary(binary) => self::binary(binary, call, &tag, downloads),
        }
    };
    let lasting = match entry.lasting {
        Lasting::Immutable => "public, max-age=31536000, immutable",
        Lasting::Moving => "no-cache",
    };
    let headers = response.headers_mut();
    set(headers, header::ETAG, &tag);
    set(headers, header::CACHE_CONTROL, lasting);
    protect(headers);
    response
}

/// What every answer of this door has.
pub(super) fn protect(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn document(bytes: &Bytes, content_type: &'static str) -> Response {
    reply::bytes_of(StatusCode::OK, content_type, bytes.clone())
}

fn binary(binary: &Binary, call: &Call, tag: &str, downloads: &Downloads) -> Response {
    let size = binary.artifact.size();
    let (status, range) = match part(call, tag, size) {
        Wanted::Whole => (StatusCode::OK, 0..size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Unsatisfiable => return unsatisfiable(size),
    };
    let content_type = HeaderValue::from_static("application/octet-stream");
    let mut response = if call.method == Method::HEAD {
        let mut response = reply::empty(status);
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response
    } else {
        reply::stream(status, content_type, pieces(binary, call, range.clone(), downloads))
    };
    let headers = response.headers_mut();
    set(headers, header::CONTENT_LENGTH, &(range.end - range.start).to_string());
    set(headers, header::ACCEPT_RANGES, "bytes");
    set(headers, header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{}\"", binary.name));
    if status == StatusCode::PARTIAL_CONTENT {
        let text = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        set(headers, header::CONTENT_RANGE, &text);
    }
    response
}

fn pieces(
    binary: &Binary,
    call: &Call,
    range: Range<u64>,
    downloads: &Downloads,
) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + use<> {
    let reaches_end = range.end == binary.artifact.size();
    let download = downloads.begin(&binary.what, call, range.end - range.start, reaches_end);
    download.watch(file::pieces(binary.artifact.file.clone(), range, &call.connection))
}

fn unsatisfiable(size: u64) -> Response {
    let mut response = reply::empty(StatusCode::RANGE_NOT_SATISFIABLE);
    set(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{size}"));
    response
}

/// What is wanted of a binary. A range of other bytes than these is of no use.
fn part(call: &Call, tag: &str, size: u64) -> Wanted {
    let fits = call.headers.get(header::IF_RANGE).is_none_or(|known| known.as_bytes() == tag.as_bytes());
    match call.header(header::RANGE) {
        Some(header) if fits && call.method == Method::GET => range::wanted(header, size),
        _ => Wanted::Whole,
    }
}

/// Whether the client says that it has these bytes.
fn is_held(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|tags| tags.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
