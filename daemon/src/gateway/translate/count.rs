//! Bedrock's `CountTokens` and Anthropic's `count_tokens`.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::Fault;
use crate::http::Body;

/// Where an inference profile may run; its id is this, a dot and the id of the foundation model.
const GEOGRAPHIES: [&str; 10] = ["us", "us-gov", "eu", "apac", "global", "jp", "au", "ca", "sa", "me"];

/// The body of `CountTokens` that asks about a body of `InvokeModel`.
pub fn request(invoke: &Body) -> Body {
    const START: &[u8] = br#"{"input":{"invokeModel":{"body":""#;
    const END: &[u8] = br#""}}}"#;
    let whole = invoke.clone().into_bytes();
    let mut body = Vec::with_capacity(START.len() + whole.len() / 3 * 4 + 4 + END.len());
    body.extend_from_slice(START);
    base64_simd::STANDARD.encode_append(&whole, &mut body);
    body.extend_from_slice(END);
    Body::from(Bytes::from(body))
}

/// The answer to `count_tokens`.
pub fn answer(counted: &[u8]) -> Result<Bytes, Fault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Counted {
        input_tokens: u64,
    }
    let counted: Counted = serde_json::from_slice(counted).map_err(|_| Fault::Answer)?;
    Ok(json!({ "input_tokens": counted.input_tokens }).to_string().into())
}

/// The foundation model behind a model's name, as far as the name tells: `CountTokens` takes no inference profile.
/// None for application inference profiles, provisioned and imported models.
pub fn foundation(model: &str) -> Option<&str> {
    let id = match model.strip_prefix("arn:") {
        None => model,
        Some(arn) => {
            let (start, id) = arn.rsplit_once('/')?;
            let (_, kind) = start.rsplit_once(':')?;
            matches!(kind, "foundation-model" | "inference-profile").then_some(id)?
        }
    };
    match id.split_once('.') {
        Some((place, foundation)) if GEOGRAPHIES.contains(&place) => Some(foundation),
        _ => Some(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_counted_as_its_foundation_model() {
        let haiku = "anthropic.claude-haiku-4-5-20251001-v1:0";
        for prefix in [
            "",
            "us.",
            "eu.",
            "apac.",
            "global.",
            "us-gov.",
            "arn:aws:bedrock:us-east-1::foundation-model/",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.",
        ] {
            assert_eq!(foundation(&format!("{prefix}{haiku}")), Some(haiku), "{prefix}");
        }
        assert_eq!(foundation("zai.glm-4.7"), Some("zai.glm-4.7"));
    }

    #[test]
    fn what_hides_its_model_has_no_foundation() {
        for kind in ["application-inference-profile", "provisioned-model", "imported-model"] {
            assert_eq!(foundation(&format!("arn:aws:bedrock:us-east-1:1:{kind}/abc")), None);
        }
        assert_eq!(foundation("arn:aws:bedrock"), None);
    }

    #[test]
    fn a_count_has_to_be_one() {
        assert_eq!(answer(br#"{"inputTokens":12}"#).unwrap(), r#"{"input_tokens":12}"#);
        assert_eq!(answer(b"{}"), Err(Fault::Answer));
    }
}
