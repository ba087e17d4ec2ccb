//! What can go wrong on the way to Bedrock and back.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use thiserror::Error;

use crate::gateway::wire;

/// Why there is no answer, or no more of it.
#[derive(Debug, Error)]
pub enum UpstreamError {
    #[error("no connection to the upstream: {0}")]
    Connect(String),
    #[error("no connection to the upstream within {} s", .0.as_secs())]
    ConnectTimeout(Duration),
    #[error("the upstream did not begin to answer within {} s", .0.as_secs())]
    FirstByteTimeout(Duration),
    #[error("the upstream was silent for {} s", .0.as_secs())]
    IdleTimeout(Duration),
    #[error("the upstream's connection ended before its answer did: {0}")]
    Cut(String),
    #[error("no AWS credentials: {0}")]
    Credentials(String),
    #[error("the request can't be put on the wire: {0}")]
    Request(String),
    #[error("the upstream refused: {0}")]
    Refused(Box<UpstreamRefusal>),
}

impl From<UpstreamRefusal> for UpstreamError {
    fn from(refused: UpstreamRefusal) -> Self {
        Self::Refused(Box::new(refused))
    }
}

/// An answer that says no: by its status, or by an exception inside the stream.
#[derive(Debug, Clone, Error)]
#[error("{} {kind}", status.as_u16())]
pub struct UpstreamRefusal {
    pub status: StatusCode,
    /// `ValidationException` and the like.
    pub kind: String,
    /// Bedrock's own sentence. It may speak of a prompt: it goes to the caller, never into a log.
    pub message: String,
    pub retry_after: Option<HeaderValue>,
    /// The answer's body as it came; empty for an exception inside a stream.
    pub body: Bytes,
}

/// What an upstream refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The caller's request, or the upstream's state.
    Request,
    /// What our AWS identity may do.
    Permission,
    /// Our AWS identity itself.
    Credentials,
    /// The answer is neither a yes nor a no, as of a proxy that redirects.
    Nobody,
}

impl UpstreamRefusal {
    /// Reads an answer whose status is not a success.
    pub fn from_answer(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Self {
        let kind = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(':').next().unwrap_or_default();
        let message = wire::exception_message(&body).unwrap_or_default();
        let retry_after = headers.get(header::RETRY_AFTER).cloned();
        Self { status, kind: kind.to_owned(), message, retry_after, body }
    }

    /// Reads an exception frame; the statuses are those that Bedrock gives the same exceptions in an answer.
    pub fn from_exception(kind: &str, message: &str) -> Self {
        let status = match kind {
            "validationException" => StatusCode::BAD_REQUEST,
            "throttlingException" => StatusCode::TOO_MANY_REQUESTS,
            "modelTimeoutException" => StatusCode::REQUEST_TIMEOUT,
            "modelStreamErrorException" => StatusCode::FAILED_DEPENDENCY,
            "serviceUnavailableException" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut letters = kind.chars();
        let kind =
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect();
        Self { status, kind, message: message.to_owned(), retry_after: None, body: Bytes::new() }
    }

    /// Who can mend it.
    pub fn blame(&self) -> Blame {
        match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let is_about_rights =
                    self.kind == "AccessDeniedException" && !self.message.contains("API Key");
                if is_about_rights { Blame::Permission } else { Blame::Credentials }
            }
            status if status.is_client_error() || status.is_server_error() => Blame::Request,
            _ => Blame::Nobody,
        }
    }

    /// What an operator must know. Sentences about our identity name roles and actions, others may speak of a
    /// prompt.
    pub fn cause(&self) -> &str {
        match self.blame() {
            Blame::Permission | Blame::Credentials => &self.message,
            Blame::Request | Blame::Nobody => "",
        }
    }

    /// Whether new credentials may help.
    pub fn is_expired(&self) -> bool {
        matches!(self.kind.as_str(), "ExpiredTokenException" | "ExpiredToken" | "UnrecognizedClientException")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_for_its_kind_and_sentence() {
        let mut headers = HeaderMap::new();
        let kind = "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/";
        headers.insert("x-amzn-errortype", HeaderValue::from_static(kind));
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
        let body = Bytes::from_static(br#"{"message":"Too many requests"}"#);
        let refusal = UpstreamRefusal::from_answer(StatusCode::TOO_MANY_REQUESTS, &headers, body);
        assert_eq!(
            (refusal.kind.as_str(), refusal.message.as_str()),
            ("ThrottlingException", "Too many requests")
        );
        assert_eq!(refusal.retry_after.unwrap(), "7");
    }

    #[test]
    fn an_exception_has_the_status_of_the_same_answer() {
        let refusal = UpstreamRefusal::from_exception("throttlingException", "slow down");
        assert_eq!((refusal.status.as_u16(), refusal.kind.as_str()), (429, "ThrottlingException"));
    }

    #[test]
    fn a_403_is_about_rights_or_about_credentials() {
        let blame = |kind: &str, message: &str| {
            let (kind, message) = (kind.to_owned(), message.to_owned());
            let status = StatusCode::FORBIDDEN;
            UpstreamRefusal { status, kind, message, retry_after: None, body: Bytes::new() }.blame()
        };
        assert_eq!(blame("AccessDeniedException", "You don't have access to the model."), Blame::Permission);
        assert_eq!(
            blame("AccessDeniedException", "Please make sure your API Key is valid."),
            Blame::Credentials
        );
        assert_eq!(blame("InvalidSignatureException", "no match"), Blame::Credentials);
    }
}
