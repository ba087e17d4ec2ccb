//! RSA keys. They are made once a process and shared by every simulation in it, as Entra's tenants share theirs:
//! a key is the costly part of a test.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};

use super::TENANT_ID;

static POOL: Mutex<Vec<Arc<Key>>> = Mutex::new(Vec::new());

/// What stands around the modulus in the public key of 2048 bits with exponent 65537 (RFC 8017, A.1.1).
const BEFORE_MODULUS: [u8; 9] = [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00];
const AFTER_MODULUS: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];

pub(super) struct Key {
    pub(super) id: String,
    modulus: String,
    pair: RsaKeyPair,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Key {
    /// The process's key of this number, made when it is first asked for.
    pub(super) fn nth(number: usize) -> io::Result<Arc<Self>> {
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        while pool.len() <= number {
            pool.push(Arc::new(Self::generate()?));
        }
        pool.get(number).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn generate() -> io::Result<Self> {
        let failed = || io::Error::other("an RSA key could not be generated");
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| failed())?;
        let public = pair.public_key().as_ref();
        let modulus = public.strip_prefix(&BEFORE_MODULUS).and_then(|rest| rest.strip_suffix(&AFTER_MODULUS));
        let modulus = base64(modulus.ok_or_else(failed)?);
        Ok(Self { id: base64(digest(&SHA256, public).as_ref()), modulus, pair })
    }

    /// An RS256 signature. Should signing ever fail it is empty, and no one accepts it.
    pub(super) fn sign(&self, message: &str) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed =
            self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature);
        signed.map(|()| signature).unwrap_or_default()
    }

    /// The public key as Entra publishes it (RFC 7517).
    pub(super) fn jwk(&self, issuer: &str) -> Value {
        let Self { id, modulus, .. } = self;
        json!({"kty": "RSA", "use": "sig", "kid": id, "x5t": id, "n": modulus, "e": "AQAB", "issuer": issuer})
    }

    /// The public key as a PEM file, which anyone can have.
    pub(super) fn public_pem(&self) -> String {
        let der: Result<PublicKeyX509Der<'_>, _> = self.pair.public_key().as_der();
        let der = der.map(|der| base64_simd::STANDARD.encode_to_string(der.as_ref())).unwrap_or_default();
        format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n")
    }
}

pub(super) fn base64(bytes: &[u8]) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// The issuer that Entra's key sets name.
pub(super) fn issuer(authority: &str) -> String {
    format!("{}/v2.0", authority.replace(TENANT_ID, "{tenantid}"))
}
