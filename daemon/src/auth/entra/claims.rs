//! What an Entra token says, of version 1 or 2, and whether it says it to us.

use std::time::Duration;

use serde::{Deserialize, de::IgnoredAny};
use shared::{id::UserId, time::Timestamp};

use super::{Person, Refusal};
use crate::config;

/// How far Entra's clock and ours may differ.
const LEEWAY: Duration = Duration::from_mins(1);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Claims {
    iss: Option<String>,
    aud: Option<OneOrMany>,
    tid: Option<String>,
    exp: Option<u64>,
    nbf: Option<u64>,
    oid: Option<String>,
    sub: Option<String>,
    name: Option<String>,
    email: Option<String>,
    preferred_username: Option<String>,
    upn: Option<String>,
    unique_name: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) roles: Vec<String>,
    pub(super) acrs: Option<OneOrMany>,
    /// Claims that did not fit and have to be asked for elsewhere.
    #[serde(rename = "_claim_names")]
    elsewhere: Elsewhere,
    hasgroups: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Elsewhere {
    groups: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn has(&self, wanted: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::One(value) => wanted(value),
            Self::Many(values) => values.iter().any(|value| wanted(value)),
        }
    }
}

impl Claims {
    /// Checks tenant, issuer, audience and times. `v2_issuer` is what discovery names, with the tenant filled in.
    pub(super) fn check(
        &self,
        config: &config::Entra,
        v2_issuer: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let tenant = &config.tenant_id;
        if !self.tid.as_ref().is_some_and(|tid| tid.eq_ignore_ascii_case(tenant)) {
            return Err(Refusal::Tenant);
        }
        let v1_issuer = format!("https://sts.windows.net/{tenant}/");
        let is_accepted =
            |iss: &String| [v2_issuer, &v1_issuer].iter().any(|ours| iss.eq_ignore_ascii_case(ours));
        if !self.iss.as_ref().is_some_and(is_accepted) {
            return Err(Refusal::Issuer);
        }
        if !self.aud.as_ref().is_some_and(|aud| aud.has(|aud| is_us(aud, &config.client_id))) {
            return Err(Refusal::Audience);
        }
        self.check_times(now)
    }

    fn check_times(&self, now: Timestamp) -> Result<(), Refusal> {
        let exp = self.exp.map(Timestamp::from_seconds).ok_or(Refusal::Claims)?;
        if now >= exp + LEEWAY {
            return Err(Refusal::Expired);
        }
        let nbf = self.nbf.map(Timestamp::from_seconds).unwrap_or_default();
        if now + LEEWAY < nbf { Err(Refusal::NotYetValid) } else { Ok(()) }
    }

    /// Whether Entra left the groups out because there are too many of them.
    pub(super) fn is_group_overage(&self) -> bool {
        self.groups.is_empty() && (self.elsewhere.groups.is_some() || self.hasgroups.is_some())
    }

    /// The user's address. A guest's `upn` is no address: it is in our domain although the guest is not.
    pub(super) fn email(&self) -> Option<&str> {
        let named = [&self.email, &self.preferred_username, &self.upn, &self.unique_name];
        let is_address = |text: &&str| text.contains('@') && !text.to_ascii_uppercase().contains("#EXT#");
        named.into_iter().flatten().map(String::as_str).find(is_address)
    }

    /// The user; nothing if the token does not say who it is.
    pub(super) fn into_person(self) -> Option<Person> {
        let email = self.email().map(str::to_owned);
        let user = [self.oid, self.sub].into_iter().flatten().find(|id| !id.is_empty())?;
        Some(Person { user: UserId::new(user), email, name: self.name, groups: self.groups })
    }
}

/// Our client id, or the default application id URI made of it.
fn is_us(aud: &str, client_id: &str) -> bool {
    aud.strip_prefix("api://").unwrap_or(aud).eq_ignore_ascii_case(client_id)
}
