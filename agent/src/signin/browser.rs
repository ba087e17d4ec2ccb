//! The browser: an authorization code with PKCE (RFC 7636), which comes back to a port of this machine that was opened
//! for it (RFC 8252, section 7.3).

mod page;
mod request;

use std::time::Duration;

use reqwest::Url;
use sha2::{Digest, Sha256};
use shared::secret::Secret;
use tokio::sync::oneshot;
use uuid::Uuid;

use self::{page::Page, request::Outcome};
use super::{
    SignInError, Token,
    entra::{Tenant, encode},
};
use crate::{os::Os, output};

/// How long somebody may take to sign in.
const PATIENCE: Duration = Duration::from_mins(5);

/// What nobody else knows of this sign-in.
#[derive(Debug)]
struct Attempt {
    /// Comes back with the answer (RFC 6749, section 10.12).
    state: String,
    /// Comes back in the ID token (OpenID Connect Core, section 3.1.2.1).
    nonce: String,
    verifier: Secret<String>,
}

pub(super) async fn sign_in(os: &dyn Os, tenant: &Tenant<'_>) -> Result<Token, SignInError> {
    let attempt = Attempt::new();
    let page = Page::open().await.map_err(SignInError::NoPort)?;
    let url = attempt.url(tenant, &page.redirect_uri)?;
    if os.open_browser(url.as_str()).is_ok() {
        output::say("sign in in your browser; if no page opens, open this one:");
    } else {
        output::say("no browser could be started; open this page in one of this machine:");
    }
    output::say(url.as_str());
    let redirect_uri = page.redirect_uri.clone();
    let (found, outcome) = oneshot::channel();
    // The page answers until the end, so that a browser that asks twice is told so.
    tokio::select! {
        never = page.serve(&attempt.state, found) => match never {},
        token = attempt.redeem(tenant, &redirect_uri, outcome) => token,
    }
}

impl Attempt {
    fn new() -> Self {
        Self { state: unguessable(), nonce: unguessable(), verifier: Secret::new(unguessable()) }
    }

    fn challenge(&self) -> String {
        base64_simd::URL_SAFE_NO_PAD.encode_to_string(Sha256::digest(self.verifier.expose().as_bytes()))
    }

    fn url(&self, tenant: &Tenant<'_>, redirect_uri: &str) -> Result<Url, SignInError> {
        let (scopes, challenge) = (tenant.scopes(), self.challenge());
        let query = encode([
            ("client_id", tenant.entra.client_id.as_str()),
            ("response_type", "code"),
            ("response_mode", "query"),
            ("redirect_uri", redirect_uri),
            ("scope", &scopes),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let url = format!("{}?{query}", tenant.endpoint("authorize"));
        Url::parse(&url).map_err(|_| SignInError::Unsayable(url))
    }

    async fn redeem(
        &self,
        tenant: &Tenant<'_>,
        redirect_uri: &str,
        outcome: oneshot::Receiver<Outcome>,
    ) -> Result<Token, SignInError> {
        let outcome = tokio::time::timeout(PATIENCE, outcome).await;
        let code = match outcome.map_err(|_| SignInError::BrowserSlow(PATIENCE))? {
            Ok(Outcome::Code(code)) => code,
            Ok(Outcome::Refused { error, description }) => {
                return Err(SignInError::refused(&error, &description));
            }
            Err(_) => return Err(SignInError::BrowserSlow(PATIENCE)),
        };
        let scopes = tenant.scopes();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.expose().as_str()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", self.verifier.expose().as_str()),
            ("scope", scopes.as_str()),
        ];
        let token = tenant.token(&fields).await?;
        self.check(&token)?;
        Ok(token)
    }

    /// An ID token that was made for another sign-in may have been slipped in. Its signature is the auth server's business.
    fn check(&self, token: &Token) -> Result<(), SignInError> {
        match token {
            Token::Id(token) if nonce(token.expose()).as_deref() != Some(&self.nonce) => {
                Err(SignInError::OtherNonce)
            }
            _ => Ok(()),
        }
    }
}

fn nonce(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let payload = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    Some(claims.get("nonce")?.as_str()?.to_owned())
}

/// 244 random bits in 64 characters, as a verifier may have (RFC 7636, section 4.1).
fn unguessable() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        let attempt = Attempt { state: String::new(), nonce: String::new(), verifier };
        assert_eq!(attempt.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn nobody_can_guess_what_comes_back() {
        let (one, other) = (Attempt::new(), Attempt::new());
        assert_ne!(one.state, other.state);
        assert_ne!(one.state, one.nonce);
        assert!((43..=128).contains(&one.verifier.expose().len()));
    }

    #[test]
    fn an_id_token_of_another_sign_in_is_refused() {
        let of = |claims: &str| {
            let payload = base64_simd::URL_SAFE_NO_PAD.encode_to_string(claims);
            Token::Id(Secret::new(format!("h.{payload}.s")))
        };
        let attempt = Attempt::new();
        assert!(attempt.check(&of(&format!(r#"{{"nonce":"{}"}}"#, attempt.nonce))).is_ok());
        for wrong in [r#"{"nonce":"x"}"#, "{}", "no json"] {
            assert!(matches!(attempt.check(&of(wrong)), Err(SignInError::OtherNonce)), "{wrong}");
        }
    }
}
