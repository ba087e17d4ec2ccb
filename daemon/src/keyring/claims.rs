//! What our access tokens say, and the rules they are read by.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::{
    id::{DeviceId, SessionId, UserId},
    time::Timestamp,
};
use uuid::Uuid;

use super::TokenError;
use crate::{config, domain::session::Identity};

/// How far the clocks of two nodes may differ: a token may be used this long before it is valid.
const SKEW: Duration = Duration::from_mins(1);
const ACCESS: &str = "access";

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    pub(super) sid: SessionId,
    jti: Uuid,
    iat: u64,
    nbf: u64,
    exp: u64,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_id: Option<DeviceId>,
}

impl Claims {
    pub(super) fn new(identity: &Identity, config: &config::Token, now: Timestamp) -> Self {
        let Identity { session, user, email, name, groups, device } = identity.clone();
        Self {
            iss: config.issuer.clone(),
            aud: config.audience.clone(),
            sub: user,
            sid: session,
            jti: Uuid::new_v4(),
            iat: now.seconds(),
            nbf: now.seconds(),
            exp: (now + config.access_ttl).seconds(),
            kind: ACCESS.to_owned(),
            email,
            name,
            groups,
            device_id: device,
        }
    }

    /// Checks everything but the end of the token's life, which has to be checked each time anyway.
    pub(super) fn check(&self, config: &config::Token, now: Timestamp) -> Result<(), TokenError> {
        if self.iss != config.issuer {
            return Err(TokenError::Issuer);
        }
        if self.aud != config.audience {
            return Err(TokenError::Audience);
        }
        if self.kind != ACCESS {
            return Err(TokenError::Type);
        }
        if (now + SKEW).seconds() < self.nbf { Err(TokenError::NotYetValid) } else { Ok(()) }
    }

    pub(super) fn expires(&self) -> Timestamp {
        Timestamp::from_seconds(self.exp)
    }
}

impl From<Claims> for Identity {
    fn from(claims: Claims) -> Self {
        let Claims { sid, sub, email, name, groups, device_id, .. } = claims;
        Self { session: sid, user: sub, email, name, groups, device: device_id }
    }
}
