//! A token before it is signed, and the ways to make one that must be refused.

use std::sync::Arc;

use aws_lc_rs::hmac;
use serde_json::{Map, Value, json};

use super::{
    STRANGER,
    key::{Key, base64},
};

/// Bad tokens, each wrong in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgery {
    WrongTenant,
    WrongAudience,
    WrongIssuer,
    Expired,
    NotYetValid,
    UnknownKey,
    WrongSignature,
    /// `alg` is `none` and the signature empty.
    Unsigned,
    /// HS256, with Entra's public key taken for a shared secret.
    PublicKeyAsSecret,
    /// Signed with a key that the token itself brings.
    EmbeddedJwk,
    /// Signed with a key that is to be fetched from where the token says.
    EmbeddedJku,
    EmbeddedX5u,
    MissingSubject,
    /// Correct, but for a rule that asks for a group.
    MissingGroup,
    /// Groups left out because there are too many.
    GroupOverage,
}

impl Forgery {
    pub const ALL: [Self; 15] = [
        Self::WrongTenant,
        Self::WrongAudience,
        Self::WrongIssuer,
        Self::Expired,
        Self::NotYetValid,
        Self::UnknownKey,
        Self::WrongSignature,
        Self::Unsigned,
        Self::PublicKeyAsSecret,
        Self::EmbeddedJwk,
        Self::EmbeddedJku,
        Self::EmbeddedX5u,
        Self::MissingSubject,
        Self::MissingGroup,
        Self::GroupOverage,
    ];
}

/// A token before it is signed.
#[derive(Debug, Clone)]
pub struct Draft {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    key: Option<Arc<Key>>,
}

impl Draft {
    pub(super) fn new(claims: Map<String, Value>, key: Option<Arc<Key>>) -> Self {
        let draft = Self { header: Map::new(), claims, key: None };
        draft.header("alg", "RS256").header("typ", "JWT").with_key(key)
    }

    /// Sets a claim; `null` removes it.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.claims, name, value.into());
        self
    }

    /// Sets a field of the header; `null` removes it.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.header, name, value.into());
        self
    }

    /// The token, signed by Entra.
    pub fn sign(&self) -> String {
        let message = self.message();
        let signature = self.key.as_ref().map(|key| key.sign(&message)).unwrap_or_default();
        format!("{message}.{}", base64(&signature))
    }

    /// The token, made wrong.
    pub fn forge(self, forgery: Forgery) -> String {
        let other = "5a11b047-0000-4000-8000-00000000bad0";
        match forgery {
            Forgery::WrongTenant => {
                self.claim("iss", format!("https://sts.windows.net/{other}/")).claim("tid", other).sign()
            }
            Forgery::WrongAudience => self.claim("aud", format!("api://{other}")).sign(),
            Forgery::WrongIssuer => self.claim("iss", "https://login.example.com/v2.0").sign(),
            Forgery::Expired => self.shifted(-7200).sign(),
            Forgery::NotYetValid => self.shifted(7200).sign(),
            Forgery::MissingSubject => self.claim("oid", Value::Null).claim("sub", Value::Null).sign(),
            Forgery::MissingGroup => self.claim("groups", Value::Null).sign(),
            Forgery::GroupOverage => {
                let elsewhere = json!({ "src1": { "endpoint": "https://graph.microsoft.com/v1.0/me" } });
                let names = json!({ "groups": "src1" });
                let draft = self.claim("groups", Value::Null).claim("_claim_names", names);
                draft.claim("_claim_sources", elsewhere).sign()
            }
            _ => self.forge_signature(forgery),
        }
    }

    fn forge_signature(self, forgery: Forgery) -> String {
        let stranger = Key::nth(STRANGER).ok();
        let jwk = stranger.as_ref().map(|key| key.jwk("https://login.example.com")).unwrap_or_default();
        let keys = "https://login.example.com/keys";
        match forgery {
            Forgery::Unsigned => format!("{}.", self.header("alg", "none").message()),
            Forgery::PublicKeyAsSecret => self.sign_with_public_key(),
            Forgery::WrongSignature => {
                let kid = self.header.get("kid").cloned().unwrap_or_default();
                self.with_key(stranger).header("kid", kid).sign()
            }
            Forgery::EmbeddedJwk => self.with_key(stranger).header("jwk", jwk).sign(),
            Forgery::EmbeddedJku => self.with_key(stranger).header("jku", keys).sign(),
            Forgery::EmbeddedX5u => self.with_key(stranger).header("x5u", keys).sign(),
            _ => self.with_key(stranger).sign(),
        }
    }

    fn sign_with_public_key(self) -> String {
        let secret = self.key.as_ref().map(|key| key.public_pem()).unwrap_or_default();
        let message = self.header("alg", "HS256").message();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        format!("{message}.{}", base64(hmac::sign(&key, message.as_bytes()).as_ref()))
    }

    fn with_key(self, key: Option<Arc<Key>>) -> Self {
        let id = key.as_ref().map(|key| key.id.clone());
        Self { key, ..self.header("kid", id) }
    }

    fn shifted(mut self, seconds: i64) -> Self {
        for name in ["iat", "nbf", "exp"] {
            let time = self.claims.get(name).and_then(Value::as_u64).unwrap_or_default();
            self = self.claim(name, time.saturating_add_signed(seconds));
        }
        self
    }

    fn message(&self) -> String {
        let part = |map: &Map<String, Value>| base64(&serde_json::to_vec(map).unwrap_or_default());
        format!("{}.{}", part(&self.header), part(&self.claims))
    }
}

fn set(map: &mut Map<String, Value>, name: &str, value: Value) {
    if value.is_null() {
        map.remove(name);
    } else {
        map.insert(name.to_owned(), value);
    }
}
