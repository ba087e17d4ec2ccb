//! OpenAI's chat completions ⇄ Anthropic's Messages.
//!
//! What has no counterpart is refused when the answer would be wrong without it (`n`, `logprobs`, audio), and
//! left out when it only tunes (`seed`, penalties, `logit_bias`, `store`, `metadata`).

mod answer;
mod content;
mod effort;
mod message;
mod request;
mod stream;
mod tool;
mod toolbox;

use shared::time::Timestamp;

pub use self::{
    answer::answer,
    request::{Request, Translated},
    stream::Chunks,
};

/// What an answer must know of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The model as the client named it.
    pub model: String,
    pub created: Timestamp,
    /// Whether the last chunk of a stream tells the usage.
    pub include_usage: bool,
    /// The tool whose input is the answer's content, when a JSON format was asked for.
    pub answer_tool: Option<String>,
}
