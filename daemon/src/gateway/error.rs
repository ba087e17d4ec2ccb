//! Every answer that says no. `error/table.rs` decides status and words; here they take the caller's shape.
//!
//! Invariant: 403 is never sent. Claude Code takes it for trouble with AWS credentials and tries for minutes.

mod table;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use serde_json::{Value, json};
use shared::id::RequestId;
use thiserror::Error;
use tracing::{debug, warn};

use self::table::{POLICY, Row};
use super::{
    bedrock::{Blame, UpstreamError},
    translate::BadRequest,
    wire,
};
use crate::{
    domain::usage::Surface,
    http::{BodyError, Response, reply},
};

/// Whose protocol a caller speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Bedrock,
    Messages,
    Chat,
    /// The prototype's own, which has Bedrock's bodies and Bedrock's errors.
    Invoke,
}

impl Dialect {
    /// The same, as records of usage name it.
    pub fn surface(self) -> Surface {
        match self {
            Self::Bedrock => Surface::Bedrock,
            Self::Messages => Surface::Messages,
            Self::Chat => Surface::Chat,
            Self::Invoke => Surface::Invoke,
        }
    }

    /// Puts the request id on an answer, under the name that the dialect's clients read.
    pub(super) fn identify(self, response: &mut Response, id: &RequestId) {
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(self.request_id(), value);
        }
    }

    fn request_id(self) -> HeaderName {
        match self {
            Self::Bedrock | Self::Invoke => HeaderName::from_static("x-amzn-requestid"),
            Self::Messages => HeaderName::from_static("request-id"),
            Self::Chat => reply::REQUEST_ID,
        }
    }
}

