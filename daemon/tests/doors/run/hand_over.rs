//! One daemon after another, as a service manager restarts them.

use std::{collections::BTreeSet, net::TcpListener, os::unix::net::UnixDatagram, time::Duration};

use rustix::process::Signal;
use sallyportd::sandbox::entra::User;
use serde_json::{Value, json};

use super::{
    ask, client_of,
    daemon::{Daemon, World, client},
    drain::{held, held_stream, rest},
};
use crate::admin::world::Operator;

const KEPT: [&str; 2] = ["run", "--hand-over"];

/// A socket that outlives every daemon, as those of a socket unit do.
fn socket() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

async fn restart(world: &World, old: &mut Daemon, socket: &TcpListener) -> Daemon {
    old.signal(Signal::TERM);
    assert_eq!(old.main_ended().await, Some(0));
    world.start_on(socket, "gateway", &KEPT).await
}

#[tokio::test]
async fn a_stream_goes_on_beside_the_successor() {
    let (world, socket) = (World::new().await, socket());
    let mut old = world.start_on(&socket, "gateway", &KEPT).await;
    let (stream, begun) = held_stream(&world, &old).await;
    let new = restart(&world, &mut old, &socket).await;
    assert_eq!(new.url("gateway"), format!("http://{}", socket.local_addr().unwrap()));
    world.bedrock.resume();
    let token = new.sign_in(&client(&[]), &world).await.access_token;
    assert_eq!(ask(&new, token.expose(), "say: on").await, "on");
    let whole = rest(stream, begun).await;
    assert!(whole.contains("seven") && whole.contains("event: message_stop"), "{whole}");
    let usage = client_of(&world).get("http://admin/usage?by=session").send().await.unwrap();
    let usage: serde_json::Value = usage.json().await.unwrap();
    assert!(usage["items"].as_array().is_some_and(|sums| !sums.is_empty()), "{usage}");
}

#[tokio::test]
async fn the_successor_ends_streams_of_its_predecessor() {
    let (world, socket) = (World::new().await, socket());
    let mut old = world.start_on(&socket, "gateway", &KEPT).await;
    let (stream, begun) = held_stream(&world, &old).await;
    let _new = restart(&world, &mut old, &socket).await;
    let operator = client_of(&world);
    let users: serde_json::Value =
        operator.get("http://admin/users").send().await.unwrap().json().await.unwrap();
    let url = format!("http://admin/users/{}/revoke", users["items"][0]["id"].as_str().unwrap());
    let revoked = operator.post(url).json(&json!({ "reason": "laptop stolen" })).send().await.unwrap();
    assert_eq!(revoked.status(), 200, "{}", revoked.text().await.unwrap());
    let whole = rest(stream, begun).await;
    assert!(!whole.contains("message_stop"), "{whole}");
    old.until("ended by the other daemon").await;
}

/// Ten dollars a day, of which each word of an answer costs one.
const TEN_WORDS_A_DAY: &str = "[[policy]]\nname = 'all'\ngroups = ['*']\nspend_per_day = '$10'\n\
                               [[price]]\nmodel = '*'\ninput = 0\noutput = 1_000_000\n";

/// What the daemon that answers at the socket counts as spent today. It must be what is in the store.
async fn spent(world: &World) -> Value {
    let operator = Operator::at(&world.path("run/admin.sock"));
    let user = operator.get(&format!("/users/{}", User::ADA.oid)).await;
    let spent = user["budget"]["spending"][0]["spent"].clone();
    let recorded = operator.get("/usage?by=user").await;
    assert_eq!(spent, recorded["items"][0]["cost"]);
    spent
}

#[tokio::test]
async fn what_a_stream_cost_beside_the_successor_is_spent_there_once() {
    let (world, socket) = (World::new().await, socket());
    world.write("sallyport.toml", TEN_WORDS_A_DAY);
    let first = world.start_on(&socket, "gateway", &KEPT).await;
    let token = first.sign_in(&client(&[]), &world).await.access_token;
    let (mut old, mut costs) = (first, Vec::new());
    for _ in 0..2 {
        let (stream, begun) = held(&world, &old.url("gateway"), token.expose()).await;
        let new = restart(&world, &mut old, &socket).await;
        world.bedrock.resume();
        assert!(rest(stream, begun).await.contains("seven"));
        new.until("spending of the other daemon counted").await;
        costs.push(spent(&world).await);
        old = new;
    }
    assert_eq!(costs, [json!(7_000_000), json!(14_000_000)]);
    let request = client(&[]).post(format!("{}/v1/messages", old.url("gateway")));
    let body = json!({ "model": "sandbox.echo", "max_tokens": 64, "messages": [{ "role": "user", "content": "hi" }] });
    assert_eq!(request.bearer_auth(token.expose()).json(&body).send().await.unwrap().status(), 429);
}

#[tokio::test]
async fn an_idle_connection_is_used_once_more_and_then_closed() {
    let (world, socket) = (World::new().await, socket());
    let mut old = world.start_on(&socket, "gateway", &KEPT).await;
    let patient = client(&[]);
    let url = format!("{}/healthz", old.url("gateway"));
    assert!(patient.get(&url).send().await.unwrap().headers().get("connection").is_none());
    let new = restart(&world, &mut old, &socket).await;
    let last = patient.get(&url).send().await.unwrap();
    assert_eq!((last.status().as_u16(), last.headers()["connection"].to_str().unwrap()), (200, "close"));
    assert!(patient.get(&url).send().await.unwrap().headers().get("connection").is_none());
    drop(new);
}

#[tokio::test]
async fn a_keeper_that_is_killed_leaves_no_one_in_the_way() {
    let (world, socket) = (World::new().await, socket());
    let mut old = world.start_on(&socket, "gateway", &KEPT).await;
    let (stream, begun) = held_stream(&world, &old).await;
    old.signal(Signal::KILL);
    assert_eq!(old.main_ended().await, None);
    let _new = world.start_on(&socket, "gateway", &KEPT).await;
    world.bedrock.resume();
    assert!(rest(stream, begun).await.contains("event: message_stop"));
}

#[tokio::test]
async fn a_keeper_passes_on_why_its_child_does_not_start() {
    let mut world = World::new().await;
    world.variables.insert("AUTH_PORT", "none".to_owned());
    let output = world.output(&KEPT).await;
    assert_eq!(output.status.code(), Some(1));
    let written = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(written.matches("AUTH_PORT").count(), 1, "{written}");
}

#[tokio::test]
async fn the_service_manager_hears_what_happens() {
    let mut world = World::new().await;
    let manager = UnixDatagram::bind(world.path("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let path = world.path("notify").display().to_string();
    world.variables.extend([("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "200000".to_owned())]);
    let daemon = world.start_with(&KEPT).await;
    let hearing = tokio::task::spawn_blocking(move || {
        let mut heard = BTreeSet::new();
        while !heard.contains("STOPPING=1") {
            let mut buffer = [0; 512];
            let length = manager.recv(&mut buffer).unwrap();
            heard.extend(String::from_utf8_lossy(&buffer[..length]).lines().map(str::to_owned));
            if heard.contains("WATCHDOG=1") && !heard.contains("asked") {
                heard.insert("asked".to_owned());
                daemon.signal(Signal::HUP);
            }
            if heard.contains("RELOADING=1") {
                daemon.signal(Signal::TERM);
            }
        }
        heard
    });
    let heard = hearing.await.unwrap();
    for word in ["READY=1", "WATCHDOG=1", "RELOADING=1", "STOPPING=1"] {
        assert!(heard.contains(word), "{heard:?}");
    }
}
