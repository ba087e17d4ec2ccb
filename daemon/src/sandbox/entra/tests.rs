//! The simulation as a browser and an agent see it, and its tokens as our own verification sees them.

use std::collections::HashMap;

use reqwest::{Client, Response, Url, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use serde_json::Value;
use shared::{id::UserId, time::Timestamp};

use super::*;
use crate::auth::entra::Entra;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Its S256 challenge (RFC 7636, appendix B).
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "http://localhost:4711/";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

struct World {
    entra: SimulatedEntra,
    clock: Clock,
    client: Client,
}

type Fields<'a> = [(&'a str, &'a str)];

impl World {
    async fn new() -> Self {
        let clock = Clock::manual(Timestamp(1_700_000_000_000));
        let entra = SimulatedEntra::start(&Tasks::default(), clock.clone()).await.unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = tls.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        let client = Client::builder().tls_backend_preconfigured(tls).no_proxy();
        let client = client.redirect(redirect::Policy::none()).build().unwrap();
        Self { entra, clock, client }
    }

    async fn get(&self, path: &str, fields: &Fields<'_>) -> Response {
        let url = Url::parse_with_params(&format!("{}{path}", self.entra.authority()), fields).unwrap();
        self.client.get(url).send().await.unwrap()
    }

    async fn open(&self, url: &str) -> String {
        self.client.get(url).send().await.unwrap().text().await.unwrap()
    }

    async fn post(&self, path: &str, fields: &Fields<'_>) -> Value {
        let form = fields.iter().fold(form::Form::default(), |form, (name, value)| form.with(name, value));
        let url = format!("{}/oauth2/v2.0/{path}", self.entra.authority());
        let call = self.client.post(url).header("content-type", "application/x-www-form-urlencoded");
        call.body(form.encode()).send().await.unwrap().json().await.unwrap()
    }

    /// Goes through `authorize`; the parameters that come back on the redirect.
    async fn authorize(&self, changes: &Fields<'_>) -> HashMap<String, String> {
        let api = format!("api://{CLIENT_ID}/access_as_user openid profile offline_access");
        let mut fields = HashMap::from([
            ("client_id", CLIENT_ID),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", &api),
            ("state", "a state & more"),
            ("nonce", "n-0S6_WzA2Mj"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("login_hint", "ada"),
        ]);
        fields.extend(changes.iter().copied());
        let fields: Vec<_> = fields.into_iter().collect();
        let answer = self.get("/oauth2/v2.0/authorize", &fields).await;
        assert_eq!(answer.status(), 302);
        let location = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        assert!(location.as_str().starts_with(REDIRECT), "{location}");
        location.query_pairs().into_owned().collect()
    }

    async fn redeem(&self, code: &str, changes: &Fields<'_>) -> Value {
        let mut fields = HashMap::from([
            ("client_id", CLIENT_ID),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ]);
        fields.extend(changes.iter().copied());
        self.post("token", &fields.into_iter().collect::<Vec<_>>()).await
    }

    async fn start_device(&self, more: &Fields<'_>) -> Value {
        let scope = format!("{CLIENT_ID}/.default openid");
        let fields = [&[("client_id", CLIENT_ID), ("scope", scope.as_str())], more].concat();
        self.post("devicecode", &fields).await
    }

    async fn poll_device(&self, codes: &Value) -> Value {
        let device_code = codes["device_code"].as_str().unwrap();
        let fields = [("client_id", CLIENT_ID), ("grant_type", DEVICE_GRANT), ("device_code", device_code)];
        self.post("token", &fields).await
    }

    /// Who our own verification says that a token is.
    async fn user_of(&self, token: &Value) -> UserId {
        let ours = Entra::new(self.entra.config(), self.clock.clone()).unwrap();
        ours.verify(token.as_str().unwrap()).await.unwrap().user
    }
}

fn claims(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&base64_simd::URL_SAFE_NO_PAD.decode_to_vec(part).unwrap()).unwrap()
}

fn has_code(answer: &Value, error: &str, number: u32) -> bool {
    let description = answer["error_description"].as_str().unwrap_or_default();
    answer["error"] == error
        && answer["error_codes"][0] == number
        && description.starts_with(&format!("AADSTS{number}: "))
}

#[tokio::test]
async fn an_authorization_code_with_pkce_brings_tokens_that_we_accept() {
    let world = World::new().await;
    let answer = world.authorize(&[]).await;
    assert_eq!(answer["state"], "a state & more");
    let tokens = world.redeem(&answer["code"], &[]).await;
    assert_eq!(claims(&tokens["id_token"])["nonce"], "n-0S6_WzA2Mj");
    assert_eq!(claims(&tokens["access_token"])["ver"], "1.0");
    for token in ["id_token", "access_token"] {
        assert_eq!(world.user_of(&tokens[token]).await, UserId::new(User::ADA.oid));
    }
    assert!(has_code(&world.redeem(&answer["code"], &[]).await, "invalid_grant", 54_005));
}

#[tokio::test]
async fn an_authorization_code_is_bound_to_its_verifier_address_and_time() {
    let world = World::new().await;
    let code = world.authorize(&[]).await.remove("code").unwrap();
    assert!(has_code(&world.redeem(&code, &[("code_verifier", "wrong")]).await, "invalid_grant", 501_481));
    let code = world.authorize(&[]).await.remove("code").unwrap();
    let elsewhere = [("redirect_uri", "http://localhost:4712/")];
    assert!(has_code(&world.redeem(&code, &elsewhere).await, "invalid_request", 50_011));
    let code = world.authorize(&[]).await.remove("code").unwrap();
    world.clock.advance(Duration::from_mins(10));
    assert!(has_code(&world.redeem(&code, &[]).await, "invalid_grant", 70_008));
}

#[tokio::test]
async fn without_a_hint_a_page_lets_one_choose() {
    let world = World::new().await;
    let fields = [
        ("client_id", CLIENT_ID),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "<script>\""),
    ];
    let page = world.get("/oauth2/v2.0/authorize", &fields).await.text().await.unwrap();
    assert!(!page.contains("<script>"), "{page}");
    let links: Vec<_> = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(links.len(), User::ALL.len());
    let chosen =
        world.client.get(format!("{}{}", world.entra.tenant.origin(), links[1])).send().await.unwrap();
    let location = Url::parse(chosen.headers()["location"].to_str().unwrap()).unwrap();
    let answer: HashMap<_, _> = location.query_pairs().into_owned().collect();
    assert_eq!(answer["state"], "<script>\"");
    let tokens = world.redeem(&answer["code"], &[]).await;
    assert_eq!(claims(&tokens["access_token"])["oid"], User::GRACE.oid);
}

