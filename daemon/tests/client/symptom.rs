//! What Claude Code shows when something is wrong: in the words of docs/troubleshooting.md, whose advice then helps.

mod certificate;
mod proxy;

use std::fs;

use sallyportd::{
    clock::Clock,
    config::TlsFiles,
    domain::policy::{Caps, Members, Policy, SpendCaps},
    sandbox::{Options, Sandbox, entra::User},
};
use serde_json::json;
use shared::usage::Money;

use self::{certificate::Authority, proxy::Between};
use crate::{
    client_test,
    machine::{Machine, Mode, SETTINGS, Said},
    token::minted_at,
};

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/troubleshooting.md");
/// It tries ten times, for minutes; the words are the same.
const AT_ONCE: (&str, &str) = ("CLAUDE_CODE_MAX_RETRIES", "0");
/// What it says before our own words for a 401 or a 403.
const BEFORE: &str = "AWS authentication failed · refresh your AWS credentials";

/// It failed with these words, and the guide has them.
fn assert_told(said: &Said, words: &[&str]) {
    let guide = fs::read_to_string(GUIDE).unwrap();
    for words in words {
        said.assert_fails_with(words);
        assert!(guide.contains(words), "the guide does not speak of `{words}`");
    }
}

/// A machine whose gateway has this certificate, and a token for it.
async fn behind_tls(files: TlsFiles) -> Machine {
    let mut token = None;
    let sandbox = Sandbox::start_with(Options::default(), |config| {
        token = Some(minted_at(Clock::System.now(), &config.token));
        config.listen.tls = Some(files);
    });
    let sandbox = sandbox.await.unwrap();
    let gateway = sandbox.gateway();
    let machine = Machine::before(Mode::Bedrock, sandbox, &gateway).await;
    machine.set_helper(&format!("echo {}", token.unwrap()));
    machine
}

