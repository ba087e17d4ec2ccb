//! The detached signature of a manifest (OpenPGP, RFC 9580, section 10.4): binary or armored.
//!
//! Invariant: nothing verifies unless the pinned key, or a subkey that it vouches for, signed exactly these bytes by a
//! hash that still holds, and both are valid now.

use std::time::Duration;

use pgp::{
    composed::{Deserializable, DetachedSignature},
    crypto::hash::HashAlgorithm,
    packet::{Signature, SignatureType},
    types::{KeyDetails, VerifyingKey},
};
use thiserror::Error;

use super::key::{Fingerprint, Key};
use crate::time::Timestamp;

/// How far the signer's clock may be ahead of ours.
const CLOCK_SKEW: Duration = Duration::from_hours(24);

/// Who signed, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The pinned key, also if one of its subkeys signed.
    pub key: Fingerprint,
    pub at: Timestamp,
}

/// Why a signature is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadSignature {
    #[error("this is not an OpenPGP signature: {0}")]
    Unreadable(String),
    #[error("it was made by the key {found}, not by {pinned}")]
    OtherKey { pinned: Fingerprint, found: String },
    #[error("the key {0} has been revoked")]
    KeyRevoked(Fingerprint),
    #[error("the key {key} expired on {at}")]
    KeyExpired { key: Fingerprint, at: Timestamp },
    #[error("it is of a kind that is not accepted: {0}")]
    Kind(String),
    #[error("it is dated {0}, which lies ahead; hint: check this machine's clock")]
    Early(Timestamp),
    #[error("it expired on {0}")]
    Expired(Timestamp),
    #[error("it does not fit: what was signed are other bytes")]
    Broken,
}

impl Key {
    /// Verifies that this key signed these bytes. Of several signatures, those of other keys do not count.
    pub fn verify(&self, signed: &[u8], signature: &[u8], now: Timestamp) -> Result<Signer, BadSignature> {
        let signatures = read(signature)?;
        self.holds(now)?;
        let mut outcome = Err(self.other_key(&signatures));
        for signature in &signatures {
            match self.check(signed, signature, now) {
                Some(Ok(found)) => return Ok(found),
                Some(refused) => outcome = refused,
                None => {}
            }
        }
        outcome
    }

    /// Whether anything that it signed can be good at this moment.
    pub fn holds(&self, now: Timestamp) -> Result<(), BadSignature> {
        if self.is_revoked() {
            return Err(BadSignature::KeyRevoked(self.fingerprint().clone()));
        }
        match self.expires().filter(|at| *at <= now) {
            Some(at) => Err(BadSignature::KeyExpired { key: self.fingerprint().clone(), at }),
            None => Ok(()),
        }
    }

    /// Nothing if another key made it.
    fn check(
        &self,
        signed: &[u8],
        signature: &Signature,
        now: Timestamp,
    ) -> Option<Result<Signer, BadSignature>> {
        let primary =
            Some(&self.certificate.primary_key).filter(|key| self.is_signer() && made_by(signature, *key));
        let subkey = self.signing_subkeys(now).map(|subkey| &subkey.key).find(|key| made_by(signature, *key));
        let fits = match (primary, subkey) {
            (Some(key), _) => verifies(signature, key, signed),
            (None, Some(key)) => verifies(signature, key, signed),
            (None, None) => return None,
        };
        let at = is_acceptable(signature, now);
        Some(at.and_then(|at| {
            if fits { Ok(Signer { key: self.fingerprint().clone(), at }) } else { Err(BadSignature::Broken) }
        }))
    }

    fn other_key(&self, signatures: &[Signature]) -> BadSignature {
        let found = signatures.iter().map(issuer).collect::<Vec<_>>().join(", ");
        BadSignature::OtherKey { pinned: self.fingerprint().clone(), found }
    }
}

fn read(bytes: &[u8]) -> Result<Vec<Signature>, BadSignature> {
    let unreadable = |error: pgp::errors::Error| BadSignature::Unreadable(error.to_string());
    let (signatures, _) = DetachedSignature::from_reader_many(bytes).map_err(unreadable)?;
    let signatures =
        signatures.map(|one| Ok(one?.signature)).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if signatures.is_empty() {
        return Err(BadSignature::Unreadable("there is none in it".to_owned()));
    }
    Ok(signatures)
}

fn made_by(signature: &Signature, key: &impl KeyDetails) -> bool {
    signature.issuer_fingerprint().contains(&&key.fingerprint())
        || signature.issuer_key_id().contains(&&key.legacy_key_id())
}

fn issuer(signature: &Signature) -> String {
    let fingerprint = signature.issuer_fingerprint().first().map(|one| format!("{one:X}"));
    let id = || signature.issuer_key_id().first().map(|id| id.to_string().to_uppercase());
    fingerprint.or_else(id).unwrap_or_else(|| "of nobody".to_owned())
}

fn verifies(signature: &Signature, key: &impl VerifyingKey, signed: &[u8]) -> bool {
    signature.verify(key, signed).is_ok()
}