#[tokio::test]
async fn authorize_sends_nothing_to_foreign_addresses_and_insists_on_pkce() {
    let world = World::new().await;
    for uri in ["https://example.com/", "http://localhost:1@example.com/", "http://localhost.example.com/"] {
        let fields = [("client_id", CLIENT_ID), ("redirect_uri", uri), ("login_hint", "ada")];
        let answer = world.get("/oauth2/v2.0/authorize", &fields).await;
        assert_eq!(answer.status(), 400, "{uri}");
        assert!(has_code(&answer.json().await.unwrap(), "invalid_request", 50_011));
    }
    let answer = world.authorize(&[("code_challenge_method", "plain")]).await;
    assert_eq!((answer["error"].as_str(), answer["state"].as_str()), ("invalid_request", "a state & more"));
    assert!(answer["error_description"].starts_with("AADSTS9002325: "), "{answer:?}");
}

#[tokio::test]
async fn a_device_is_signed_in_once_its_code_was_approved() {
    let world = World::new().await;
    let codes = world.start_device(&[]).await;
    assert!(has_code(&world.poll_device(&codes).await, "authorization_pending", 70_016));
    let page = codes["verification_uri"].as_str().unwrap();
    let user_code = codes["user_code"].as_str().unwrap();
    assert!(world.open(page).await.contains("name=\"user_code\""));
    assert!(world.open(&format!("{page}?user_code={user_code}")).await.contains("Grace Hopper"));
    assert!(world.open(&format!("{page}?user_code=WRONG&login_hint=ada")).await.contains("no such code"));
    assert!(
        world.open(&format!("{page}?user_code={user_code}&login_hint=grace")).await.contains("signed in")
    );
    let tokens = world.poll_device(&codes).await;
    assert_eq!(claims(&tokens["access_token"])["ver"], "2.0");
    for token in ["id_token", "access_token"] {
        assert_eq!(world.user_of(&tokens[token]).await, UserId::new(User::GRACE.oid));
    }
    assert!(has_code(&world.poll_device(&codes).await, "bad_verification_code", 70_000));
}

