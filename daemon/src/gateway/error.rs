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
    allowance,
    bedrock::{Blame, UpstreamError},
    translate::BadRequest,
    wire,
};
use crate::{
    domain::{
        limit::{Exceeded, Standing},
        policy::Denial,
        usage::Surface,
    },
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
    #[error("{sentence}")]
    Policy { code: &'static str, sentence: String },
    /// An operator locked the session, its device or its user; the sentence says until when.
    #[error("{0}")]
    Locked(String),
    /// A limit is reached; the sentence names it, its figure and when there is room again.
    #[error(transparent)]
    Exceeded(#[from] Box<Exceeded>),
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

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        Self::Policy { code: denial.code(), sentence: denial.to_string() }
    }
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
        if let Some(standing) = self.spent() {
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
            if dialect == Dialect::Messages {
                allowance::write(allowance::refused(&standing), headers);
            }
        }
        response
    }

    /// The machine code of a refusal that is audited: a rule said no, or an operator.
    pub(super) fn audited(&self) -> Option<&'static str> {
        match self {
            Self::Policy { code, .. } => Some(code),
            Self::Exceeded(exceeded) => Some(exceeded.code()),
            Self::Locked(_) => Some("locked"),
            _ => None,
        }
    }

    /// The budget that is spent, if that is why: asking again is in vain.
    fn spent(&self) -> Option<Standing> {
        match self {
            Self::Exceeded(exceeded) => exceeded.spent(),
            _ => None,
        }
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
mod tests;