/// When it was made, if its kind, its hash and its times are such as we take.
fn is_acceptable(signature: &Signature, now: Timestamp) -> Result<Timestamp, BadSignature> {
    if signature.typ() != Some(SignatureType::Binary) {
        return Err(BadSignature::Kind("not over a document's bytes".to_owned()));
    }
    match signature.hash_alg() {
        Some(HashAlgorithm::Sha256 | HashAlgorithm::Sha384 | HashAlgorithm::Sha512) => {}
        Some(weak) => return Err(BadSignature::Kind(format!("by the hash {weak}"))),
        None => return Err(BadSignature::Kind("without a hash".to_owned())),
    }
    let made = signature.created().ok_or_else(|| BadSignature::Kind("without a date".to_owned()))?;
    let made = Timestamp::from_seconds(u64::from(made.as_secs()));
    if made > now + CLOCK_SKEW {
        return Err(BadSignature::Early(made));
    }
    let lasts = signature.signature_expiration_time().map(|lasts| u64::from(lasts.as_secs()));
    match lasts.filter(|seconds| *seconds > 0).map(|seconds| made + Duration::from_secs(seconds)) {
        Some(end) if end <= now => Err(BadSignature::Expired(end)),
        _ => Ok(made),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &[u8] = include_bytes!("../../tests/release/manifest-2.1.209.json");
    /// 24 November 2026, 20:00 UTC, some hours after the signatures were made.
    const NOW: Timestamp = Timestamp(1_795_550_400_000);

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/release/", $name)).as_slice()
        };
    }

    fn key(bytes: &[u8]) -> Key {
        Key::parse(bytes).unwrap()
    }

    fn signer(signature: &[u8]) -> Result<Signer, BadSignature> {
        key(fixture!("signer.key")).verify(SIGNED, signature, NOW)
    }

    #[test]
    fn a_good_signature_verifies_binary_and_armored() {
        let key = key(fixture!("signer.key"));
        for signature in [fixture!("signer.sig"), fixture!("signer.asc")] {
            let signer = key.verify(SIGNED, signature, NOW).unwrap();
            assert_eq!(&signer.key, key.fingerprint());
            assert!(signer.at < NOW);
        }
    }

    #[test]
    fn a_changed_byte_of_what_was_signed_is_noticed() {
        let key = key(fixture!("other.key"));
        for at in (0..SIGNED.len()).step_by(97).chain([SIGNED.len() - 1]) {
            let mut changed = SIGNED.to_vec();
            changed[at] ^= 1;
            let outcome = key.verify(&changed, fixture!("other.sig"), NOW);
            assert_eq!(outcome, Err(BadSignature::Broken), "byte {at}");
        }
    }

    #[test]
    fn a_changed_signature_never_verifies() {
        let good = fixture!("signer.sig");
        for at in (0..good.len()).step_by(3) {
            let mut changed = good.to_vec();
            changed[at] ^= 0x10;
            // What is not signed may change: the signature itself still holds then.
            let verified = signer(&changed);
            assert!(verified.is_err() || verified == signer(good), "byte {at}");
        }
        assert!(signer(&good[..good.len() - 1]).is_err());
    }

    #[test]
    fn the_signature_of_another_key_is_refused() {
        let error = signer(fixture!("other.sig")).unwrap_err().to_string();
        assert_eq!(
            error,
            "it was made by the key 17E8C21E55B165C1B5157E8F18488B2CAEFCB26B, not by 122CEE408A8DE4C8A5DAA8ED939B6FF57D3D3213"
        );
    }

    #[test]
    fn of_several_signatures_the_one_of_the_pinned_key_counts() {
        assert!(signer(fixture!("both.sig")).is_ok());
    }

    #[test]
    fn a_subkey_signs_for_its_key() {
        let key = key(fixture!("subkey.key"));
        assert_eq!(&key.verify(SIGNED, fixture!("subkey.sig"), NOW).unwrap().key, key.fingerprint());
    }

    #[test]
    fn an_expired_and_a_revoked_key_are_refused() {
        let expired = key(fixture!("expired.key")).verify(SIGNED, fixture!("expired.sig"), NOW).unwrap_err();
        assert!(expired.to_string().ends_with("expired on 2024-01-31 00:00 UTC"), "{expired}");
        let revoked = key(fixture!("revoked.key")).verify(SIGNED, fixture!("revoked.sig"), NOW).unwrap_err();
        assert!(matches!(revoked, BadSignature::KeyRevoked(_)));
    }

    #[test]
    fn a_signature_is_good_for_its_time_only() {
        let brief = |now| key(fixture!("signer.key")).verify(SIGNED, fixture!("brief.sig"), now);
        assert!(brief(NOW).is_ok());
        assert!(matches!(brief(NOW + Duration::from_hours(48)), Err(BadSignature::Expired(_))));
        assert!(matches!(brief(Timestamp(NOW.0 - 4 * 86_400_000)), Err(BadSignature::Early(_))));
    }

    #[test]
    fn weak_hashes_and_text_signatures_are_refused() {
        assert!(matches!(signer(fixture!("sha1.sig")), Err(BadSignature::Kind(_))));
        assert!(matches!(signer(fixture!("text.sig")), Err(BadSignature::Kind(_))));
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        for bytes in [
            &b""[..],
            b"<html></html>",
            b"404",
            fixture!("signer.key"),
            b"-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n",
        ] {
            assert!(matches!(signer(bytes), Err(BadSignature::Unreadable(_))));
        }
    }
}
