//! Sign-in tokens against a simulated Entra: who is let in, and who is refused and why.

use std::time::Duration;

use serde_json::{Value, json};
use shared::time::Timestamp;

use super::*;
use crate::{
    sandbox::entra::{Draft, Forgery, SimulatedEntra, User},
    task::Tasks,
};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const MINUTE: Duration = Duration::from_mins(1);

/// An Entra and our view of it.
struct World {
    theirs: SimulatedEntra,
    ours: Entra,
    clock: Clock,
}

impl World {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut config::Entra)) -> Self {
        let clock = Clock::manual(NOW);
        let theirs = SimulatedEntra::start(&Tasks::default(), clock.clone()).await.unwrap();
        let mut config = theirs.config();
        change(&mut config);
        let ours = Entra::new(config, clock.clone()).unwrap();
        Self { theirs, ours, clock }
    }

    fn draft(&self) -> Draft {
        self.theirs.id_draft(User::ADA)
    }

    async fn accepts(&self, token: &str) -> Person {
        self.ours.verify(token).await.unwrap()
    }

    async fn refusal(&self, token: &str) -> Refusal {
        self.ours.verify(token).await.unwrap_err()
    }

    async fn refusal_of(&self, draft: Draft) -> Refusal {
        self.refusal(&draft.sign()).await
    }

    async fn forged(&self, forgery: Forgery) -> Refusal {
        self.refusal(&self.theirs.forge(User::ADA, forgery)).await
    }
}

#[tokio::test]
async fn id_and_access_tokens_of_both_versions_are_accepted() {
    let world = World::new().await;
    let ada = Person {
        user: UserId::new(User::ADA.oid),
        email: Some("ada@sandbox.example".into()),
        name: Some("Ada Lovelace".into()),
        groups: vec!["engineering".into()],
    };
    assert_eq!(world.accepts(&world.theirs.id_token(User::ADA)).await, ada);
    assert_eq!(world.accepts(&world.theirs.access_token(User::ADA)).await, ada);
    assert_eq!(world.accepts(&world.theirs.access_token_v2(User::ADA)).await, ada);
}

#[tokio::test]
async fn every_forgery_is_refused_by_its_own_rule() {
    let world = World::with(|config| config.required_groups = vec!["engineering".into()]).await;
    let rules = [
        (Forgery::WrongTenant, Refusal::Tenant),
        (Forgery::WrongAudience, Refusal::Audience),
        (Forgery::WrongIssuer, Refusal::Issuer),
        (Forgery::Expired, Refusal::Expired),
        (Forgery::NotYetValid, Refusal::NotYetValid),
        (Forgery::UnknownKey, Refusal::UnknownKey),
        (Forgery::WrongSignature, Refusal::Signature),
        (Forgery::Unsigned, Refusal::Unsigned),
        (Forgery::PublicKeyAsSecret, Refusal::Algorithm),
        (Forgery::EmbeddedJwk, Refusal::EmbeddedKey("jwk")),
        (Forgery::EmbeddedJku, Refusal::EmbeddedKey("jku")),
        (Forgery::EmbeddedX5u, Refusal::EmbeddedKey("x5u")),
        (Forgery::MissingSubject, Refusal::MissingSubject),
        (Forgery::MissingGroup, Refusal::MissingGroup),
        (Forgery::GroupOverage, Refusal::GroupOverage),
    ];
    assert_eq!(rules.each_ref().map(|(forgery, _)| *forgery), Forgery::ALL);
    for (forgery, rule) in rules {
        assert_eq!(world.forged(forgery).await, rule, "{forgery:?}");
    }
    world.accepts(&world.theirs.id_token(User::ADA)).await;
}

#[tokio::test]
async fn every_refusal_has_its_own_code_and_sentence() {
    let world = World::with(|config| config.required_groups = vec!["engineering".into()]).await;
    let mut refusals = Vec::new();
    for forgery in Forgery::ALL {
        let refusal = world.forged(forgery).await;
        refusals.push((refusal.code(), refusal.to_string()));
    }
    let count = |mut all: Vec<String>| {
        all.sort();
        all.dedup();
        all.len()
    };
    assert_eq!(count(refusals.iter().map(|(_, sentence)| sentence.clone()).collect()), refusals.len());
    // Three fields by which a token may bring a key are one rule.
    assert_eq!(count(refusals.iter().map(|(code, _)| (*code).to_owned()).collect()), refusals.len() - 2);
}

