//! The key ring as its users see it.

use std::{path::PathBuf, time::Duration};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use shared::id::{DeviceId, SessionId, UserId};
use tempfile::TempDir;

use super::*;
use crate::{
    config::SigningKeys,
    domain::session::{EndReason, Ended},
};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const SECRET: &str = "a secret of at least thirty-two bytes";
const HOUR: Duration = Duration::from_hours(1);

fn secrets(secrets: &[&str]) -> SigningKeys {
    SigningKeys::Shared(secrets.iter().map(|text| Secret::new((*text).to_owned())).collect())
}

fn settings(keys: SigningKeys) -> config::Token {
    config::Token {
        keys,
        issuer: "sallyport".into(),
        audience: "claude-code".into(),
        access_ttl: 3 * HOUR,
        refresh_ttl: 720 * HOUR,
        refresh_grace: Duration::from_mins(1),
    }
}

fn keyring(keys: SigningKeys) -> Keyring {
    Keyring::new(&settings(keys), Clock::manual(NOW), Arc::default()).unwrap()
}

fn ada() -> Identity {
    Identity {
        session: SessionId::generate(),
        user: UserId::new("ada"),
        email: Some("ada@example.com".into()),
        name: Some("Ada".into()),
        groups: vec!["engineering".into()],
        device: Some(DeviceId::new("laptop")),
    }
}

fn mint(keyring: &Keyring) -> String {
    keyring.mint(&ada()).unwrap().token.expose().clone()
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&base64_simd::URL_SAFE_NO_PAD.decode_to_vec(part).unwrap()).unwrap()
}

/// A token with our secret and these changes of the usual claims.
fn signed(header: &Header, changes: &Value) -> String {
    let mut claims = part(&mint(&keyring(secrets(&[SECRET]))), 1);
    let changes = changes.as_object().unwrap().clone();
    claims.as_object_mut().unwrap().extend(changes);
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    jsonwebtoken::encode(header, &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

fn refused(changes: &Value) -> TokenError {
    keyring(secrets(&[SECRET])).verify(&signed(&Header::default(), changes)).unwrap_err()
}

/// PEM files of a new Ed25519 key: private and public.
fn key_files(dir: &TempDir, name: &str) -> (PathBuf, PathBuf) {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let spki = [&ring::SPKI_PREFIX, pair.public_key().as_ref()].concat();
    let (private, public) =
        (dir.path().join(format!("{name}.pem")), dir.path().join(format!("{name}.pub.pem")));
    std::fs::write(&private, pem("PRIVATE KEY", pkcs8.as_ref())).unwrap();
    std::fs::write(&public, pem("PUBLIC KEY", &spki)).unwrap();
    (private, public)
}

fn pem(tag: &str, der: &[u8]) -> String {
    format!("-----BEGIN {tag}-----\n{}\n-----END {tag}-----\n", base64_simd::STANDARD.encode_to_string(der))
}

#[test]
fn a_minted_token_says_who_its_holder_is() {
    let keyring = keyring(secrets(&[SECRET]));
    let ada = ada();
    let minted = keyring.mint(&ada).unwrap();
    assert_eq!(minted.expires_in, 10_800);
    let caller = keyring.verify(minted.token.expose()).unwrap();
    assert_eq!(caller.identity, ada);
    assert_eq!(caller.expires, NOW + 3 * HOUR);
}

#[test]
fn a_token_carries_the_claims_of_the_contract() {
    let claims = part(&mint(&keyring(secrets(&[SECRET]))), 1);
    let mut names: Vec<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let wanted = "aud device_id email exp groups iat iss jti name nbf sid sub type";
    assert_eq!(names.join(" "), wanted);
    assert_eq!(claims["type"], "access");
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 10_800);
}

#[test]
fn a_token_expires_even_when_it_was_verified_before() {
    let keyring = keyring(secrets(&[SECRET]));
    let token = mint(&keyring);
    keyring.clock.advance(Duration::from_secs(10_799));
    keyring.verify(&token).unwrap();
    keyring.clock.advance(Duration::from_secs(1));
    assert_eq!(keyring.verify(&token).unwrap_err(), TokenError::Expired);
}

#[test]
fn every_verification_of_a_token_shares_one_life() {
    let keyring = keyring(secrets(&[SECRET]));
    let ada = ada();
    let first = keyring.verify(keyring.mint(&ada).unwrap().token.expose()).unwrap();
    let second = keyring.verify(keyring.mint(&ada).unwrap().token.expose()).unwrap();
    assert!(first.life.ended().is_none());
    keyring.live.end(ada.session, Ended { at: NOW, reason: EndReason::Revoked });
    assert!(first.life.ended().is_some() && second.life.ended().is_some());
}

#[test]
fn a_second_secret_verifies_while_secrets_are_rotated() {
    let token = mint(&keyring(secrets(&[SECRET])));
    let rotated = keyring(secrets(&["the next secret, of thirty-two bytes", SECRET]));
    rotated.verify(&token).unwrap();
    let later = keyring(secrets(&["the next secret, of thirty-two bytes"]));
    assert_eq!(later.verify(&token).unwrap_err(), TokenError::Signature);
}

#[test]
fn an_ed25519_ring_verifies_with_public_keys_alone() {
    let dir = TempDir::new().unwrap();
    let ((private, public), (next, _)) = (key_files(&dir, "one"), key_files(&dir, "two"));
    let token = mint(&keyring(SigningKeys::Ed25519(vec![private.clone()])));
    let gateway = keyring(SigningKeys::Ed25519(vec![public]));
    gateway.verify(&token).unwrap();
    assert!(!gateway.can_mint());
    assert!(matches!(gateway.mint(&ada()), Err(KeyringError::VerifyOnly)));
    keyring(SigningKeys::Ed25519(vec![next.clone(), private])).verify(&token).unwrap();
    let stranger = keyring(SigningKeys::Ed25519(vec![next]));
    assert_eq!(stranger.verify(&token).unwrap_err(), TokenError::UnknownKey);
}

#[test]
fn a_file_without_an_ed25519_key_is_named() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wrong.pem");
    std::fs::write(&path, pem("PRIVATE KEY", b"canary")).unwrap();
    let error = Ring::load(&SigningKeys::Ed25519(vec![path])).unwrap_err().to_string();
    assert!(error.contains("wrong.pem") && !error.contains("canary"), "{error}");
    assert!(matches!(Ring::load(&secrets(&[])), Err(KeyringError::NoKey)));
}

