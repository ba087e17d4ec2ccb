//! `sallyportd sandbox`: what it prints is true, and nothing of it stays behind.

use std::{path::Path, process::Stdio, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Deserialize)]
struct Summary {
    auth: String,
    gateway: String,
    install: String,
    admin_socket: String,
    entra: String,
    bedrock: String,
    token_helper: String,
}

/// A sandbox as a program of its own, and its first line.
async fn started(arguments: &[&str]) -> (Child, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sallyportd"));
    program.arg("sandbox").args(arguments);
    ready(program).await
}

async fn ready(mut program: Command) -> (Child, String) {
    let mut program = program.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut line = String::new();
    let mut lines = BufReader::new(program.stdout.take().unwrap());
    tokio::time::timeout(PATIENCE, lines.read_line(&mut line)).await.expect("it is ready").unwrap();
    (program, line)
}

async fn stop(mut program: Child) {
    let id = program.id().unwrap().to_string();
    assert!(Command::new("kill").arg(id).status().await.unwrap().success());
    let status = tokio::time::timeout(PATIENCE, program.wait()).await.expect("it ends").unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn it_starts_on_a_machine_without_certificate_authorities() {
    let mut bare = Command::new(env!("CARGO_BIN_EXE_sallyportd"));
    bare.arg("sandbox").envs([("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/dev/null")]);
    let (program, line) = ready(bare).await;
    assert!(!line.is_empty());
    stop(program).await;
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn what_it_prints_for_machines_works_and_nothing_stays() {
    let (program, line) = started(&["--json", "--user", "grace"]).await;
    let summary: Summary = serde_json::from_str(&line).unwrap();
    let client = client();
    for service in [&summary.auth, &summary.gateway, &summary.install] {
        assert_eq!(client.get(format!("{service}/health")).send().await.unwrap().status(), 200, "{service}");
    }
    let discovery = format!("{}/v2.0/.well-known/openid-configuration", summary.entra);
    assert_eq!(client.get(discovery).send().await.unwrap().status(), 200);
    assert!(summary.bedrock.starts_with("http://127.0.0.1:"));

    let helper = Command::new("/bin/sh").args(["-c", &summary.token_helper]).output().await.unwrap();
    let token = String::from_utf8(helper.stdout).unwrap();
    assert_eq!((token.lines().count(), helper.status.success()), (1, true));
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 9,
        "messages": [{ "role": "user", "content": "hello" }],
    });
    let url = format!("{}/model/us.anthropic.claude-opus-4-8/invoke", summary.gateway);
    let answer = client.post(url).bearer_auth(token.trim()).json(&body).send().await.unwrap();
    let message: Value = answer.json().await.unwrap();
    assert_eq!(message["content"][0]["text"], "You said: hello");

    let folder = Path::new(&summary.admin_socket).ancestors().nth(2).unwrap().to_owned();
    assert!(folder.exists());
    stop(program).await;
    assert!(!folder.exists());
}

#[tokio::test]
async fn two_sandboxes_for_people_live_side_by_side() {
    let (one, said) = started(&[]).await;
    let (other, said_too) = started(&[]).await;
    assert_eq!(said, said_too);
    assert!(said.starts_with("The sandbox is ready."));
    stop(one).await;
    stop(other).await;
}
