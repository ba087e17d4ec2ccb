//! A request to Bedrock.

use http::{HeaderMap, HeaderValue, Method, header};
use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};
use shared::id::ModelId;

use super::sign::QUERY;
use crate::http::Body;

/// What stands as it is in a path's segment: Bedrock takes the colon both ways, and its own clients leave it.
pub(super) const SEGMENT: &AsciiSet = &QUERY.remove(b':');

/// What is asked of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Invoke,
    InvokeStream,
    CountTokens,
}

impl Action {
    /// The end of the path.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::InvokeStream => "invoke-with-response-stream",
            Self::CountTokens => "count-tokens",
        }
    }
}

/// A request, but for what proves who sends it. Its headers are those to pass on; the host and everything of the
/// signature are added when it is sent.
#[derive(Debug, Clone)]
pub struct Ask {
    pub(super) method: Method,
    /// Encoded.
    pub(super) path: String,
    /// As it came.
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    /// Whether it is for the control plane.
    pub(super) is_control: bool,
}

impl Ask {
    /// Asks a model.
    pub fn model(model: &ModelId, action: Action, headers: HeaderMap, body: Body) -> Self {
        let model = utf8_percent_encode(model.as_str(), SEGMENT);
        Self::as_it_came(format!("/model/{model}/{}", action.as_str()), headers, body)
    }

    /// Asks a model by a path that is already encoded.
    pub fn as_it_came(path: String, mut headers: HeaderMap, body: Body) -> Self {
        headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        Self { method: Method::POST, path, query: String::new(), headers, body, is_control: false }
    }

    /// Reads from the control plane.
    pub fn control(path: String, query: String, headers: HeaderMap) -> Self {
        Self { method: Method::GET, path, query, headers, body: Body::default(), is_control: true }
    }

    /// The query in the one form that a signature covers: decoded, encoded again, sorted.
    pub(super) fn canonical_query(&self) -> String {
        let encode = |text: &str| {
            let text = text.replace('+', " ");
            utf8_percent_encode(&percent_decode_str(&text).decode_utf8_lossy(), QUERY).to_string()
        };
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        let mut pairs: Vec<_> = pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
            .collect();
        pairs.sort_unstable();
        pairs.join("&")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_id_is_one_segment_of_the_path() {
        let path =
            |id: &str| Ask::model(&ModelId::new(id), Action::Invoke, HeaderMap::new(), Body::default()).path;
        assert_eq!(path("anthropic.claude-v2:1"), "/model/anthropic.claude-v2:1/invoke");
        assert_eq!(path("arn:aws:x:profile/abc"), "/model/arn:aws:x:profile%2Fabc/invoke");
    }

    #[test]
    fn a_query_is_sent_in_its_canonical_form() {
        let ask = Ask::control("/x".into(), "type=SYSTEM_DEFINED&a=b%20c+d&&z".into(), HeaderMap::new());
        assert_eq!(ask.canonical_query(), "a=b%20c%20d&type=SYSTEM_DEFINED&z=");
    }
}