#[test]
fn the_algorithm_is_never_the_tokens_choice() {
    let keyring = keyring(secrets(&[SECRET]));
    let hs512 = signed(&Header::new(Algorithm::HS512), &json!({}));
    assert_eq!(keyring.verify(&hs512).unwrap_err(), TokenError::Algorithm);
    let token = mint(&keyring);
    let (_, rest) = token.split_once('.').unwrap();
    let (claims, _) = rest.split_once('.').unwrap();
    let none = base64_simd::URL_SAFE_NO_PAD.encode_to_string(br#"{"alg":"none"}"#);
    assert_eq!(keyring.verify(&format!("{none}.{claims}.")).unwrap_err(), TokenError::Algorithm);
}

#[test]
fn an_hs256_token_made_with_a_public_key_is_refused() {
    let dir = TempDir::new().unwrap();
    let (private, public) = key_files(&dir, "one");
    let keyring = keyring(SigningKeys::Ed25519(vec![private]));
    let token = mint(&keyring);
    let mut header = Header::new(Algorithm::HS256);
    header.kid = part(&token, 0)["kid"].as_str().map(Into::into);
    let key = EncodingKey::from_secret(&std::fs::read(public).unwrap());
    let forged = jsonwebtoken::encode(&header, &part(&token, 1), &key).unwrap();
    assert_eq!(keyring.verify(&forged).unwrap_err(), TokenError::Algorithm);
}

#[test]
fn a_changed_token_is_refused() {
    let keyring = keyring(secrets(&[SECRET]));
    let token = mint(&keyring);
    keyring.verify(&token).unwrap();
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts[1] = mint(&keyring).split('.').nth(1).unwrap().to_owned();
    assert_eq!(keyring.verify(&parts.join(".")).unwrap_err(), TokenError::Signature);
    for text in ["", ".", "..", "a.b.c", "a.b.c.d", token.trim_end_matches(|c| c != '.')] {
        assert!(keyring.verify(text).is_err(), "{text}");
    }
}

#[test]
fn each_claim_is_checked() {
    assert_eq!(refused(&json!({"iss": "other"})), TokenError::Issuer);
    assert_eq!(refused(&json!({"aud": "other"})), TokenError::Audience);
    assert_eq!(refused(&json!({"type": "refresh"})), TokenError::Type);
    assert_eq!(refused(&json!({"exp": NOW.seconds()})), TokenError::Expired);
    assert_eq!(refused(&json!({"nbf": NOW.seconds() + 61})), TokenError::NotYetValid);
    for claim in ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp", "type"] {
        assert_eq!(refused(&json!({ claim: null })), TokenError::Claims, "{claim}");
    }
}

#[test]
fn nothing_secret_is_in_the_debug_output() {
    let keyring = keyring(secrets(&[SECRET]));
    let token = mint(&keyring);
    keyring.verify(&token).unwrap();
    let shown = format!("{keyring:?}");
    assert!(!shown.contains(SECRET) && !shown.contains(&token), "{shown}");
    let bytes = format!("{:?}", SECRET.as_bytes());
    assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
}
