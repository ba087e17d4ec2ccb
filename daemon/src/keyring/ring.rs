//! The keys themselves: HS256 secrets, or an Ed25519 ring in which the token's `kid` names the key.
//!
//! Invariant: the algorithm is the ring's, never the token's, so that one kind of key can't be taken for another.

use std::{fs, path::Path};

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{Ed25519KeyPair, KeyPair},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer, pem::PemObject};
use serde::Serialize;
use shared::secret::Secret;

use super::{KeyringError, TokenError, jws::Unverified};
use crate::config::SigningKeys;

/// What stands before the 32 bytes of an Ed25519 key in its SPKI (RFC 8410, section 4).
pub(super) const SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// All keys; the first signs if it can.
#[derive(Debug)]
pub(super) struct Ring {
    algorithm: Algorithm,
    signing: Option<EncodingKey>,
    keys: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    /// Secrets have no id: all of them are tried.
    id: Option<String>,
    verifying: DecodingKey,
}

impl Ring {
    pub(super) fn load(keys: &SigningKeys) -> Result<Self, KeyringError> {
        let (algorithm, pairs) = match keys {
            SigningKeys::Shared(secrets) => (Algorithm::HS256, secrets.iter().map(shared).collect()),
            SigningKeys::Ed25519(files) => {
                let pairs = files.iter().map(|path| ed25519(path)).collect::<Result<Vec<_>, _>>()?;
                (Algorithm::EdDSA, pairs)
            }
        };
        let (mut signing, keys): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        if keys.is_empty() {
            return Err(KeyringError::NoKey);
        }
        Ok(Self { algorithm, signing: signing.swap_remove(0), keys })
    }

    pub(super) fn can_sign(&self) -> bool {
        self.signing.is_some()
    }

    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String, KeyringError> {
        let key = self.signing.as_ref().ok_or(KeyringError::VerifyOnly)?;
        let mut header = Header::new(self.algorithm);
        header.kid = self.keys.first().and_then(|key| key.id.clone());
        jsonwebtoken::encode(&header, claims, key).map_err(|_| KeyringError::Signing)
    }

    /// Checks the signature.
    pub(super) fn check(&self, token: &Unverified<'_>) -> Result<(), TokenError> {
        if token.header.embedded_key().is_some() {
            return Err(TokenError::Malformed);
        }
        if token.header.alg.parse() != Ok(self.algorithm) {
            return Err(TokenError::Algorithm);
        }
        let kid = token.header.kid.as_ref();
        let mut candidates =
            self.keys.iter().filter(|key| key.id.is_none() || key.id.as_ref() == kid).peekable();
        if candidates.peek().is_none() {
            return Err(TokenError::UnknownKey);
        }
        let is_ours = candidates.any(|key| token.is_signed_by(&key.verifying, self.algorithm));
        if is_ours { Ok(()) } else { Err(TokenError::Signature) }
    }
}

type Pair = (Option<EncodingKey>, Key);

fn shared(secret: &Secret<String>) -> Pair {
    let secret = secret.expose().as_bytes();
    let key = Key { id: None, verifying: DecodingKey::from_secret(secret) };
    (Some(EncodingKey::from_secret(secret)), key)
}

fn ed25519(path: &Path) -> Result<Pair, KeyringError> {
    let pem = fs::read(path).map_err(|error| KeyringError::File { path: path.to_owned(), error })?;
    let pair = match PrivatePkcs8KeyDer::from_pem_slice(&pem) {
        Ok(private) => private_key(private.secret_pkcs8_der()),
        Err(_) => public_key(&pem),
    };
    pair.ok_or_else(|| KeyringError::NotEd25519(path.to_owned()))
}

fn private_key(pkcs8: &[u8]) -> Option<Pair> {
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
    Some((Some(EncodingKey::from_ed_der(pkcs8)), named(pair.public_key().as_ref())))
}

fn public_key(pem: &[u8]) -> Option<Pair> {
    let spki = SubjectPublicKeyInfoDer::from_pem_slice(pem).ok()?;
    let public = spki.strip_prefix(&SPKI_PREFIX)?;
    (public.len() == 32).then(|| (None, named(public)))
}

/// A key under its JWK thumbprint (RFC 7638), which every node computes alike.
fn named(public: &[u8]) -> Key {
    let x = base64_simd::URL_SAFE_NO_PAD.encode_to_string(public);
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let id = base64_simd::URL_SAFE_NO_PAD.encode_to_string(digest(&SHA256, jwk.as_bytes()));
    Key { id: Some(id), verifying: DecodingKey::from_ed_der(public) }
}
