//! Access tokens: minted with the first key, verified with all of them.
//!
//! Invariant: a token that `verify` accepts was signed with one of our keys, for us, and has not expired. Whether
//! its session goes on is not the token's to say: ask `Caller::life`.

mod claims;
mod error;
pub(crate) mod jws;
mod ring;
mod verified;

use std::sync::Arc;

use shared::{secret::Secret, time::Timestamp};

pub use self::error::{KeyringError, TokenError};
use self::{claims::Claims, jws::Unverified, ring::Ring, verified::Verified};
use crate::{
    clock::Clock,
    config,
    domain::session::Identity,
    live::{Life, LiveSessions},
};

/// A caller with a valid access token.
#[derive(Debug)]
pub struct Caller {
    pub identity: Identity,
    pub expires: Timestamp,
    pub life: Arc<Life>,
}

/// A new access token.
#[derive(Debug)]
pub struct Minted {
    pub token: Secret<String>,
    /// Its lifetime in seconds.
    pub expires_in: u64,
}

/// The keys, and the rules of the tokens signed with them.
#[derive(Debug)]
pub struct Keyring {
    config: config::Token,
    ring: Ring,
    clock: Clock,
    live: Arc<LiveSessions>,
    verified: Verified,
}

impl Keyring {
    /// Reads the keys that the configuration names.
    pub fn new(config: &config::Token, clock: Clock, live: Arc<LiveSessions>) -> Result<Self, KeyringError> {
        let ring = Ring::load(&config.keys)?;
        Ok(Self { config: config.clone(), ring, clock, live, verified: Verified::default() })
    }

    /// Whether this node can mint: its first key is not a public one.
    pub fn can_mint(&self) -> bool {
        self.ring.can_sign()
    }

    /// A new access token for a session.
    pub fn mint(&self, identity: &Identity) -> Result<Minted, KeyringError> {
        let claims = Claims::new(identity, &self.config, self.clock.now());
        let token = Secret::new(self.ring.sign(&claims)?);
        Ok(Minted { token, expires_in: self.config.access_ttl.as_secs() })
    }

    /// Checks a token: signature, issuer, audience, times and type.
    pub fn verify(&self, token: &str) -> Result<Arc<Caller>, TokenError> {
        let now = self.clock.now();
        let caller = match self.verified.find(token) {
            Some(caller) => caller,
            None => self.verify_anew(token, now)?,
        };
        if now >= caller.expires { Err(TokenError::Expired) } else { Ok(caller) }
    }

    fn verify_anew(&self, token: &str, now: Timestamp) -> Result<Arc<Caller>, TokenError> {
        let unverified = Unverified::parse(token).ok_or(TokenError::Malformed)?;
        self.ring.check(&unverified)?;
        let claims: Claims = unverified.claims().ok_or(TokenError::Claims)?;
        claims.check(&self.config, now)?;
        let (expires, identity) = (claims.expires(), Identity::from(claims));
        let life = self.live.life(&identity, now);
        let caller = Arc::new(Caller { identity, expires, life });
        self.verified.keep(token, &caller);
        Ok(caller)
    }
}

#[cfg(test)]
mod tests;
