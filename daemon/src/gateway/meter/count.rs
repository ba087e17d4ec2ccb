//! The upstream's own numbers, in the three places where it writes them.

use http::HeaderMap;
use serde::Deserialize;
use shared::usage::Tokens;

/// Numbers of which each may be missing.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    input: Option<u64>,
    output: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_hour: Option<u64>,
}

/// `usage` of a message, whole or so far.
#[derive(Debug, Deserialize)]
pub(super) struct Usage {
    #[serde(rename = "input_tokens")]
    input: Option<u64>,
    #[serde(rename = "output_tokens")]
    output: Option<u64>,
    #[serde(rename = "cache_read_input_tokens")]
    cache_read: Option<u64>,
    #[serde(rename = "cache_creation_input_tokens")]
    cache_write: Option<u64>,
    cache_creation: Option<CacheCreation>,
}

/// What was written to the cache, by how long it stays there.
#[derive(Debug, Clone, Copy, Deserialize)]
struct CacheCreation {
    #[serde(rename = "ephemeral_1h_input_tokens")]
    hour: Option<u64>,
}

/// `amazon-bedrock-invocationMetrics` of a stream's last chunk.
#[derive(Debug, Deserialize)]
pub(super) struct Metrics {
    #[serde(rename = "inputTokenCount")]
    input: Option<u64>,
    #[serde(rename = "outputTokenCount")]
    output: Option<u64>,
    #[serde(rename = "cacheReadInputTokenCount")]
    cache_read: Option<u64>,
    #[serde(rename = "cacheWriteInputTokenCount")]
    cache_write: Option<u64>,
}

impl Counts {
    /// Each number replaces the one before: they are totals.
    fn apply(self, tokens: &mut Tokens) {
        *tokens = Tokens {
            input: self.input.unwrap_or(tokens.input),
            output: self.output.unwrap_or(tokens.output),
            cache_read: self.cache_read.unwrap_or(tokens.cache_read),
            cache_write: self.cache_write.unwrap_or(tokens.cache_write),
            cache_write_hour: self.cache_write_hour.unwrap_or(tokens.cache_write_hour),
        };
    }
}

impl Usage {
    pub(super) fn has_output(&self) -> bool {
        self.output.is_some()
    }

    pub(super) fn apply(&self, tokens: &mut Tokens) {
        let Self { input, output, cache_read, cache_write, cache_creation } = *self;
        let cache_write_hour = cache_creation.and_then(|creation| creation.hour);
        Counts { input, output, cache_read, cache_write, cache_write_hour }.apply(tokens);
    }
}

impl Metrics {
    pub(super) fn apply(&self, tokens: &mut Tokens) {
        let Self { input, output, cache_read, cache_write } = *self;
        Counts { input, output, cache_read, cache_write, ..Counts::default() }.apply(tokens);
    }
}

/// The headers of an answer that is no stream. Says whether they tell the output.
pub(super) fn from_headers(headers: &HeaderMap, tokens: &mut Tokens) -> bool {
    let number = |name: &str| -> Option<u64> { headers.get(name)?.to_str().ok()?.parse().ok() };
    let counts = Counts {
        input: number("x-amzn-bedrock-input-token-count"),
        output: number("x-amzn-bedrock-output-token-count"),
        cache_read: number("x-amzn-bedrock-cache-read-input-token-count"),
        cache_write: number("x-amzn-bedrock-cache-write-input-token-count"),
        cache_write_hour: None,
    };
    counts.apply(tokens);
    counts.output.is_some()
}
