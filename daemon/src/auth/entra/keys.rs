//! Entra's public keys, as its discovery document leads to them.
//!
//! They are fetched again when they are older than the TTL or when a token names a key we don't know; one caller
//! fetches at a time, and not often. If Entra can't be reached, the keys we have stay in use.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use jsonwebtoken::DecodingKey;
use reqwest::Url;
use serde::Deserialize;
use shared::time::Timestamp;
use tokio::sync::Semaphore;
use tracing::{info, warn};

use super::{
    Refusal,
    fetch::{Document, FetchError, Fetcher, safe_url},
};
use crate::{clock::Clock, part::Pulse};

/// Fetches that may follow each other at once, and the time that earns another: made-up key ids must not turn
/// into traffic to Entra.
const BURST: u32 = 5;
const REGAIN: Duration = Duration::from_secs(10);
/// How long a failed fetch stands for the next one.
const PAUSE: Duration = Duration::from_secs(1);
/// In place of the tenant's id, in documents that are the same for all tenants.
const PLACEHOLDER: &str = "{tenantid}";

/// The key that a token names.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) key: DecodingKey,
    /// The issuer of version 2 tokens, as discovery names it.
    pub(super) issuer: Arc<str>,
}

#[derive(Debug)]
struct KeySet {
    issuer: Arc<str>,
    keys: HashMap<String, DecodingKey>,
    fetched: Timestamp,
}

/// What decides whether we may fetch.
#[derive(Debug)]
struct Attempts {
    /// Fetches that have ended.
    ended: u64,
    left: u32,
    last: Timestamp,
    /// When the last one failed, if it did.
    failed: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct Keys {
    fetcher: Fetcher,
    tenant: String,
    ttl: Duration,
    clock: Clock,
    current: ArcSwapOption<KeySet>,
    /// One permit: whoever has it may fetch.
    turn: Semaphore,
    attempts: Mutex<Attempts>,
    pulse: Pulse,
}

impl Keys {
    pub(super) fn new(fetcher: Fetcher, tenant: String, ttl: Duration, clock: Clock) -> Self {
        let attempts = Attempts { ended: 0, left: BURST, last: Timestamp::default(), failed: None };
        let (current, turn) = (ArcSwapOption::empty(), Semaphore::new(1));
        let (attempts, pulse) = (Mutex::new(attempts), Pulse::default());
        Self { fetcher, tenant, ttl, clock, current, turn, attempts, pulse }
    }

    pub(super) async fn warm_up(&self) {
        self.refresh().await;
    }

    /// What came of the last fetches.
    pub(super) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// How many keys there are, and when they were fetched.
    pub(super) fn fetched(&self) -> Option<(usize, Timestamp)> {
        self.current.load().as_ref().map(|set| (set.keys.len(), set.fetched))
    }

    /// The key with this id.
    pub(super) async fn find(&self, kid: &str) -> Result<Signer, Refusal> {
        let known = self.known(kid);
        let is_fresh =
            self.current.load().as_ref().is_some_and(|set| self.clock.now().since(set.fetched) < self.ttl);
        match known {
            Some(signer) if is_fresh => return Ok(signer),
            // Somebody is at it already, and what we have will do.
            Some(signer) if self.turn.available_permits() == 0 => return Ok(signer),
            _ => self.refresh().await,
        }
        self.known(kid).ok_or_else(|| self.missing())
    }

    fn known(&self, kid: &str) -> Option<Signer> {
        let set = self.current.load();
        let set = set.as_ref()?;
        set.keys.get(kid).map(|key| Signer { key: key.clone(), issuer: set.issuer.clone() })
    }

    /// Why a key is missing: Entra does not publish it, or could not be asked.
    fn missing(&self) -> Refusal {
        let never_fetched = self.current.load().is_none();
        if never_fetched || self.attempts().failed.is_some() {
            Refusal::Unavailable
        } else {
            Refusal::UnknownKey
        }
    }

    /// Fetches the keys, unless somebody else just did or it is too early.
    async fn refresh(&self) {
        let seen = self.attempts().ended;
        let Ok(_turn) = self.turn.acquire().await else { return };
        if !self.attempts().begin(seen, self.clock.now()) {
            return;
        }
        let fetched = self.fetch().await;
        self.settle(fetched);
    }

