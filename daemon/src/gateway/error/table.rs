//! The table: for each refusal its status and its words in three protocols.

use http::{HeaderValue, StatusCode};
use shared::id::RequestId;

use super::Refusal;
use crate::{
    domain::limit::Exceeded,
    gateway::bedrock::{Blame, UpstreamError, UpstreamRefusal},
    http::BodyError,
};

const INVALID: &str = "invalid_request_error";
const BILLING: &str = "billing_error";
const RATE_LIMIT: &str = "rate_limit_error";
const INTERNAL: &str = "internalServerException";
const DENIED: &str = "the gateway's AWS identity is not allowed to use this model";
pub(super) const POLICY: &str = "policy_blocked";

/// What every dialect says about one refusal.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) status: StatusCode,
    /// `error.type` of Anthropic's envelope.
    pub(super) anthropic: &'static str,
    /// `error.type` and `error.code` of OpenAI's.
    pub(super) openai: (&'static str, &'static str),
    /// `x-amzn-errortype`.
    pub(super) bedrock: String,
    /// `:exception-type` inside a stream.
    pub(super) exception: &'static str,
    pub(super) message: String,
    pub(super) retry_after: Option<HeaderValue>,
}

pub(super) fn row(refusal: &Refusal, id: &RequestId) -> Row {
    let (status, anthropic, code) = match refusal {
        Refusal::Unauthenticated(_) | Refusal::SessionOver => {
            (401, "authentication_error", "invalid_api_key")
        }
        Refusal::Policy { .. } | Refusal::Locked(_) => (400, POLICY, POLICY),
        Refusal::TwoCredentials | Refusal::Malformed(_) | Refusal::Untranslatable(_) => {
            (400, INVALID, "invalid_value")
        }
        Refusal::NotFound(_) => (404, "not_found_error", "not_found"),
        Refusal::Body(BodyError::TooLarge { .. }) => (413, "request_too_large", "request_too_large"),
        Refusal::Body(error) => (error.status().as_u16(), INVALID, "invalid_value"),
        Refusal::Exceeded(exceeded) => return exceeded_row(exceeded),
        Refusal::Upstream(UpstreamError::Refused(refused)) => return refused_row(refused, id),
        Refusal::Upstream(error) => return failed_row(error, id),
    };
    let bedrock = match status {
        401 => "UnrecognizedClientException",
        404 => "ResourceNotFoundException",
        _ => "ValidationException",
    };
    Row {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
        anthropic,
        openai: (INVALID, code),
        bedrock: bedrock.to_owned(),
        exception: "validationException",
        message: refusal.to_string(),
        retry_after: None,
    }
}

/// A limit of ours is reached. A spent budget is an error of billing, as `claude gateway` answers.
fn exceeded_row(exceeded: &Exceeded) -> Row {
    let (anthropic, openai, bedrock) = match exceeded.spent() {
        Some(_) => (BILLING, ("insufficient_quota", "insufficient_quota"), "ServiceQuotaExceededException"),
        None => (RATE_LIMIT, (RATE_LIMIT, "rate_limit_exceeded"), "ThrottlingException"),
    };
    Row {
        status: StatusCode::TOO_MANY_REQUESTS,
        anthropic,
        openai,
        bedrock: bedrock.to_owned(),
        exception: "throttlingException",
        message: exceeded.to_string(),
        retry_after: HeaderValue::try_from(exceeded.retry_after().to_string()).ok(),
    }
}

/// The upstream said no: its status and its sentence, unless they speak of our own AWS identity.
fn refused_row(refused: &UpstreamRefusal, id: &RequestId) -> Row {
    let (status, anthropic, openai) = match refused.blame() {
        Blame::Credentials => return broken(StatusCode::INTERNAL_SERVER_ERROR, id),
        Blame::Permission => (StatusCode::BAD_REQUEST, POLICY, (INVALID, POLICY)),
        Blame::Nobody => return broken(StatusCode::BAD_GATEWAY, id),
        Blame::Request => (refused.status, anthropic_type(refused.status), openai_type(refused.status)),
    };
    let message = match refused.message.as_str() {
        "" => format!("the upstream answered {} {}", refused.status.as_u16(), refused.kind)
            .trim_end()
            .to_owned(),
        // Such a sentence names the account and the role of the gateway.
        message if message.contains("is not authorized to perform") => DENIED.to_owned(),
        message => message.to_owned(),
    };
    let (bedrock, retry_after) = (refused.kind.clone(), refused.retry_after.clone());
    Row { status, anthropic, openai, bedrock, exception: INTERNAL, message, retry_after }
}

/// The upstream gave no answer, or not all of it.
fn failed_row(error: &UpstreamError, id: &RequestId) -> Row {
    match error {
        UpstreamError::FirstByteTimeout(_) | UpstreamError::IdleTimeout(_) => {
            Row { exception: "modelTimeoutException", ..broken(StatusCode::GATEWAY_TIMEOUT, id) }
        }
        UpstreamError::Connect(_) | UpstreamError::ConnectTimeout(_) | UpstreamError::Cut(_) => {
            broken(StatusCode::BAD_GATEWAY, id)
        }
        _ => broken(StatusCode::INTERNAL_SERVER_ERROR, id),
    }
}

/// What is broken on our side is told to no caller: only where to look for it.
fn broken(status: StatusCode, id: &RequestId) -> Row {
    Row {
        status,
        anthropic: anthropic_type(status),
        openai: openai_type(status),
        bedrock: "InternalServerException".to_owned(),
        exception: INTERNAL,
        message: format!("the gateway could not get an answer; the request id is {id}"),
        retry_after: None,
    }
}

fn anthropic_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        402 => BILLING,
        404 => "not_found_error",
        413 => "request_too_large",
        429 => RATE_LIMIT,
        503 | 529 => "overloaded_error",
        408 | 504 => "timeout_error",
        424 => "api_error",
        400..=499 => INVALID,
        _ => "api_error",
    }
}

fn openai_type(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        404 => (INVALID, "not_found"),
        429 => (RATE_LIMIT, "rate_limit_exceeded"),
        400..=499 if status != StatusCode::FAILED_DEPENDENCY => (INVALID, "invalid_value"),
        _ => ("server_error", "server_error"),
    }
}
