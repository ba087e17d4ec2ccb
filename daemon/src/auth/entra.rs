//! Sign-in tokens of Microsoft Entra ID: who is this, and may they come in?
//!
//! Invariant: a `Person` comes only from a token that Entra signed for our application and for a user of our
//! tenant, who passes every admission rule. What a token says about how to check it is never believed.

mod admission;
mod claims;
mod fetch;
mod health;
mod keys;
mod probe;
mod refusal;

use std::sync::Arc;

use arc_swap::ArcSwap;
use jsonwebtoken::Algorithm;
use shared::id::UserId;

use self::{claims::Claims, fetch::Fetcher, keys::Keys};
pub use self::{
    fetch::EntraError,
    probe::{Discovered, Probe, Trouble},
    refusal::Refusal,
};
use crate::{
    clock::Clock,
    config,
    keyring::jws::{Header, Unverified},
};

/// A user, as Entra knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub user: UserId,
    pub email: Option<String>,
    pub name: Option<String>,
    /// Object ids, or names where the application is configured so.
    pub groups: Vec<String>,
}

/// Our view of one tenant.
#[derive(Debug)]
pub struct Entra {
    config: ArcSwap<config::Entra>,
    clock: Clock,
    keys: Keys,
}

impl Entra {
    /// Prepares the client; nothing is fetched yet.
    pub fn new(config: config::Entra, clock: Clock) -> Result<Self, EntraError> {
        let fetcher = Fetcher::new(&config.authority)?;
        let keys = Keys::new(fetcher, config.tenant_id.clone(), config.cache_ttl, clock.clone());
        Ok(Self { config: ArcSwap::from_pointee(config), clock, keys })
    }

    /// Admits by the rules of another configuration from now on; tenant, application and keys stay.
    pub fn admit_by(&self, rules: &config::Entra) {
        let config::Entra { required_groups, required_roles, email_domains, auth_context, .. } =
            rules.clone();
        let old = config::Entra::clone(&self.config.load());
        let new = config::Entra { required_groups, required_roles, email_domains, auth_context, ..old };
        self.config.store(Arc::new(new));
    }

    /// Fetches the keys ahead of the first sign-in, so that it need not wait, and works even if Entra is down by
    /// then. A failure is logged; the first sign-in tries again.
    pub async fn warm_up(&self) {
        self.keys.warm_up().await;
    }

    /// Checks an ID token for our application, or an access token for our API.
    pub async fn verify(&self, token: &str) -> Result<Person, Refusal> {
        let token = Unverified::parse(token).ok_or(Refusal::Malformed)?;
        check_header(&token.header)?;
        let kid = token.header.kid.as_deref().ok_or(Refusal::UnknownKey)?;
        let signer = self.keys.find(kid).await?;
        if !token.is_signed_by(&signer.key, Algorithm::RS256) {
            return Err(Refusal::Signature);
        }
        let claims: Claims = token.claims().ok_or(Refusal::Claims)?;
        let config = self.config.load();
        claims.check(&config, &signer.issuer, self.clock.now())?;
        admission::check(&config, &claims)?;
        claims.into_person().ok_or(Refusal::MissingSubject)
    }
}

fn check_header(header: &Header) -> Result<(), Refusal> {
    if let Some(field) = header.embedded_key() {
        return Err(Refusal::EmbeddedKey(field));
    }
    match header.alg.as_str() {
        "RS256" => Ok(()),
        none if none.eq_ignore_ascii_case("none") => Err(Refusal::Unsigned),
        _ => Err(Refusal::Algorithm),
    }
}

#[cfg(test)]
mod tests;