#[tokio::test]
async fn a_token_without_a_signature_part_or_with_junk_is_refused() {
    let world = World::new().await;
    let token = world.theirs.id_token(User::ADA);
    for text in ["", "..", "a.b.c", "not a token", &token[..token.len() / 2], &format!("{token}.x")] {
        assert!(world.ours.verify(text).await.is_err(), "{text}");
    }
    assert_eq!(world.refusal_of(world.draft().header("crit", json!(["exp"]))).await, Refusal::Malformed);
    assert_eq!(world.refusal_of(world.draft().header("kid", Value::Null)).await, Refusal::UnknownKey);
    assert_eq!(world.refusal_of(world.draft().header("alg", "RS512")).await, Refusal::Algorithm);
    assert_eq!(
        world.refusal_of(world.draft().header("x5c", json!(["AA=="]))).await,
        Refusal::EmbeddedKey("x5c")
    );
    assert_eq!(world.refusal_of(world.draft().claim("exp", Value::Null)).await, Refusal::Claims);
    assert_eq!(world.refusal_of(world.draft().claim("tid", Value::Null)).await, Refusal::Tenant);
    assert_eq!(world.refusal_of(world.draft().claim("aud", Value::Null)).await, Refusal::Audience);
}

#[tokio::test]
async fn times_have_a_leeway_of_a_minute() {
    let world = World::new().await;
    let token = world.theirs.id_token(User::ADA);
    let early = world.draft().claim("nbf", (NOW + MINUTE).seconds()).sign();
    world.accepts(&early).await;
    assert_eq!(
        world.refusal_of(world.draft().claim("nbf", (NOW + MINUTE).seconds() + 1)).await,
        Refusal::NotYetValid
    );
    world.clock.advance(60 * MINUTE + Duration::from_secs(59));
    world.accepts(&token).await;
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.refusal(&token).await, Refusal::Expired);
}

#[tokio::test]
async fn the_subject_is_oid_or_else_sub() {
    let world = World::new().await;
    let person = world.accepts(&world.draft().claim("oid", Value::Null).sign()).await;
    assert_eq!(person.user, UserId::new("pairwise-ada"));
    let empty = world.draft().claim("oid", "").claim("sub", "");
    assert_eq!(world.refusal_of(empty).await, Refusal::MissingSubject);
}

#[tokio::test]
async fn a_key_rotated_in_a_second_ago_is_accepted() {
    let world = World::new().await;
    let before = world.theirs.id_token(User::ADA);
    world.accepts(&before).await;
    world.clock.advance(Duration::from_secs(1));
    world.theirs.rotate_keys().unwrap();
    world.accepts(&world.theirs.id_token(User::ADA)).await;
    world.accepts(&before).await;
}

#[tokio::test]
async fn made_up_key_ids_do_not_become_traffic_to_entra() {
    let world = World::new().await;
    world.accepts(&world.theirs.id_token(User::ADA)).await;
    let before = world.theirs.discoveries();
    for n in 0..50 {
        let made_up = world.draft().header("kid", format!("made-up-{n}"));
        assert_eq!(world.refusal_of(made_up).await, Refusal::UnknownKey);
    }
    assert_eq!(world.theirs.discoveries() - before, 4);
    world.clock.advance(Duration::from_secs(10));
    world.theirs.rotate_keys().unwrap();
    world.accepts(&world.theirs.id_token(User::ADA)).await;
}

