//! Refusals as Bedrock words them: `{"message": …}`, and the kind of error in `x-amzn-ErrorType`.

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use crate::http::{Response, reply};

/// AWS writes the namespace of the service behind the kind of error.
const NAMESPACE: &str = ":http://internal.amazon.com/coral/com.amazon.bedrock/";
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// One refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub status: u16,
    pub kind: &'static str,
    pub message: String,
}

impl Fault {
    pub(super) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    /// The refusal as an answer.
    pub(super) fn response(&self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = reply::json(status, &self.body());
        if let Ok(kind) = HeaderValue::from_str(&format!("{}{NAMESPACE}", self.kind)) {
            response.headers_mut().insert(ERROR_TYPE, kind);
        }
        response
    }

    fn body(&self) -> Value {
        let mut body = Map::from_iter([("message".to_owned(), json!(self.message))]);
        if self.kind == "ModelErrorException" {
            body.insert("originalStatusCode".to_owned(), json!(500));
            body.insert("resourceName".to_owned(), json!("InvokeModel"));
        }
        Value::Object(body)
    }
}

/// An exception inside a response stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception {
    pub kind: &'static str,
    pub message: &'static str,
}

/// Every exception that a response stream can carry, under the name that asks for it.
pub(super) const EXCEPTIONS: [(&str, Exception); 6] = [
    ("throttling", exception("throttlingException", BUSY)),
    ("model-stream-error", exception("modelStreamErrorException", UNEXPECTED)),
    ("internal", exception("internalServerException", UNEXPECTED)),
    ("validation", exception("validationException", "The model returned a response that is not valid.")),
    ("model-timeout", exception("modelTimeoutException", "Model processing time exceeded the limit.")),
    ("unavailable", exception("serviceUnavailableException", UNABLE)),
];

const fn exception(kind: &'static str, message: &'static str) -> Exception {
    Exception { kind, message }
}

/// The refusal that a behaviour's name asks for.
pub(super) fn named(name: &str) -> Option<Fault> {
    let (_, status, kind, message) = FAULTS.iter().find(|(known, ..)| *known == name)?;
    Some(Fault::new(*status, kind, *message))
}

const UNEXPECTED: &str =
    "The system encountered an unexpected error during processing. Try your request again.";
const BUSY: &str = "Too many requests, please wait before trying again.";
const UNABLE: &str = "Bedrock is unable to process your request.";
const END_OF_LIFE: &str = "This model version has reached the end of its life. Please refer to the AWS \
                           documentation for more details.";
const ON_DEMAND: &str = "Invocation of model ID sandbox.on-demand with on-demand throughput isn\u{2019}t supported. Retry your \
                         request with the ID or ARN of an inference profile that contains this model.";
const MARKETPLACE: &str = "Model access is denied due to IAM user or service role is not authorized to perform the required AWS Marketplace actions \
     (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe) to enable access to this model.";
const USE_CASE: &str = "Model use case details have not been submitted for this account. Fill out the Anthropic use case details \
                        form before using the model. If you have already filled out the form, try again in 15 minutes.";

/// Every refusal that can be asked for: its name, status, kind and sentence.
const FAULTS: [(&str, u16, &str, &str); 15] = [
    ("invalid", 400, "ValidationException", "messages: text content blocks must be non-empty"),
    ("on-demand", 400, "ValidationException", ON_DEMAND),
    ("too-long", 400, "ValidationException", "Input is too long for requested model."),
    (
        "quota",
        400,
        "ServiceQuotaExceededException",
        "Your request exceeds the service quota for your account.",
    ),
    (
        "denied",
        403,
        "AccessDeniedException",
        "You don't have access to the model with the specified model ID.",
    ),
    ("marketplace", 403, "AccessDeniedException", MARKETPLACE),
    ("expired", 403, "ExpiredTokenException", "The security token included in the request is expired"),
    ("missing", 404, "ResourceNotFoundException", END_OF_LIFE),
    ("use-case", 404, "ResourceNotFoundException", USE_CASE),
    ("model-timeout", 408, "ModelTimeoutException", "Model has timed out in processing the request."),
    ("model-error", 424, "ModelErrorException", UNEXPECTED),
    ("throttled", 429, "ThrottlingException", BUSY),
    ("not-ready", 429, "ModelNotReadyException", "The model is not ready for inference."),
    ("broken", 500, "InternalServerException", UNEXPECTED),
    ("unavailable", 503, "ServiceUnavailableException", UNABLE),
];
