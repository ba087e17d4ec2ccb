//! The key that releases are signed with (OpenPGP, RFC 9580): read from a file, and checked to be one that may sign.

use std::fmt;

use pgp::{
    composed::{Deserializable, SignedPublicKey, SignedPublicSubKey},
    packet::{Signature, SignatureType},
    types::{KeyDetails, Tag},
};
use thiserror::Error;

use crate::time::Timestamp;

/// Anthropic's key, as <https://downloads.claude.ai/keys/claude-code.asc> has it.
const OFFICIAL: &[u8] = include_bytes!("claude-code.asc");
const OFFICIAL_FINGERPRINT: &str = "31DDDE24DDFAB679F42D7BD2BAA929FF1A7ECACE";

/// The fingerprint of a key, in upper-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

/// A key whose signatures count.
#[derive(Debug, Clone)]
pub struct Key {
    pub(super) certificate: SignedPublicKey,
    fingerprint: Fingerprint,
    user: Option<String>,
    is_signer: bool,
    expires: Option<Timestamp>,
    is_revoked: bool,
}

/// Why a key is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadKey {
    #[error("this is not an OpenPGP public key: {0}")]
    Unreadable(String),
    #[error("there are {0} keys where one belongs; hint: export the signer's key alone")]
    NotOne(usize),
    #[error("the key {0} does not sign itself, so nothing is known of it")]
    Unsigned(Fingerprint),
    #[error("the embedded key is {0}, not the one that is pinned")]
    NotPinned(Fingerprint),
}

impl Fingerprint {
    pub(super) fn of(key: &impl KeyDetails) -> Self {
        Self(format!("{:X}", key.fingerprint()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Key {
    /// The key of the official releases.
    pub fn official() -> Result<Self, BadKey> {
        let key = Self::parse(OFFICIAL)?;
        if key.fingerprint.0 == OFFICIAL_FINGERPRINT {
            Ok(key)
        } else {
            Err(BadKey::NotPinned(key.fingerprint))
        }
    }

    /// Reads one key, armored or binary.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadKey> {
        let unreadable = |error: pgp::errors::Error| BadKey::Unreadable(error.to_string());
        let (keys, _) = SignedPublicKey::from_reader_many(bytes).map_err(unreadable)?;
        let mut keys = keys.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        match (keys.pop(), keys.len()) {
            (Some(certificate), 0) => Self::new(certificate),
            (last, rest) => Err(BadKey::NotOne(rest + usize::from(last.is_some()))),
        }
    }

    fn new(certificate: SignedPublicKey) -> Result<Self, BadKey> {
        let fingerprint = Fingerprint::of(&certificate);
        let Some(newest) = newest(self_signatures(&certificate)) else {
            return Err(BadKey::Unsigned(fingerprint));
        };
        let revocations = &certificate.details.revocation_signatures;
        Ok(Self {
            user: certificate
                .details
                .users
                .first()
                .map(|user| user.id.id().to_vec())
                .and_then(|id| String::from_utf8(id).ok()),
            is_signer: newest.key_flags().sign(),
            expires: end(&certificate.primary_key, newest),
            is_revoked: revocations.iter().any(|one| one.verify_key(&certificate.primary_key).is_ok()),
            certificate,
            fingerprint,
        })
    }

    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Whose key it says it is.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    pub fn is_revoked(&self) -> bool {
        self.is_revoked
    }

    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Whether its primary key may sign data.
    pub(super) fn is_signer(&self) -> bool {
        self.is_signer
    }

    /// Its subkeys that may sign data at this moment: bound by the primary key and in turn, not revoked, not expired.
    pub(super) fn signing_subkeys(&self, now: Timestamp) -> impl Iterator<Item = &SignedPublicSubKey> {
        let primary = &self.certificate.primary_key;
        self.certificate.public_subkeys.iter().filter(move |subkey| {
            let valid = || {
                subkey.signatures.iter().filter(|one| one.verify_subkey_binding(primary, &subkey.key).is_ok())
            };
            let is_revoked = valid().any(|one| one.typ() == Some(SignatureType::SubkeyRevocation));
            let binding = newest(valid().filter(|one| one.typ() == Some(SignatureType::SubkeyBinding)));
            !is_revoked
                && binding.is_some_and(|binding| {
                    let back = binding.embedded_signature();
                    binding.key_flags().sign()
                        && end(&subkey.key, binding).is_none_or(|end| now < end)
                        && back
                            .is_some_and(|back| back.verify_primary_key_binding(&subkey.key, primary).is_ok())
                })
        })
    }
}

/// What a key says of itself, as far as it really does: signatures of others do not count.
fn self_signatures(certificate: &SignedPublicKey) -> impl Iterator<Item = &Signature> {
    let (primary, details) = (&certificate.primary_key, &certificate.details);
    let direct = details.direct_signatures.iter().filter(move |one| one.verify_key(primary).is_ok());
    let of_users = details.users.iter().flat_map(move |user| {
        let own = move |one: &&Signature| one.verify_certification(primary, Tag::UserId, &user.id).is_ok();
        user.signatures.iter().filter(|one| one.typ() != Some(SignatureType::CertRevocation)).filter(own)
    });
    direct.chain(of_users)
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|signature| signature.created())
}

/// When a key ends, by what is said of it.
fn end(key: &impl KeyDetails, said: &Signature) -> Option<Timestamp> {
    let lasts =
        said.key_expiration_time().map(pgp::types::Duration::as_secs).filter(|seconds| *seconds > 0)?;
    Some(Timestamp::from_seconds(u64::from(key.created_at().as_secs()) + u64::from(lasts)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_key_is_the_pinned_one_and_signs() {
        let key = Key::official().unwrap();
        assert_eq!(key.fingerprint().to_string(), OFFICIAL_FINGERPRINT);
        assert_eq!(key.user(), Some("Anthropic Claude Code Release Signing <security@anthropic.com>"));
        assert!(key.is_signer() && !key.is_revoked() && key.expires().is_none());
    }

    #[test]
    fn a_key_is_read_armored_and_binary() {
        let armored = Key::parse(include_bytes!("../../tests/release/signer.key.asc")).unwrap();
        let binary = Key::parse(include_bytes!("../../tests/release/signer.key")).unwrap();
        assert_eq!(armored.fingerprint(), binary.fingerprint());
        assert_eq!(binary.fingerprint().to_string(), "122CEE408A8DE4C8A5DAA8ED939B6FF57D3D3213");
    }

    #[test]
    fn an_end_and_a_revocation_are_seen() {
        let expired = Key::parse(include_bytes!("../../tests/release/expired.key")).unwrap();
        assert_eq!(expired.expires().unwrap().to_string(), "2024-01-31 00:00 UTC");
        let revoked = Key::parse(include_bytes!("../../tests/release/revoked.key")).unwrap();
        assert!(revoked.is_revoked());
    }

    #[test]
    fn several_keys_and_no_key_are_refused() {
        assert_eq!(Key::parse(include_bytes!("../../tests/release/two.key")).unwrap_err(), BadKey::NotOne(2));
        for bytes in [
            &b""[..],
            b"<html></html>",
            b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n",
        ] {
            assert!(Key::parse(bytes).is_err());
        }
    }

    #[test]
    fn a_key_that_was_tampered_with_says_nothing_of_itself() {
        let mut bytes = include_bytes!("../../tests/release/signer.key").to_vec();
        // The last byte belongs to the only self-signature.
        *bytes.last_mut().unwrap() ^= 1;
        assert!(matches!(Key::parse(&bytes), Err(BadKey::Unsigned(_))));
    }
}
