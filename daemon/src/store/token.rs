//! Refresh tokens: opaque, 256 bits, known to a store only by their hash.
//!
//! A lost reply may be asked for again and must give the *same* successor, though no store ever holds a usable
//! token. So a successor is derived: HMAC-SHA256 of the presented token under a random seed that lies beside its
//! hash. Compared with sealing the successor under a key made from the presented token, this needs neither a
//! nonce nor a ciphertext, and callers that race, on one node or on many, compute the same successor before
//! anything is written. Compared with one secret for the whole server, there is nothing to keep, rotate or
//! share between nodes. The database alone yields no token, as it lacks the presented one; a token alone yields
//! no successor, as it lacks the seed. The seed is erased once the successor has been used, so that an old token
//! and a later database together don't open the family either.

use std::fmt;

use aws_lc_rs::{
    digest, hmac,
    rand::{SecureRandom, SystemRandom},
};
use shared::secret::Secret;

use super::StoreError;

/// 256 bits, as bytes.
type Bits = [u8; 32];

/// What a refresh token looks like to whoever presents it: 43 characters of base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken(Secret<String>);

impl RefreshToken {
    /// A new random token.
    pub fn generate() -> Result<Self, StoreError> {
        Ok(Self::of(&random()?))
    }

    /// A token as it was presented; whether it is known is the store's to say.
    pub fn presented(token: Secret<String>) -> Self {
        Self(token)
    }

    /// The token itself: only to send it.
    pub fn into_secret(self) -> Secret<String> {
        self.0
    }

    /// What the store knows it by. A plain hash is enough: there is nothing to guess in 256 random bits.
    pub fn hash(&self) -> TokenHash {
        let mut bits = Bits::default();
        bits.copy_from_slice(digest::digest(&digest::SHA256, self.0.expose().as_bytes()).as_ref());
        TokenHash(bits)
    }

    /// The token that follows this one.
    pub(super) fn successor(&self, seed: &Seed) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &seed.0);
        let mut bits = Bits::default();
        bits.copy_from_slice(hmac::sign(&key, self.0.expose().as_bytes()).as_ref());
        Self::of(&bits)
    }

    fn of(bits: &Bits) -> Self {
        Self(Secret::new(base64_simd::URL_SAFE_NO_PAD.encode_to_string(bits)))
    }
}

/// SHA-256 of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub(super) Bits);

/// What makes a token's successor unguessable to whoever holds the token.
pub(super) struct Seed(pub(super) Bits);

impl Seed {
    pub(super) fn generate() -> Result<Self, StoreError> {
        random().map(Self)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

fn random() -> Result<Bits, StoreError> {
    let mut bits = Bits::default();
    SystemRandom::new()
        .fill(&mut bits)
        .map_err(|_| StoreError::Failed("the system gives no random numbers".to_owned()))?;
    Ok(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_and_its_seed_have_one_successor() {
        let (token, seed) = (RefreshToken::generate().unwrap(), Seed::generate().unwrap());
        let successor = token.successor(&seed);
        assert_eq!(token.successor(&seed), successor);
        assert_ne!(token.successor(&Seed::generate().unwrap()), successor);
        assert_ne!(RefreshToken::generate().unwrap().successor(&seed), successor);
        assert_eq!(successor.clone().into_secret().expose().len(), 43);
        assert_ne!(successor.hash(), token.hash());
    }

    #[test]
    fn neither_token_nor_seed_is_printed() {
        let (token, seed) = (RefreshToken::generate().unwrap(), Seed([7; 32]));
        assert_eq!(format!("{token:?} {seed:?}"), "RefreshToken([secret]) [secret]");
    }
}
