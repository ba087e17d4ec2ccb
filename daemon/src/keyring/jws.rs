//! A signed token taken apart (RFC 7515, section 7.1). Nothing in it is true until its signature was checked.

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

/// A token in its parts.
#[derive(Debug)]
pub(crate) struct Unverified<'t> {
    pub(crate) header: Header,
    message: &'t str,
    claims: &'t str,
    signature: &'t str,
}

/// What we read of a header. Other fields mean nothing to us, unless `crit` says that they must.
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
    jwk: Option<IgnoredAny>,
    jku: Option<IgnoredAny>,
    x5u: Option<IgnoredAny>,
    x5c: Option<IgnoredAny>,
    crit: Option<IgnoredAny>,
}

impl Header {
    /// The field by which the token offers the key to verify it with, if it does. A forger would.
    pub(crate) fn embedded_key(&self) -> Option<&'static str> {
        let fields = [("jwk", &self.jwk), ("jku", &self.jku), ("x5u", &self.x5u), ("x5c", &self.x5c)];
        fields.into_iter().find_map(|(name, value)| value.is_some().then_some(name))
    }
}

impl<'t> Unverified<'t> {
    /// Takes a token apart. Nothing if it is no JWS, or one with extensions that we would have to understand
    /// (RFC 7515, section 4.1.11).
    pub(crate) fn parse(token: &'t str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let header: Header = json(header)?;
        let is_plain = header.crit.is_none() && !claims.contains('.');
        is_plain.then_some(Self { header, message, claims, signature })
    }

    /// Whether this key made the signature. The header's own algorithm is not asked.
    pub(crate) fn is_signed_by(&self, key: &DecodingKey, algorithm: Algorithm) -> bool {
        let message = self.message.as_bytes();
        jsonwebtoken::crypto::verify(self.signature, message, key, algorithm).unwrap_or(false)
    }

    pub(crate) fn claims<T: DeserializeOwned>(&self) -> Option<T> {
        json(self.claims)
    }
}

fn json<T: DeserializeOwned>(part: &str) -> Option<T> {
    let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}