#[tokio::test]
async fn a_device_code_can_be_approved_at_once_declined_and_expire() {
    let world = World::new().await;
    let codes = world.start_device(&[("login_hint", "ada@sandbox.example")]).await;
    assert!(world.poll_device(&codes).await["access_token"].is_string());
    let codes = world.start_device(&[]).await;
    let page = format!(
        "{}?user_code={}",
        codes["verification_uri"].as_str().unwrap(),
        codes["user_code"].as_str().unwrap()
    );
    world.open(&format!("{page}&login_hint=decline")).await;
    assert!(has_code(&world.poll_device(&codes).await, "authorization_declined", 65_004));
    world.open(&format!("{page}&login_hint=blocked.53003")).await;
    assert!(has_code(&world.poll_device(&codes).await, "access_denied", 53_003));
    let codes = world.start_device(&[]).await;
    world.clock.advance(Duration::from_mins(15));
    assert!(has_code(&world.poll_device(&codes).await, "expired_token", 70_020));
}

#[tokio::test]
async fn a_device_that_asks_too_often_has_to_wait_longer() {
    let world = World::new().await;
    let codes = world.start_device(&[]).await;
    let after = async |seconds| {
        world.clock.advance(Duration::from_secs(seconds));
        world.poll_device(&codes).await["error"].as_str().unwrap_or("none").to_owned()
    };
    assert_eq!(after(0).await, "authorization_pending", "nobody has asked before");
    assert_eq!(after(1).await, "authorization_pending");
    assert_eq!(after(0).await, "slow_down");
    assert_eq!(after(5).await, "slow_down", "six seconds by now");
    assert_eq!(after(11).await, "authorization_pending");
    let (page, user_code) =
        (codes["verification_uri"].as_str().unwrap(), codes["user_code"].as_str().unwrap());
    world.open(&format!("{page}?user_code={user_code}&login_hint=slow-down")).await;
    assert_eq!(after(11).await, "slow_down", "once on demand");
    assert_eq!(after(16).await, "authorization_pending");
    assert_eq!(world.entra.device_polls(), DevicePolls { pending: 4, slow_down: 3 });
}

#[tokio::test]
async fn a_refresh_token_brings_new_tokens_after_the_old_ones_expired() {
    let world = World::new().await;
    let code = world.authorize(&[]).await.remove("code").unwrap();
    let tokens = world.redeem(&code, &[]).await;
    world.clock.advance(Duration::from_hours(24));
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let fields = [("client_id", CLIENT_ID), ("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let renewed = world.post("token", &fields).await;
    assert_eq!(world.user_of(&renewed["access_token"]).await, UserId::new(User::ADA.oid));
    assert!(renewed["refresh_token"].is_string());
    let wrong = [("client_id", CLIENT_ID), ("grant_type", "refresh_token"), ("refresh_token", "wrong")];
    assert!(has_code(&world.post("token", &wrong).await, "invalid_grant", 70_008));
}

#[tokio::test]
async fn mistakes_are_answered_as_entra_does() {
    let world = World::new().await;
    let no_grant = world.post("token", &[("client_id", CLIENT_ID)]).await;
    assert!(has_code(&no_grant, "invalid_request", 900_144));
    let password = world.post("token", &[("client_id", CLIENT_ID), ("grant_type", "password")]).await;
    assert!(has_code(&password, "unsupported_grant_type", 70_003));
    assert!(has_code(&world.post("token", &[("client_id", "wrong")]).await, "unauthorized_client", 700_016));
    let elsewhere = world.entra.authority().replace("000000000001", "000000000002");
    let answer =
        world.client.get(format!("{elsewhere}/v2.0/.well-known/openid-configuration")).send().await.unwrap();
    assert!(has_code(&answer.json().await.unwrap(), "invalid_request", 90_002));
    world.entra.go_down();
    assert_eq!(world.get("/discovery/v2.0/keys", &[]).await.status(), 503);
}

#[tokio::test]
async fn without_our_api_in_the_scope_the_access_token_is_not_for_us() {
    let world = World::new().await;
    let code = world.authorize(&[("scope", "openid")]).await.remove("code").unwrap();
    let tokens = world.redeem(&code, &[]).await;
    let ours = Entra::new(world.entra.config(), world.clock.clone()).unwrap();
    let refusal = ours.verify(tokens["access_token"].as_str().unwrap()).await.unwrap_err();
    assert_eq!(refusal.code(), "wrong_audience");
    assert!(tokens.get("refresh_token").is_none());
}