    async fn fetch(&self) -> Result<KeySet, FetchError> {
        let document = self.discover().await?.content;
        let keys = self.keys_of(&document).await?;
        Ok(KeySet { issuer: self.issuer(&document).into(), keys, fetched: self.clock.now() })
    }

    /// Where the document is that leads to the keys.
    pub(super) fn discovery(&self) -> &Url {
        &self.fetcher.discovery
    }

    pub(super) async fn discover(&self) -> Result<Document<Discovery>, FetchError> {
        self.fetcher.json(self.fetcher.discovery.clone()).await
    }

    pub(super) fn issuer(&self, document: &Discovery) -> String {
        document.issuer.replace(PLACEHOLDER, &self.tenant)
    }

    pub(super) async fn keys_of(
        &self,
        document: &Discovery,
    ) -> Result<HashMap<String, DecodingKey>, FetchError> {
        let url = safe_url(&document.jwks_uri)?;
        let set: Jwks = self.fetcher.json(url.clone()).await?.content;
        let ours = set.keys.into_iter().filter(|key| key.is_for(&self.tenant));
        let keys: HashMap<_, _> = ours.filter_map(Jwk::into_key).collect();
        if keys.is_empty() {
            return Err(FetchError::NoKey(url));
        }
        Ok(keys)
    }

    fn settle(&self, fetched: Result<KeySet, FetchError>) {
        let had_failed = self.attempts().end(fetched.is_err(), self.clock.now());
        match &fetched {
            Ok(set) => self.pulse.beat(set.fetched),
            Err(error) => self.pulse.miss(self.clock.now(), error.to_string()),
        }
        match fetched {
            Ok(set) => {
                if had_failed {
                    info!(keys = set.keys.len(), "entra reached again");
                }
                self.current.store(Some(Arc::new(set)));
            }
            Err(error) if !had_failed => {
                let cached = self.current.load().as_ref().map_or(0, |set| set.keys.len());
                warn!(%error, cached, "entra keys not fetched, cached keys stay in use");
            }
            Err(_) => {}
        }
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempts {
    /// Takes an attempt if it may be made. `seen` is how many had ended when the caller found that it needs one:
    /// one that ended since then was for the caller, too.
    fn begin(&mut self, seen: u64, now: Timestamp) -> bool {
        let regained = now.since(self.last).as_secs() / REGAIN.as_secs();
        let left = self.left.saturating_add(u32::try_from(regained).unwrap_or(BURST)).min(BURST);
        let is_paused = self.failed.is_some_and(|at| now.since(at) < PAUSE);
        if seen != self.ended || left == 0 || is_paused {
            return false;
        }
        (self.left, self.last) = (left - 1, now);
        true
    }

    /// Says whether the one before had failed.
    fn end(&mut self, has_failed: bool, now: Timestamp) -> bool {
        self.ended += 1;
        std::mem::replace(&mut self.failed, has_failed.then_some(now)).is_some()
    }
}

/// What we read of `openid-configuration` (OpenID Connect Discovery, section 3).
#[derive(Debug, Deserialize)]
pub(super) struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Debug, Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

/// A key of the set (RFC 7517). Kinds that we don't know have none of these fields.
#[derive(Debug, Deserialize)]
struct Jwk {
    kty: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
    /// Entra's own: whose tokens this key signs.
    issuer: Option<String>,
}

impl Jwk {
    fn is_for(&self, tenant: &str) -> bool {
        let names_us = |issuer: &String| {
            let issuer = issuer.to_ascii_lowercase();
            issuer.contains(PLACEHOLDER) || issuer.contains(&tenant.to_ascii_lowercase())
        };
        self.issuer.as_ref().is_none_or(names_us)
    }

    fn into_key(self) -> Option<(String, DecodingKey)> {
        let is_rsa = self.kty.as_deref() == Some("RSA") && self.purpose.as_deref().unwrap_or("sig") == "sig";
        let key = DecodingKey::from_rsa_components(&self.n?, &self.e?).ok()?;
        is_rsa.then_some((self.kid?, key))
    }
}