async fn unknown_authority() {
    let authority = Authority::new();
    let trusted = authority.file();
    let trusted = [("NODE_EXTRA_CA_CERTS", trusted.to_str().unwrap())];
    for (files, words) in [
        (authority.leaf("127.0.0.1"), "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
        (authority.chain("127.0.0.1"), "SELF_SIGNED_CERT_IN_CHAIN"),
    ] {
        let machine = behind_tls(files).await;
        assert_told(&machine.ask("say hi").await, &[words]);
        machine.deploy(Mode::Bedrock, &trusted);
        machine.ask("say hi").await.assert_says("You said: say hi");
    }
    let files = authority.self_signed("127.0.0.1");
    let itself = files.certificate.display().to_string();
    let machine = behind_tls(files).await;
    assert_told(&machine.ask("say hi").await, &["DEPTH_ZERO_SELF_SIGNED_CERT"]);
    machine.deploy(Mode::Bedrock, &[("NODE_EXTRA_CA_CERTS", &itself)]);
    machine.ask("say hi").await.assert_says("You said: say hi");
}

async fn system_authority() {
    let authority = Authority::new();
    let machine = behind_tls(authority.leaf("127.0.0.1")).await;
    authority.add_to_the_system().await;
    machine.ask("say hi").await.assert_says("You said: say hi");
}

async fn wrong_certificate() {
    let authority = Authority::new();
    let trusted = authority.file();
    let trusted = [("NODE_EXTRA_CA_CERTS", trusted.to_str().unwrap())];
    for (files, words) in [
        (authority.leaf("other.example.com"), "SSL certificate hostname mismatch"),
        (authority.expired("127.0.0.1"), "SSL certificate has expired"),
    ] {
        let machine = behind_tls(files).await;
        machine.deploy(Mode::Bedrock, &trusted);
        assert_told(&machine.ask("say hi").await, &[words]);
    }
}

async fn unreachable() {
    let machine = Machine::new(Mode::Bedrock).await;
    let away = |url| [AT_ONCE, ("ANTHROPIC_BEDROCK_BASE_URL", url)];
    machine.deploy(Mode::Bedrock, &away("http://127.0.0.1:9"));
    assert_told(&machine.ask("say hi").await, &["Connection refused —", "(ECONNREFUSED)"]);
    machine.deploy(Mode::Bedrock, &away("http://sallyport.example.com:8002"));
    assert_told(&machine.ask("say hi").await, &["Can't reach the API server"]);
    let otherwise = machine.gateway.replace("http:", "https:");
    machine.deploy(Mode::Bedrock, &away(&otherwise));
    assert_told(&machine.ask("say hi").await, &["Unable to connect to API (EPROTO)"]);
    let machine = behind_tls(Authority::new().leaf("127.0.0.1")).await;
    let otherwise = machine.gateway.replace("https:", "http:");
    machine.deploy(Mode::Bedrock, &away(&otherwise));
    assert_told(&machine.ask("say hi").await, &["Connection dropped ("]);
}

/// A proxy that is meant for the Internet, and what the advice about it does.
async fn proxy_in_the_way() {
    let proxy = Between::refusing().await;
    let machine = Machine::new(Mode::Bedrock).await;
    machine.deploy(Mode::Bedrock, &[AT_ONCE, ("HTTP_PROXY", proxy.url())]);
    assert_told(&machine.ask("say hi").await, &[BEFORE, "API Error: 403"]);
    machine.deploy(Mode::Bedrock, &[("HTTP_PROXY", proxy.url()), ("NO_PROXY", "127.0.0.1")]);
    machine.ask("say hi").await.assert_says("You said: say hi");

    let authority = Authority::new();
    let trusted = authority.file();
    let trusted = ("NODE_EXTRA_CA_CERTS", trusted.to_str().unwrap());
    let machine = behind_tls(authority.leaf("127.0.0.1")).await;
    machine.deploy(Mode::Bedrock, &[AT_ONCE, trusted, ("HTTPS_PROXY", proxy.url())]);
    assert_told(&machine.ask("say hi").await, &["Couldn't connect through your proxy (ERR_PROXY_TUNNEL)"]);
    machine.deploy(Mode::Bedrock, &[trusted, ("HTTPS_PROXY", proxy.url()), ("NO_PROXY", "127.0.0.1")]);
    machine.ask("say hi").await.assert_says("You said: say hi");
}

async fn another_page() {
    let page = Between::page().await;
    let machine = Machine::new(Mode::Bedrock).await;
    machine.deploy(Mode::Bedrock, &[AT_ONCE, ("ANTHROPIC_BEDROCK_BASE_URL", page.url())]);
    assert_told(&machine.ask("say hi").await, &["content-type \"text/html\""]);
    machine.deploy(Mode::Anthropic, &[AT_ONCE, ("ANTHROPIC_BASE_URL", page.url())]);
    assert_told(&machine.ask("say hi").await, &["API returned an empty or malformed response"]);
}

async fn no_settings() {
    let machine = Machine::new(Mode::Bedrock).await;
    fs::remove_file(SETTINGS).unwrap();
    assert_told(&machine.ask("say hi").await, &["Not logged in · Please run /login"]);
    machine.deploy(Mode::Bedrock, &[]);
    machine.ask("say hi").await.assert_says("You said: say hi");
}

async fn no_token() {
    let machine = Machine::new(Mode::Bedrock).await;
    machine.deploy(Mode::Bedrock, &[AT_ONCE]);
    machine.set_helper("true");
    let empty = [BEFORE, "API Error: 401 the access token is empty; sign in again"];
    assert_told(&machine.ask("say hi").await, &empty);
    machine.set_helper("echo 'error: nobody is signed in' >&2; exit 4");
    let said = machine.ask("say hi").await;
    assert_told(&said, &empty);
    assert!(said.errors.contains("apiKeyHelper failed: exited 4: error: nobody is signed in"), "{said:?}");
}

async fn ended_by_an_operator() {
    let machine = Machine::new(Mode::Bedrock).await;
    machine.deploy(Mode::Bedrock, &[AT_ONCE]);
    let token = machine.sandbox.token(User::ADA).await.unwrap();
    machine.set_helper(&format!("echo {token}"));
    machine.order("revoke", json!({ "reason": "left" })).await;
    let said = machine.ask("say hi").await;
    assert_told(&said, &["API Error: 401 this session was revoked; sign in again"]);
    // A sign-in, as the guide advises.
    machine.set_helper(&machine.token_command());
    machine.ask("say hi").await.assert_says("You said: say hi");
    let token = machine.sandbox.token(User::ADA).await.unwrap();
    machine.set_helper(&format!("echo {token}"));
    machine.order("lock", json!({ "reason": "x", "duration_seconds": 600, "message": "ask us" })).await;
    let said = machine.ask("say hi").await;
    assert_told(&said, &["API Error: 400 ", " is locked until "]);
    said.assert_fails_with("ask us");
}

async fn ruled_out() {
    let spend = SpendCaps { day: Some(Money::from_micros(1)), ..SpendCaps::default() };
    let caps = Caps { spend, ..Caps::default() };
    let pilots = Policy { members: Members::Everyone, caps, ..Policy::unlimited("pilots") };
    let machine = Machine::with(Mode::Bedrock, |config| config.policies = vec![pilots]).await;
    machine.ask("say hi").await.assert_says("You said: say hi");
    machine.sandbox.usage_of(1).await.unwrap();
    assert_told(&machine.ask("say hi").await, &["Request rejected (429) · "]);
    let more = json!({ "reason": "x", "duration_seconds": 600, "raise": { "spend": 50_000_000 } });
    machine.order("grant", more).await;
    machine.ask("say hi").await.assert_says("You said: say hi");
}

macro_rules! symptoms {
    ($($name:ident: $test:expr;)*) => {
        $(client_test!("needs the real Claude Code client", $name, $test);)*
    };
}

symptoms! {
    an_unknown_authority_is_told_and_naming_it_helps: unknown_authority;
    an_authority_in_the_systems_store_is_enough: system_authority;
    a_certificate_that_is_wrong_or_old_is_told: wrong_certificate;
    a_gateway_that_cannot_be_reached_is_told: unreachable;
    a_proxy_in_the_way_is_told_and_no_proxy_helps: proxy_in_the_way;
    a_page_in_place_of_the_gateway_is_told: another_page;
    without_settings_it_asks_for_a_login: no_settings;
    a_helper_without_a_token_is_told: no_token;
    an_operators_order_is_told_and_a_sign_in_helps: ended_by_an_operator;
    a_limit_is_told_and_a_grant_helps: ruled_out;
}
