//! `sallyportd` from outside: started with nothing but environment variables, told to stop, misconfigured.

mod background;
mod canary;
mod command;
pub(crate) mod daemon;
mod detached;
mod drain;
mod hand_over;
mod init;
mod reload;
mod role;
mod tls;

use rustix::process::Signal;
use serde_json::{Value, json};

use daemon::{Daemon, World, client};

/// A small request in Bedrock's own words.
fn prompt(words: &str) -> Value {
    let message = json!({ "role": "user", "content": words });
    json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "messages": [message] })
}

/// Asks the model and returns what it says.
async fn ask(daemon: &Daemon, token: &str, words: &str) -> String {
    let url = format!("{}/model/anthropic.claude-opus-4-8/invoke", daemon.url("gateway"));
    let request = client(&[]).post(url).bearer_auth(token).json(&prompt(words));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    answer["content"][0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn environment_variables_are_all_it_needs() {
    let world = World::new().await;
    let daemon = world.start().await;
    let tokens = daemon.sign_in(&client(&[]), &world).await;
    let token = tokens.access_token.expose();
    assert_eq!(ask(&daemon, token, "say: forwarded").await, "forwarded");
    let body = json!({ "model": "anthropic.claude-opus-4-8", "max_tokens": 64, "stream": true,
        "messages": [{ "role": "user", "content": "say: streamed" }] });
    let request = client(&[]).post(format!("{}/v1/messages", daemon.url("gateway")));
    let stream = request.bearer_auth(token).json(&body).send().await.unwrap().text().await.unwrap();
    assert!(stream.contains("streamed") && stream.contains("event: message_stop"), "{stream}");
    daemon.signal(Signal::TERM);
    let (code, written) = daemon.end().await;
    assert_eq!(code, Some(0), "{written}");
    assert!(!world.path("run/admin.sock").exists());
    world.stop().await;
}

#[tokio::test]
async fn aws_finds_its_variables_in_the_env_file() {
    let mut world = World::new().await;
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "INTERNAL_JWT_SECRET"];
    let lines = names.map(|name| format!("{name}='{}'\n", world.variables.remove(name).unwrap()));
    world.write(".env", &lines.concat());
    let daemon = world.start().await;
    let id = daemon.id();
    let tokens = daemon.sign_in(&client(&[]), &world).await;
    assert_eq!(ask(&daemon, tokens.access_token.expose(), "say: hi").await, "hi");
    let inherited = std::fs::read(format!("/proc/{id}/environ")).unwrap();
    let inherited = String::from_utf8_lossy(&inherited);
    assert!(inherited.contains("AWS_SECRET_ACCESS_KEY=") && !inherited.contains("INTERNAL_JWT_SECRET="));
    daemon.signal(Signal::INT);
    assert_eq!(daemon.end().await.0, Some(0));
    world.stop().await;
}

#[tokio::test]
async fn every_listener_tells_its_health() {
    let world = World::new().await;
    let daemon = world.start().await;
    for service in ["auth", "gateway", "install"] {
        for (path, answer) in [("health", "ok"), ("healthz", "ok"), ("readyz", "ready")] {
            let url = format!("{}/{path}", daemon.url(service));
            let answered: Value = client(&[]).get(url).send().await.unwrap().json().await.unwrap();
            assert_eq!(answered, json!({ "status": answer }), "{service} {path}");
        }
    }
    let admin = client_of(&world);
    let status: Value = admin.get("http://admin/status").send().await.unwrap().json().await.unwrap();
    let gateway = status["addresses"]["gateway"].as_str().unwrap();
    assert_eq!(format!("http://{gateway}"), daemon.url("gateway"));
    assert_eq!((&status["ready"], &status["usage_lost"]), (&json!(true), &json!(0)));
    let url = format!("{}/claude-code/install/linux/claude-code-setup.run", daemon.url("install"));
    let refused = client(&[]).get(url).send().await.unwrap();
    assert_eq!(refused.status(), 404);
    assert!(refused.text().await.unwrap().contains("nothing is served yet"));
}

#[tokio::test]
async fn a_health_check_tells_ready_from_stopping_from_gone() {
    let mut world = World::new().await;
    let daemon = world.start().await;
    let ready = world.output(&["healthcheck"]).await;
    assert_eq!((ready.status.code(), ready.stdout.as_slice()), (Some(0), b"ready\n".as_slice()));
    let (stream, _) = drain::held_stream(&world, &daemon).await;
    daemon.signal(Signal::TERM);
    daemon.until("stopped accepting listener=gateway").await;
    let stopping = world.output(&["healthcheck"]).await;
    let said = String::from_utf8_lossy(&stopping.stderr);
    assert_eq!((stopping.status.code(), &*said), (Some(1), "error: not ready: the daemon is stopping\n"));
    drop(stream);
    assert_eq!(daemon.end().await.0, Some(0));
    let gone = world.output(&["healthcheck"]).await;
    let said = String::from_utf8_lossy(&gone.stderr);
    assert!(gone.status.code() == Some(3) && said.contains("no daemon answers at"), "{said}");
    world.variables.remove("ENTRA_TENANT_ID");
    assert_eq!(world.output(&["healthcheck"]).await.status.code(), Some(1));
    world.stop().await;
}

/// A client of the operators' socket.
fn client_of(world: &World) -> reqwest::Client {
    let socket = world.path("run/admin.sock");
    reqwest::Client::builder().unix_socket(socket).build().unwrap()
}
