//! The operators' door: who may do what, what it tells, and that nobody can harm it.

mod contract;
mod grant;
mod head;
mod health;
mod refusal;
mod reload;
mod steer;
mod stranger;
mod traffic;
pub(crate) mod world;

use reqwest::StatusCode;
use sallyportd::sandbox::entra::User;
use serde_json::{Value, json};
use shared::api::admin::{AuditEntry, Page, Request, Session, SessionUse, Status};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use world::{World, because, user};

fn page<T: serde::de::DeserializeOwned>(answer: Value) -> Vec<T> {
    serde_json::from_value::<Page<T>>(answer).unwrap().items
}

#[tokio::test]
async fn a_reader_looks_and_cannot_act_and_the_attempt_is_audited() {
    let world = World::with(|config| config.admin.operators = Some(vec![4_000_000])).await;
    let tokens = world.sign_in(User::ADA, 1).await;
    let operator = world.operator();
    assert_eq!(page::<Session>(operator.get("/sessions").await).len(), 1);
    for verb in ["revoke", "lock", "unlock"] {
        let (status, answer) = operator.post(&user(User::ADA, verb), &because("mischief")).await;
        assert_eq!((status, answer["error"].as_str()), (StatusCode::FORBIDDEN, Some("forbidden")));
    }
    assert_eq!(world.ask(&tokens[0], "sandbox.echo").await.status(), StatusCode::OK);
    let refused: Vec<AuditEntry> = page(operator.get("/audit?event=refusal").await);
    assert_eq!(refused.len(), 1, "the others are counted");
    assert_eq!(refused[0].operator, Some(rustix::process::geteuid().as_raw()));
    assert_eq!(refused[0].detail, Some(format!("POST {}", user(User::ADA, "revoke"))));
}

