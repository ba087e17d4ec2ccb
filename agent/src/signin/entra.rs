//! Entra's endpoints (version 2) and how it refuses.

use reqwest::{Client, header};
use serde::{Deserialize, de::DeserializeOwned};
use shared::secret::Secret;

use super::{SignInError, Token};
use crate::{
    client::{Server, below, exchange},
    config,
};

/// What an ID token takes, and nothing else: the session is ours, not Entra's.
const SCOPES: &str = "openid profile email";

#[derive(Debug, Clone, Copy)]
pub(super) struct Tenant<'a> {
    pub(super) client: &'a Client,
    pub(super) entra: &'a config::Entra,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: Option<Secret<String>>,
    access_token: Option<Secret<String>>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Tenant<'_> {
    pub(super) fn endpoint(&self, name: &str) -> String {
        below(&self.entra.authority, &format!("oauth2/v2.0/{name}"))
    }

    /// Those that were configured, and always the one that brings an ID token.
    pub(super) fn scopes(&self) -> String {
        match &self.entra.scopes {
            Some(scopes) if scopes.split_whitespace().any(|scope| scope == "openid") => scopes.clone(),
            Some(scopes) => format!("openid {scopes}"),
            None => SCOPES.to_owned(),
        }
    }

    /// Redeems a grant.
    pub(super) async fn token(&self, fields: &[(&str, &str)]) -> Result<Token, SignInError> {
        let tokens: Tokens = self.post("token", fields).await?;
        let id = tokens.id_token.map(Token::Id);
        id.or(tokens.access_token.map(Token::Access)).ok_or(SignInError::NoToken)
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        endpoint: &str,
        fields: &[(&str, &str)],
    ) -> Result<T, SignInError> {
        let form = [("client_id", self.entra.client_id.as_str())].into_iter().chain(fields.iter().copied());
        let request = self.client.post(self.endpoint(endpoint));
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = exchange(Server::Entra, request.body(encode(form))).await?;
        if answer.status.is_success() {
            return Ok(answer.json(Server::Entra)?);
        }
        let refused: Refused = answer.json(Server::Entra)?;
        Err(SignInError::refused(&refused.error, &refused.error_description))
    }
}

/// Fields as a form or a query writes them.
pub(super) fn encode<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