/// Why a request is not answered, or its answer not finished. The text is a sentence for the caller.
#[derive(Debug, Error)]
pub enum Refusal {
    /// No credential, or one that is expired, forged or of an ended session.
    #[error("{0}")]
    Unauthenticated(String),
    #[error("`authorization` and `x-api-key` carry two different credentials")]
    TwoCredentials,
    /// A rule of ours says no; the sentence names the rule.
    #[error("{0}")]
    Policy(String),
    /// An operator locked the session, its device or its user; the sentence says until when.
    #[error("{0}")]
    Locked(String),
    #[error("{0}")]
    Malformed(String),
    #[error(transparent)]
    Untranslatable(#[from] BadRequest),
    #[error("{0}")]
    NotFound(String),
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The session ended while its answer was on the way.
    #[error("this session was ended; sign in again")]
    SessionOver,
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

impl Refusal {
    /// The answer. What the caller may not know is logged here, once.
    pub fn answer(&self, dialect: Dialect, id: &RequestId) -> Response {
        self.log(id);
        let row = table::row(self, id);
        let body =
            self.own_body(dialect, &row).unwrap_or_else(|| self.body(dialect, &row, id).to_string().into());
        let mut response = reply::bytes_of(row.status, "application/json", body);
        dialect.identify(&mut response, id);
        let headers = response.headers_mut();
        if matches!(dialect, Dialect::Bedrock | Dialect::Invoke)
            && let Ok(kind) = HeaderValue::from_str(&row.bedrock)
        {
            headers.insert("x-amzn-errortype", kind);
        }
        if let Some(after) = row.retry_after {
            headers.insert(header::RETRY_AFTER, after);
        }
        response
    }

    /// The same inside a stream that has begun: an exception frame, an SSE event `error`, or a chat chunk.
    pub fn in_stream(&self, dialect: Dialect, id: &RequestId) -> Bytes {
        self.log(id);
        let row = table::row(self, id);
        match dialect {
            Dialect::Bedrock | Dialect::Invoke => wire::exception(row.exception, &row.message),
            Dialect::Messages => format!("event: error\ndata: {}\n\n", self.body(dialect, &row, id)).into(),
            Dialect::Chat => format!("data: {}\n\n", self.body(dialect, &row, id)).into(),
        }
    }

    /// Bedrock's own body, for those who speak Bedrock: it may hold more than its sentence.
    fn own_body(&self, dialect: Dialect, row: &Row) -> Option<Bytes> {
        let Self::Upstream(UpstreamError::Refused(refused)) = self else { return None };
        let is_theirs = matches!(dialect, Dialect::Bedrock | Dialect::Invoke);
        let is_fit = is_theirs && row.status == refused.status && !refused.message.is_empty();
        is_fit.then(|| refused.body.clone())
    }

    fn body(&self, dialect: Dialect, row: &Row, id: &RequestId) -> Value {
        let Row { message, anthropic, openai: (kind, code), .. } = row;
        match dialect {
            // Claude Code shows a denial by policy after one request only in this shape; AWS SDKs read `message`.
            Dialect::Bedrock | Dialect::Invoke if *anthropic == POLICY => {
                json!({ "type": "error", "error": { "type": anthropic, "message": message }, "message": message })
            }
            Dialect::Bedrock | Dialect::Invoke => json!({ "message": message }),
            Dialect::Messages => {
                json!({ "type": "error", "error": { "type": anthropic, "message": message }, "request_id": id })
            }
            Dialect::Chat => {
                json!({ "error": { "message": message, "type": kind, "param": self.field(), "code": code } })
            }
        }
    }

    /// The field of the request that is at fault, for those who speak OpenAI's dialect.
    fn field(&self) -> Option<&str> {
        let Self::Untranslatable(fault) = self else { return None };
        fault.field()
    }

    fn log(&self, id: &RequestId) {
        match self {
            Self::Upstream(UpstreamError::Refused(refused)) if refused.blame() == Blame::Request => {
                debug!(request = %id, status = refused.status.as_u16(), kind = refused.kind, "upstream refused");
            }
            Self::Upstream(UpstreamError::Refused(refused)) => {
                warn!(request = %id, error = %refused, cause = refused.cause(), "upstream refused us");
            }
            Self::Upstream(error) => warn!(request = %id, %error, "upstream failed"),
            refusal => debug!(request = %id, reason = %refusal, "request refused"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, StatusCode};
    use http_body_util::BodyExt;

    use super::*;
    use crate::gateway::{bedrock::UpstreamRefusal, wire::Frames};

    const ALL: [Dialect; 4] = [Dialect::Bedrock, Dialect::Messages, Dialect::Chat, Dialect::Invoke];

    async fn said(refusal: &Refusal, dialect: Dialect) -> (u16, HeaderMap, Value) {
        let id = RequestId::new("req_1");
        let (head, body) = refusal.answer(dialect, &id).into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), head.headers, serde_json::from_slice(&body).unwrap())
    }

    fn bedrock_says(status: u16, kind: &'static str, message: &str) -> Refusal {
        let mut headers = HeaderMap::new();
        headers.insert("x-amzn-errortype", HeaderValue::from_static(kind));
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
        let body = Bytes::from(json!({ "message": message, "originalStatusCode": 1 }).to_string());
        let refused = UpstreamRefusal::from_answer(StatusCode::from_u16(status).unwrap(), &headers, body);
        Refusal::Upstream(refused.into())
    }

    #[tokio::test]
    async fn a_dead_token_is_401_and_never_tells_the_client_to_stop_trying() {
        for dialect in ALL {
            let (status, headers, body) = said(&Refusal::Unauthenticated("expired".into()), dialect).await;
            assert_eq!(status, 401);
            assert!(!headers.contains_key("x-should-retry"));
            assert!(body.to_string().contains("expired"));
        }
    }

    #[tokio::test]
    async fn a_denial_by_policy_is_shaped_for_one_request() {
        let (status, _, body) = said(&Refusal::Policy("no".into()), Dialect::Bedrock).await;
        assert_eq!(status, 400);
        assert_eq!(body["error"], json!({ "type": "policy_blocked", "message": "no" }));
        let (_, _, body) = said(&Refusal::Policy("no".into()), Dialect::Chat).await;
        assert_eq!(body["error"]["code"], "policy_blocked");
    }

    #[tokio::test]
    async fn the_upstreams_status_and_sentence_reach_every_dialect() {
        let refusal = bedrock_says(429, "ThrottlingException", "Too many requests");
        let (status, headers, body) = said(&refusal, Dialect::Bedrock).await;
        assert_eq!(
            (status, &headers["x-amzn-errortype"], &headers["retry-after"]),
            (429, &"ThrottlingException".parse().unwrap(), &"7".parse().unwrap())
        );
        assert_eq!(body, json!({ "message": "Too many requests", "originalStatusCode": 1 }));
        let (status, headers, body) = said(&refusal, Dialect::Messages).await;
        assert_eq!((status, &headers["retry-after"]), (429, &"7".parse().unwrap()));
        assert_eq!(body["error"], json!({ "type": "rate_limit_error", "message": "Too many requests" }));
        let (_, _, body) = said(&refusal, Dialect::Chat).await;
        assert_eq!(body["error"]["message"], "Too many requests");
    }

    #[tokio::test]
    async fn a_403_of_the_upstream_never_arrives_as_one() {
        let denied = "User: arn:aws:sts::123456789012:assumed-role/gw is not authorized to perform: bedrock:InvokeModel";
        for dialect in ALL {
            let (status, _, body) = said(&bedrock_says(403, "AccessDeniedException", denied), dialect).await;
            assert_eq!(status, 400);
            assert!(!body.to_string().contains("123456789012"), "{body}");
            let (status, _, body) =
                said(&bedrock_says(403, "ExpiredTokenException", "expired"), dialect).await;
            assert_eq!(status, 500);
            assert!(body.to_string().contains("req_1") && !body.to_string().contains("expired"), "{body}");
        }
    }

    #[tokio::test]
    async fn what_broke_on_our_side_is_not_told() {
        let secret = Refusal::Upstream(UpstreamError::Connect("10.0.0.1 refused".into()));
        for dialect in ALL {
            let (status, _, body) = said(&secret, dialect).await;
            assert_eq!(status, 502);
            assert!(body.to_string().contains("req_1") && !body.to_string().contains("10.0.0.1"), "{body}");
        }
        let silent = Refusal::Upstream(UpstreamError::FirstByteTimeout(Duration::from_secs(9)));
        assert_eq!(said(&silent, Dialect::Messages).await.0, 504);
    }

    #[tokio::test]
    async fn the_field_at_fault_is_named() {
        let refusal = Refusal::from(BadRequest::wrong("temperature", "a number"));
        let (status, _, body) = said(&refusal, Dialect::Chat).await;
        assert_eq!((status, body["error"]["param"].as_str()), (400, Some("temperature")));
        let (_, _, body) = said(&refusal, Dialect::Messages).await;
        assert_eq!(body["error"]["message"], "`temperature` must be a number");
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_413() {
        let refusal = Refusal::Body(BodyError::TooLarge { limit: 9 });
        let (status, _, body) = said(&refusal, Dialect::Messages).await;
        assert_eq!((status, body["error"]["type"].as_str()), (413, Some("request_too_large")));
    }

    #[test]
    fn a_stream_is_ended_in_its_own_shape() {
        let id = RequestId::new("req_1");
        let mut frames = Frames::default();
        frames.push(Refusal::SessionOver.in_stream(Dialect::Bedrock, &id));
        let frame = frames.next_frame().unwrap().unwrap();
        assert_eq!(frame.exception_type(), Some("validationException"));
        let event = Refusal::SessionOver.in_stream(Dialect::Messages, &id);
        assert!(event.starts_with(b"event: error\ndata: {\"") && event.ends_with(b"}\n\n"));
    }
}
