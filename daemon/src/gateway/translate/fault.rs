//! What can be wrong with what the upstream says.

use thiserror::Error;

use crate::gateway::{
    bedrock::{UpstreamError, UpstreamRefusal},
    error::Refusal,
    wire::FrameError,
};

/// Why an answer can't be translated, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("the upstream's stream is broken: {0}")]
    Frame(#[from] FrameError),
    #[error("the upstream sent an event that is not one of Messages")]
    Event,
    #[error("the upstream's answer is not one of Messages")]
    Answer,
    #[error("the upstream's stream ended before the answer did")]
    Unfinished,
    /// The upstream ended the answer itself; the message is for the caller and for no log.
    #[error("the upstream sent `{kind}`")]
    Exception { kind: String, message: String },
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Upstream(match fault {
            Fault::Exception { kind, message } => UpstreamRefusal::from_exception(&kind, &message).into(),
            fault => UpstreamError::Cut(fault.to_string()),
        })
    }
}
