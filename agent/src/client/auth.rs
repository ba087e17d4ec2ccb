//! The auth server: a token of Entra becomes a session, a session is refreshed, a session ends.

use reqwest::{Client, RequestBuilder, Url};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use shared::{
    api::auth::{ErrorAnswer, RefreshRequest, TokenAnswer, VerifyRequest},
    secret::Secret,
};

use super::{ClientError, Refusal, Server, below, exchange};

#[derive(Debug, Clone)]
pub struct AuthServer {
    client: Client,
    base: Url,
}

impl AuthServer {
    pub fn new(client: Client, base: Url) -> Self {
        Self { client, base }
    }

    /// Opens a session.
    pub async fn verify(&self, request: &VerifyRequest) -> Result<TokenAnswer, ClientError> {
        self.post("auth/verify", request).await
    }

    /// Exchanges a refresh token, which is worth nothing from then on.
    pub async fn refresh(&self, refresh_token: &Secret<String>) -> Result<TokenAnswer, ClientError> {
        self.post("auth/refresh", &RefreshRequest { refresh_token: refresh_token.clone() }).await
    }

    /// Ends the session.
    pub async fn logout(&self, refresh_token: &Secret<String>) -> Result<(), ClientError> {
        let _: Value =
            self.post("auth/logout", &RefreshRequest { refresh_token: refresh_token.clone() }).await?;
        Ok(())
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        answer(self.client.post(below(&self.base, path)).json(body)).await
    }
}

async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ClientError> {
    let answer = exchange(Server::Auth, request).await?;
    if answer.status.is_success() {
        return answer.json(Server::Auth);
    }
    let said: ErrorAnswer = answer.json(Server::Auth)?;
    let refusal = Refusal { status: answer.status, code: said.error, sentence: said.error_description };
    Err(if answer.status.is_server_error() {
        ClientError::Ailing(refusal)
    } else {
        ClientError::Refused(refusal)
    })
}