#[tokio::test]
async fn whoever_is_no_reader_sees_nothing() {
    let world = World::with(|config| {
        config.admin.operators = Some(vec![4_000_000]);
        config.admin.readers = Some(vec![4_000_001]);
    });
    let world = world.await;
    for path in ["/status", "/sessions", "/audit", "/events", "/openapi.json"] {
        assert_eq!(world.operator().open(path).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn the_state_of_everything_is_told() {
    let world = World::new().await;
    let tokens = world.sign_in(User::ADA, 2).await;
    world.sign_in(User::GRACE, 1).await;
    let stream = world.ask(&tokens[0], "sandbox.stall").await;
    let operator = world.operator();
    let status: Status = serde_json::from_value(operator.get("/status").await).unwrap();
    assert!(status.ready && status.requests_in_flight == 1 && status.process.memory_bytes > 0);
    let requests: Vec<Request> = page(operator.get("/requests").await);
    assert_eq!(requests[0].user.as_str(), User::ADA.oid);
    assert_eq!(requests[0].client_session.as_deref(), Some("a-session"));
    assert!(requests[0].user_agent.as_deref().unwrap().starts_with("claude-cli/"));
    let found: Vec<Session> = page(operator.get("/sessions?search=GRACE&state=active").await);
    assert_eq!((found.len(), found[0].email.as_deref()), (1, Some(User::GRACE.email)));
    let first = operator.get("/sessions?limit=2&sort=user").await;
    assert_eq!((first["items"].as_array().unwrap().len(), first["next"].as_u64()), (2, Some(2)));
    assert_eq!(page::<Session>(operator.get("/sessions?limit=2&sort=user&skip=2").await).len(), 1);
    let users = operator.get("/users").await;
    assert_eq!(users["items"].as_array().unwrap().len(), 2);
    assert_eq!(operator.get("/devices").await["items"][0]["users"], 2);
    drop(stream);
}

#[tokio::test]
async fn usage_is_summed_by_day_and_by_user() {
    let world = World::new().await;
    let tokens = world.sign_in(User::ADA, 1).await;
    world.ask(&tokens[0], "sandbox.echo").await.bytes().await.unwrap();
    world.sandbox.usage_of(1).await.unwrap();
    for by in ["day", "user", "model", "session"] {
        let sums = world.operator().get(&format!("/usage?by={by}")).await;
        assert_eq!((sums["items"].as_array().unwrap().len(), &sums["items"][0]["requests"]), (1, &json!(1)));
    }
}

#[tokio::test]
async fn a_session_tells_what_was_used_in_it_and_is_found_by_it() {
    let world = World::new().await;
    let tokens = world.sign_in(User::ADA, 2).await;
    let operator = world.operator();
    world.ask(&tokens[0], "sandbox.echo").await.bytes().await.unwrap();
    world.sandbox.usage_of(1).await.unwrap();
    let sessions: Vec<Session> = page(operator.get("/sessions?sort=cost").await);
    let used = sessions[0].used.clone().unwrap();
    assert_eq!((used.requests, used.model.unwrap().as_str()), (1, "sandbox.echo"));
    assert_eq!(used.client.as_deref(), Some("claude-cli/2.1.330 (external, sdk-cli)"));
    assert!(used.tokens.total() > 0 && used.last.is_some_and(|last| last >= sessions[0].opened));
    assert_eq!(sessions[1].used, Some(SessionUse::default()));
    let last_used: Vec<Session> = page(operator.get("/sessions?sort=used&limit=1").await);
    assert_eq!(last_used[0].id, sessions[0].id);
    let changed: Vec<Session> =
        page(operator.get(&format!("/sessions?changed_since={}", used.last.unwrap().0)).await);
    assert_eq!(changed.iter().map(|session| session.id).collect::<Vec<_>>(), [sessions[0].id]);
    let lock = json!({ "reason": "a look at it", "duration_seconds": 60 });
    operator.act(&format!("/sessions/{}/lock", sessions[1].id), &lock).await;
    let locked: Vec<Session> = page(operator.get("/sessions?state=locked").await);
    assert_eq!(locked.iter().map(|session| session.id).collect::<Vec<_>>(), [sessions[1].id]);
}

#[tokio::test]
async fn what_happens_is_told_as_it_happens() {
    let world = World::new().await;
    let mut events = world.operator().open("/events").await;
    let mut said = String::from_utf8(events.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    let tokens = world.sign_in(User::ADA, 1).await;
    world.ask(&tokens[0], "sandbox.echo").await.bytes().await.unwrap();
    world.operator().act(&user(User::ADA, "revoke"), &because("lost laptop")).await;
    while !said.contains("revocation") || !said.contains("request_ended") {
        said.push_str(std::str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap());
    }
    let names: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names[..2], ["sign_in", "request_started"]);
    assert!(said.contains("lost laptop") && !said.contains("hello there"));
}

#[tokio::test]
async fn an_oversized_or_a_half_sent_request_harms_nobody() {
    let world = World::new().await;
    let socket = world.sandbox.admin_socket();
    let mut half = UnixStream::connect(socket).await.unwrap();
    half.write_all(b"POST /users/ada/revoke HTTP/1.1\r\nhost: x\r\ncontent-le").await.unwrap();
    let mut body = UnixStream::connect(socket).await.unwrap();
    body.write_all(b"POST /users/ada/revoke HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n{\"rea")
        .await
        .unwrap();
    let (status, _) = world.operator().post(&user(User::ADA, "revoke"), &because(&"x".repeat(1 << 20))).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut head = UnixStream::connect(socket).await.unwrap();
    let long = format!("GET /status?{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(200_000));
    let _ = head.write_all(long.as_bytes()).await;
    let mut refused = Vec::new();
    let _ = head.read_to_end(&mut refused).await;
    assert!(!refused.starts_with(b"HTTP/1.1 200"));
    assert_eq!(world.operator().get("/status").await["ready"], true);
    drop((half, body));
}

#[tokio::test]
async fn nonsense_is_refused_with_a_sentence() {
    let world = World::new().await;
    let operator = world.operator();
    for path in
        ["/sessions?usr=ada", "/sessions?limit=0", "/usage?by=moon", "/sessions/nobody", "/audit?after=x"]
    {
        let answer = operator.open(path).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.text().await.unwrap().contains("\"message\""));
    }
    for body in [json!({}), because(" "), because("two\nlines"), json!({ "reason": "x", "why": "y" })] {
        assert_eq!(
            operator.post(&user(User::ADA, "revoke"), &body).await.0,
            StatusCode::BAD_REQUEST,
            "{body}"
        );
    }
    let (status, answer) = operator.post("/users/nobody/revoke", &because("x")).await;
    assert_eq!((status, answer["error"].as_str()), (StatusCode::NOT_FOUND, Some("not_found")));
    assert_eq!(operator.post(&user(User::ADA, "lock"), &because("x")).await.0, StatusCode::BAD_REQUEST);
}
