//! What Prometheus is shown, and that what is written about it is true.

mod dashboard;
mod exposition;

use std::{collections::BTreeSet, fs, net::TcpListener, path::Path};

use futures_util::future::join_all;
use reqwest::StatusCode;
use sallyportd::sandbox::entra::{Forgery, User};
use serde_json::json;

use super::admin::world::{World, because, user};
use exposition::Exposition;

const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

/// A text of the repository.
fn document(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)).unwrap()
}

async fn shown(world: &World) -> Exposition {
    let answer = world.sandbox.client().get(world.sandbox.metrics().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    Exposition::parse(&answer.text().await.unwrap())
}

/// A world in which something of everything has happened.
async fn busy() -> World {
    let world = World::new().await;
    let token = world.sign_in(User::ADA, 1).await.remove(0);
    world.ask(&token, "sandbox.echo").await.bytes().await.unwrap();
    world
}

/// Waits until a figure has a value.
async fn until(world: &World, figure: &str, value: &str) -> Exposition {
    loop {
        let now = shown(world).await;
        if now.value(figure) == Some(value) {
            return now;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_document_describes_what_is_shown_and_nothing_else() {
    let shown = shown(&busy().await).await;
    let text = document("docs/metrics.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let described: BTreeSet<(String, String, BTreeSet<String>)> = rows
        .map(|row| {
            let mut cells = row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned());
            let (name, kind, labels) = (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap());
            let labels = labels.split(", ").map(|label| label.trim_matches('`').to_owned());
            (name, kind, labels.filter(|label| !label.is_empty()).collect())
        })
        .collect();
    assert_eq!(described, shown.families());
}

#[tokio::test]
async fn the_dashboard_asks_only_for_what_is_shown() {
    let shown = shown(&busy().await).await;
    let dashboard = serde_json::from_str(&document("docs/grafana/sallyport.json")).unwrap();
    let mut asked = BTreeSet::new();
    for expression in dashboard::expressions(&dashboard) {
        for (name, labels) in dashboard::selections(&expression) {
            let known = shown.labels(&name).unwrap_or_else(|| panic!("`{name}` of {expression}"));
            for label in labels {
                assert!(known.contains(&label), "`{label}` of {expression}");
            }
            asked.insert(shown.family_of(&name).unwrap());
        }
    }
    let families: BTreeSet<String> = shown.families().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(asked, families, "every family has its place");
}

#[tokio::test]
async fn requests_are_counted_by_what_became_of_them() {
    let world = World::new().await;
    let tokens = world.sign_in(User::ADA, 2).await;
    world.ask(&tokens[0], HAIKU).await.bytes().await.unwrap();
    let stalled = world.ask(&tokens[1], "sandbox.stall").await;
    assert_eq!(world.ask(&tokens[0], "sandbox.missing").await.status(), StatusCode::NOT_FOUND);
    world.operator().act(&user(User::ADA, "revoke"), &because("left")).await;
    stalled.bytes().await.unwrap();
    assert_eq!(world.refused(&tokens[0]).await.0, StatusCode::UNAUTHORIZED);
    let listing = format!("{}/v1/models", world.sandbox.gateway());
    world.sandbox.client().get(listing).send().await.unwrap();
    let now = until(&world, r#"sallyport_gateway_streams_total{outcome="revoked"}"#, "1").await;
    for (surface, model, status) in [
        ("bedrock", HAIKU, 200),
        ("bedrock", "sandbox.stall", 200),
        ("bedrock", "other", 404),
        ("bedrock", "none", 401),
        ("list", "none", 401),
    ] {
        let labels = format!(r#"surface="{surface}",model="{model}",status="{status}""#);
        assert_eq!(
            now.value(&format!("sallyport_gateway_requests_total{{{labels}}}")),
            Some("1"),
            "{labels}"
        );
    }
    assert_eq!(now.value(r#"sallyport_gateway_streams_total{outcome="upstream_cut"}"#), Some("0"));
    assert_eq!(now.value("sallyport_gateway_requests_in_flight"), Some("0"));
}

#[tokio::test]
async fn what_an_answer_took_and_cost_is_told_by_its_model() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA, 1).await.remove(0);
    world.ask(&token, HAIKU).await.bytes().await.unwrap();
    let labels = format!(r#"{{model="{HAIKU}"}}"#);
    let now = until(&world, &format!("sallyport_gateway_first_byte_seconds_count{labels}"), "1").await;
    let of_model = |name: &str| now.number(&format!("sallyport_gateway_{name}{labels}"));
    assert!(of_model("first_byte_seconds_sum") > 0.0);
    assert!(of_model("first_byte_seconds_sum") <= of_model("request_duration_seconds_sum"));
    assert!(of_model("cost_dollars_total") > 0.0);
}

#[tokio::test]
async fn sign_ins_and_refreshes_are_counted_by_their_result() {
    let world = World::new().await;
    let tokens = world.sign_in(User::ADA, 1).await.remove(0);
    let forged = json!({ "id_token": world.sandbox.entra.forge(User::ADA, Forgery::Expired) });
    let url = format!("{}/auth/verify", world.sandbox.auth());
    world.sandbox.client().post(url).json(&forged).send().await.unwrap();
    let next = serde_json::from_value(world.refresh(&tokens).await.1).unwrap();
    world.refresh(&tokens).await;
    world.refresh(&next).await;
    world.refresh(&tokens).await;
    let now = shown(&world).await;
    let count =
        |what: &str, result: &str| now.value(&format!(r#"sallyport_auth_{what}_total{{result="{result}"}}"#));
    assert_eq!((count("sign_ins", "granted"), count("sign_ins", "refused")), (Some("1"), Some("1")));
    assert_eq!(
        ["renewed", "repeated", "reused", "unknown"].map(|result| count("refreshes", result)),
        [Some("2"), Some("1"), Some("1"), Some("0")]
    );
    assert!(now.number("sallyport_store_commit_seconds_count") >= 4.0);
}

#[tokio::test]
async fn what_callers_make_up_grows_nothing_and_no_figure_names_anyone() {
    let world = busy().await;
    let token = world.sign_in(User::GRACE, 1).await.remove(0);
    let before = shown(&world).await.series();
    let made_up = (0..150).map(|n| format!("anthropic.made-up-{n}"));
    let answers = join_all(made_up.map(|model| {
        let (world, token) = (&world, &token);
        async move { world.ask(token, &format!("sandbox.missing.{model}")).await.status() }
    }));
    assert!(answers.await.iter().all(|status| !status.is_success()));
    let after = shown(&world).await;
    let new: Vec<_> = after.series().difference(&before).cloned().collect();
    assert!(new.len() <= 2, "{new:?}");
    let sessions = world.operator().get("/sessions").await;
    let ids = sessions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["id"].as_str().unwrap().to_owned());
    let personal = [User::ADA, User::GRACE].map(|user| user.oid.to_owned());
    for name in
        ids.chain(personal).chain(["made-up", "@sandbox", "Lovelace", "claude-cli"].map(str::to_owned))
    {
        assert!(!after.text().contains(&name), "{name}");
    }
}

#[tokio::test]
async fn a_taken_port_or_none_at_all_stops_nothing() {
    let blocker = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    for listen in [Some(blocker.local_addr().unwrap()), None] {
        let world = World::with(|config| config.metrics.listen = listen).await;
        assert_eq!(world.sandbox.metrics(), None);
        let token = world.sign_in(User::ADA, 1).await.remove(0);
        assert_eq!(world.ask(&token, "sandbox.echo").await.status(), StatusCode::OK);
        assert!(world.operator().get("/status").await["addresses"].get("metrics").is_none());
    }
}

#[tokio::test]
async fn nothing_but_figures_is_there() {
    let world = World::new().await;
    let metrics = world.sandbox.metrics().unwrap();
    let client = world.sandbox.client();
    let elsewhere = metrics.replace("/metrics", "/status");
    assert_eq!(client.get(elsewhere).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(client.post(metrics).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
}