#[tokio::test]
async fn many_first_sign_ins_at_once_fetch_the_keys_once() {
    let world = World::new().await;
    let token = world.theirs.id_token(User::ADA);
    let results = futures_util::future::join_all((0..20).map(|_| world.ours.verify(&token))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(world.theirs.discoveries(), 1);
}

#[tokio::test]
async fn keys_are_fetched_again_when_they_are_old() {
    let world = World::with(|config| config.cache_ttl = 10 * MINUTE).await;
    world.accepts(&world.theirs.id_token(User::ADA)).await;
    world.clock.advance(9 * MINUTE);
    world.accepts(&world.theirs.id_token(User::ADA)).await;
    assert_eq!(world.theirs.discoveries(), 1);
    world.clock.advance(MINUTE);
    world.accepts(&world.theirs.id_token(User::ADA)).await;
    assert_eq!(world.theirs.discoveries(), 2);
}

#[tokio::test]
async fn cached_keys_still_serve_while_entra_is_down() {
    let world = World::new().await;
    world.ours.warm_up().await;
    world.theirs.go_down();
    world.clock.advance(24 * 60 * MINUTE);
    world.accepts(&world.theirs.id_token(User::ADA)).await;
    assert_eq!(world.forged(Forgery::Expired).await, Refusal::Expired);
    world.theirs.rotate_keys().unwrap();
    assert_eq!(world.refusal(&world.theirs.id_token(User::ADA)).await, Refusal::Unavailable);
    world.theirs.come_back();
    world.clock.advance(MINUTE);
    world.accepts(&world.theirs.id_token(User::ADA)).await;
}

#[tokio::test]
async fn without_entra_and_without_keys_nobody_can_say() {
    let world = World::new().await;
    world.theirs.go_down();
    let token = world.theirs.id_token(User::ADA);
    let refusal = world.refusal(&token).await;
    assert!(refusal.is_unavailable(), "{refusal}");
    world.theirs.come_back();
    world.clock.advance(MINUTE);
    world.accepts(&token).await;
}

#[tokio::test]
async fn any_required_group_admits() {
    let world = World::with(|config| config.required_groups = vec!["Research".into(), "other".into()]).await;
    world.accepts(&world.theirs.id_token(User::GRACE)).await;
    assert_eq!(world.refusal(&world.theirs.id_token(User::ADA)).await, Refusal::MissingGroup);
}

#[tokio::test]
async fn group_overage_matters_only_where_a_group_is_asked_for() {
    let world = World::new().await;
    let person = world.accepts(&world.theirs.forge(User::ADA, Forgery::GroupOverage)).await;
    assert!(person.groups.is_empty());
}

#[tokio::test]
async fn any_required_role_admits() {
    let world = World::with(|config| config.required_roles = vec!["Administrator".into()]).await;
    world.accepts(&world.theirs.id_token(User::ADMIN)).await;
    assert_eq!(world.refusal(&world.theirs.id_token(User::ADA)).await, Refusal::MissingRole);
}

#[tokio::test]
async fn the_address_must_be_in_an_allowed_domain() {
    let world = World::with(|config| config.email_domains = vec!["sandbox.example".into()]).await;
    world.accepts(&world.draft().claim("email", "Ada@Sandbox.Example").sign()).await;
    for email in ["ada@sandbox.example.com", "ada@evil.sandbox.example", "sandbox.example"] {
        let draft = world.draft().claim("email", email).claim("preferred_username", Value::Null);
        assert_eq!(world.refusal_of(draft).await, Refusal::EmailDomain, "{email}");
    }
    let guest = world.draft().claim("email", Value::Null).claim("preferred_username", Value::Null);
    let guest = guest.claim("upn", "eve_mail.example#EXT#@sandbox.example");
    assert_eq!(world.refusal_of(guest).await, Refusal::EmailDomain);
}

#[tokio::test]
async fn a_required_authentication_context_must_be_there() {
    let world = World::with(|config| config.auth_context = Some("c1".into())).await;
    let refusal = world.refusal(&world.theirs.id_token(User::ADA)).await;
    assert!(refusal.to_string().contains("`c1`"), "{refusal}");
    assert_eq!(world.refusal_of(world.draft().claim("acrs", json!(["c2"]))).await, refusal);
    world.accepts(&world.draft().claim("acrs", json!(["c2", "c1"])).sign()).await;
}
