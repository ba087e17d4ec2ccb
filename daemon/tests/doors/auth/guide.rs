//! The codes of docs/troubleshooting.md: each is provoked as the guide explains it, and goes away by what the guide advises.

use std::{collections::BTreeSet, fs, time::Duration};

use sallyportd::{
    clock::Clock,
    config,
    sandbox::entra::{Draft, Forgery, SimulatedEntra, User},
    task::Tasks,
};
use serde_json::json;
use shared::secret::Secret;

use super::world::World;

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/troubleshooting.md");
const HOUR: Duration = Duration::from_hours(1);

/// A code, the terms on which Entra is trusted, and what is wrong with the token.
type Case = (&'static str, fn(&mut config::Entra), fn(Draft) -> Draft);

fn as_it_is(_: &mut config::Entra) {}

fn sound(draft: Draft) -> Draft {
    draft
}

/// What is mended by other terms, or by another token.
const CASES: [Case; 9] = [
    ("wrong_audience", |trust| "another application".clone_into(&mut trust.client_id), sound),
    ("wrong_audience", as_it_is, |draft| draft.claim("aud", "https://graph.microsoft.com")),
    ("wrong_tenant", as_it_is, |draft| draft.claim("tid", "9188040d-6c67-4c5b-b112-36a304b66dad")),
    ("missing_group", |trust| trust.required_groups = vec!["research".to_owned()], sound),
    ("missing_role", |trust| trust.required_roles = vec!["Operator".to_owned()], sound),
    ("email_domain", |trust| trust.email_domains = vec!["example.com".to_owned()], sound),
    ("group_overage", in_engineering, |draft| {
        draft.claim("groups", json!(null)).claim("_claim_names", json!({ "groups": "src1" }))
    }),
    ("missing_auth_context", |trust| trust.auth_context = Some("c1".to_owned()), sound),
    (
        "missing_auth_context",
        |trust| trust.auth_context = Some("c1".to_owned()),
        |draft| draft.claim("acrs", json!(["c2"])),
    ),
];

fn in_engineering(trust: &mut config::Entra) {
    trust.required_groups = vec!["engineering".to_owned()];
}

/// The codes in the table of the chapter "Signing in".
fn codes(guide: &str) -> BTreeSet<&str> {
    let (_, chapter) = guide.split_once("\n## Signing in\n").unwrap();
    let (chapter, _) = chapter.split_once("\n## ").unwrap();
    let cells = chapter.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    let quoted = cells.flat_map(|cell| cell.split('`').filter(|word| word.contains('_')));
    quoted.filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')).collect()
}

async fn code(world: &World, token: &str) -> String {
    world.daemon.post("/auth/verify", &json!({ "id_token": token })).await.error().error
}

#[tokio::test]
async fn every_code_of_the_guide_is_one_that_this_file_provokes() {
    let guide = fs::read_to_string(GUIDE).unwrap();
    let provoked = CASES.iter().map(|(code, ..)| *code).chain([
        "wrong_issuer",
        "unknown_key",
        "expired_token",
        "not_yet_valid",
        "entra_unavailable",
        "refresh_token_unknown",
    ]);
    assert_eq!(codes(&guide), provoked.collect());
}

#[tokio::test]
async fn a_rule_or_a_token_that_is_wrong_says_so_and_the_right_one_is_taken() {
    for (expected, terms, change) in CASES {
        let world = World::with(terms).await;
        let token = change(world.entra.id_draft(User::ADA)).sign();
        assert_eq!(code(&world, &token).await, expected);
    }
    // The same terms, met.
    let world = World::with(|trust| {
        in_engineering(trust);
        trust.required_roles = vec!["Developer".to_owned()];
        trust.email_domains = vec!["sandbox.example".to_owned()];
        trust.auth_context = Some("c1".to_owned());
    });
    let world = world.await;
    let token = world.entra.id_draft(User::ADA).claim("acrs", json!(["c1", "c2"])).sign();
    world.daemon.post("/auth/verify", &json!({ "id_token": token })).await.tokens();
}

#[tokio::test]
async fn an_authority_of_another_cloud_is_a_wrong_issuer_or_an_unknown_key() {
    let clock = Clock::System;
    let elsewhere = SimulatedEntra::start(&Tasks::default(), clock).await.unwrap();
    let authority = elsewhere.authority();
    let world = World::with(|trust| trust.authority = authority).await;
    let ours = world.entra.id_token(User::ADA);
    assert_eq!(code(&world, &ours).await, "wrong_issuer");
    let world = World::new().await;
    let strange = world.entra.forge(User::ADA, Forgery::UnknownKey);
    assert_eq!(code(&world, &strange).await, "unknown_key");
    world.sign_in().await;
}

#[tokio::test]
async fn a_clock_that_is_wrong_says_so_until_it_is_right() {
    let world = World::new().await;
    let token = world.entra.id_token(User::ADA);
    world.clock.advance(2 * HOUR);
    assert_eq!(code(&world, &token).await, "expired_token");
    world.sign_in().await;
    let behind = world.entra.forge(User::ADA, Forgery::NotYetValid);
    assert_eq!(code(&world, &behind).await, "not_yet_valid");
}

#[tokio::test]
async fn without_entra_nobody_signs_in_whose_key_is_unknown() {
    let world = World::new().await;
    world.entra.go_down();
    let token = world.entra.id_token(User::ADA);
    assert_eq!(code(&world, &token).await, "entra_unavailable");
    world.entra.come_back();
    world.clock.advance(HOUR);
    world.sign_in().await;
    // Entra signs with a key that we don't know yet, and can't be asked.
    world.entra.rotate_keys().unwrap();
    world.entra.go_down();
    assert_eq!(code(&world, &world.entra.id_token(User::ADA)).await, "entra_unavailable");
}

#[tokio::test]
async fn a_session_younger_than_the_store_is_unknown_and_a_sign_in_makes_another() {
    let (world, restored) = (World::new().await, World::new().await);
    let tokens = world.sign_in().await;
    let refused = restored.daemon.refresh(&tokens.refresh_token).await;
    assert_eq!(refused.refusal(), (401, "refresh_token_unknown".to_owned()));
    let again = restored.sign_in().await;
    let renewed: Secret<String> = restored.daemon.refresh(&again.refresh_token).await.tokens().refresh_token;
    assert_ne!(renewed, again.refresh_token);
}
