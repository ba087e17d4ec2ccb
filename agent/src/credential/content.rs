//! What stands in `token.json`: `access_token`, `refresh_token`, and `expires_at` in seconds since the epoch.

use serde::Deserialize;
use serde_json::json;
use shared::{secret::Secret, time::Timestamp};

use super::Credential;

/// Claude Code takes no longer line from its helper.
const LONGEST_TOKEN: usize = 16 * 1024;

#[derive(Deserialize)]
struct Content {
    access_token: Secret<String>,
    refresh_token: Secret<String>,
    /// Whole seconds, or a fraction as Python counts them.
    expires_at: f64,
}

/// What is wrong is told without a word of the content.
pub(super) fn parse(text: &[u8], written_at: Timestamp) -> Result<Credential, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    let content: Content = serde_json::from_slice(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => "a field is missing, or not what it should be",
        serde_json::error::Category::Eof => "it ends too early",
        _ => "it is no JSON",
    })?;
    let tokens = [&content.access_token, &content.refresh_token];
    if !tokens.iter().all(|token| is_token(token.expose())) {
        return Err("a token in it is none");
    }
    if !content.expires_at.is_finite() || content.expires_at < 0.0 {
        return Err("its `expires_at` is no time");
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 saturates")]
    let expires_at = Timestamp((content.expires_at * 1000.0) as u64);
    let Content { access_token, refresh_token, .. } = content;
    Ok(Credential { access_token, refresh_token, expires_at, written_at })
}

pub(super) fn text(credential: &Credential) -> String {
    let value = json!({
        "access_token": credential.access_token,
        "refresh_token": credential.refresh_token,
        "expires_at": credential.expires_at.seconds(),
    });
    format!("{value:#}\n")
}

/// One word of visible ASCII: anything else would break the line that `get-token` prints.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_TOKEN && text.bytes().all(|byte| byte.is_ascii_graphic())
}
