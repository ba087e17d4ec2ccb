//! A daemon that can be killed, and what its clients still hear of it.

use std::sync::Mutex;

use reqwest::{Client, RequestBuilder, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};
use shared::{api::auth::TokenAnswer, secret::Secret};

use crate::run::daemon::{Daemon, World, client};

pub(super) struct Process {
    daemon: Mutex<Option<Daemon>>,
    auth: String,
    gateway: String,
    client: Client,
}

impl Process {
    /// Starts it and waits until it is ready.
    pub(super) async fn start(world: &World) -> Self {
        let daemon = world.start().await;
        let [auth, gateway] = ["auth", "gateway"].map(|service| daemon.url(service));
        Self { daemon: Mutex::new(Some(daemon)), auth, gateway, client: client(&[]) }
    }

    /// Ends it by SIGKILL, in the middle of whatever it does.
    pub(super) async fn kill(&self) {
        let daemon = self.daemon.lock().unwrap().take().unwrap();
        daemon.signal(Signal::KILL);
        assert_eq!(daemon.end().await.0, None);
    }

    pub(super) async fn sign_in(&self, id_token: &str) -> Option<TokenAnswer> {
        let request = self.client.post(format!("{}/auth/verify", self.auth));
        let (status, body) = send(request.json(&json!({ "id_token": id_token }))).await?;
        assert_eq!(status, StatusCode::OK, "{body}");
        Some(serde_json::from_value(body).unwrap())
    }

    /// The successor, or the code of the refusal; nothing if there was no whole answer.
    pub(super) async fn refresh(&self, token: &Secret<String>) -> Option<Result<Secret<String>, String>> {
        let request = self.client.post(format!("{}/auth/refresh", self.auth));
        let (status, body) = send(request.json(&json!({ "refresh_token": token }))).await?;
        Some(match status {
            StatusCode::OK => Ok(Secret::new(text(&body["refresh_token"]))),
            _ => Err(text(&body["error"])),
        })
    }

    pub(super) async fn log_out(&self, access_token: &Secret<String>) -> Option<()> {
        let request = self.client.post(format!("{}/auth/logout", self.auth));
        let (status, body) = send(request.bearer_auth(access_token.expose())).await?;
        assert_eq!(status, StatusCode::OK, "{body}");
        Some(())
    }

    /// One small answer of the model: its status, and the request's id.
    pub(super) async fn invoke(&self, access_token: &Secret<String>) -> Option<(StatusCode, String)> {
        let body = json!({
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 16,
            "messages": [{ "role": "user", "content": "say hi" }],
        });
        let request = self.client.post(format!("{}/model/sandbox.fast/invoke", self.gateway));
        let answer = request.bearer_auth(access_token.expose()).json(&body).send().await.ok()?;
        let (status, id) = (answer.status(), answer.headers()["x-request-id"].to_str().unwrap().to_owned());
        answer.bytes().await.ok()?;
        Some((status, id))
    }
}

async fn send(request: RequestBuilder) -> Option<(StatusCode, Value)> {
    let answer = request.send().await.ok()?;
    let status = answer.status();
    Some((status, answer.json().await.ok()?))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
