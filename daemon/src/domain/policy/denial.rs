//! What a policy says no to, in words for the developer.

use std::fmt;

use shared::id::ModelId;

/// A request that no waiting makes right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    pub policy: String,
    pub denied: Denied,
    /// What the operator wants to be said in addition.
    pub message: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// The policy lets its members use nothing.
    Everything,
    Model(ModelId),
    MaxTokens {
        asked: u64,
        ceiling: u64,
    },
}

impl Denial {
    /// The machine code for the audit trail.
    pub fn code(&self) -> &'static str {
        match self.denied {
            Denied::Everything => "policy_denied",
            Denied::Model(_) => "model_denied",
            Denied::MaxTokens { .. } => "max_tokens_exceeded",
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = &self.policy;
        match &self.denied {
            Denied::Everything => write!(f, "policy `{policy}` does not let you use this gateway")?,
            Denied::Model(model) => {
                write!(f, "policy `{policy}` does not allow the model `{}`", model.as_str().escape_debug())?;
            }
            Denied::MaxTokens { asked, ceiling } => write!(
                f,
                "policy `{policy}` allows a max_tokens of up to {ceiling}, not {asked}; in Claude Code, set \
                 CLAUDE_CODE_MAX_OUTPUT_TOKENS"
            )?,
        }
        self.message.as_ref().map_or(Ok(()), |message| write!(f, " · {message}"))
    }
}

impl std::error::Error for Denial {}
