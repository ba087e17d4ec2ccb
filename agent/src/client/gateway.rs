//! The gateway, as far as the agent asks it anything: whether it takes a token.

use std::time::Duration;

use reqwest::{Client, StatusCode, Url};
use shared::secret::Secret;
use tokio::time::timeout;

use super::below;

/// Somebody waits for the token, and it is probably a good one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether it clearly says no. A gateway that does not answer has not said so.
pub async fn refuses(client: &Client, base: &Url, token: &Secret<String>) -> bool {
    // It needs a token, and costs the gateway and Bedrock nothing.
    let request = client.get(below(base, "v1/models")).bearer_auth(token.expose());
    let answer = timeout(PATIENCE, request.send()).await;
    matches!(answer, Ok(Ok(answer)) if answer.status() == StatusCode::UNAUTHORIZED)
}
