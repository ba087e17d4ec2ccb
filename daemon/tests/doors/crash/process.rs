//! The daemon as a process of its own, as `sallyportd run` starts it.

use std::{process::Stdio, sync::Mutex, time::Duration};

use reqwest::{Client, RequestBuilder, StatusCode};
use sallyportd::task::Tasks;
use serde_json::{Value, json};
use shared::{api::auth::TokenAnswer, secret::Secret};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    time::timeout,
};

use super::World;

/// Longer than any start.
const LONG: Duration = Duration::from_mins(1);

pub(super) struct Process {
    child: Mutex<Option<Child>>,
    auth: String,
    gateway: String,
    client: Client,
}

impl Process {
    /// Starts it and waits until it is ready.
    pub(super) async fn start(world: &World) -> Self {
        let mut child = command(world).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut auth, mut gateway) = (String::new(), String::new());
        while let Some(event) = next_event(&mut log).await {
            match (event["message"].as_str(), event["service"].as_str()) {
                (Some("listening"), Some("auth")) => auth = text(&event["url"]),
                (Some("listening"), Some("gateway")) => gateway = text(&event["url"]),
                (Some("ready"), _) => break,
                _ => {}
            }
        }
        drain(&world.tasks, log);
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(LONG).build().unwrap();
        Self { child: Mutex::new(Some(child)), auth, gateway, client }
    }

    /// Ends it by SIGKILL, in the middle of whatever it does.
    pub(super) async fn kill(&self) {
        let child = self.child.lock().unwrap().take();
        child.unwrap().kill().await.unwrap();
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

/// Nothing but environment variables, as `product.md` promises.
fn command(world: &World) -> Command {
    let bedrock = world.bedrock.credentials();
    let path = |name: &str| world.dir.path().join(name).to_string_lossy().into_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyportd"));
    command.arg("run").env_clear().current_dir(world.dir.path()).kill_on_drop(true);
    command.envs([
        ("INTERNAL_JWT_SECRET", "a secret of more than thirty-two bytes".to_owned()),
        ("ENTRA_TENANT_ID", world.entra.tenant_id().to_owned()),
        ("ENTRA_CLIENT_ID", world.entra.client_id().to_owned()),
        ("ENTRA_AUTHORITY", world.entra.authority()),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", world.bedrock.endpoint()),
        ("AWS_ACCESS_KEY_ID", bedrock.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", bedrock.secret_access_key.expose().clone()),
        ("BEDROCK_REGION", world.bedrock.region().to_owned()),
        ("SALLYPORT_HOST", "127.0.0.1".to_owned()),
        ("AUTH_PORT", "0".to_owned()),
        ("GATEWAY_PORT", "0".to_owned()),
        ("INSTALL_PORT", "0".to_owned()),
        ("SALLYPORT_METRICS_LISTEN", "127.0.0.1:0".to_owned()),
        ("SALLYPORT_STATE_DIR", path("state")),
        ("SALLYPORT_RUNTIME_DIR", path("run")),
        ("SALLYPORT_LOG_FORMAT", "json".to_owned()),
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

async fn next_event(log: &mut Lines<BufReader<ChildStderr>>) -> Option<Value> {
    let line = timeout(LONG, log.next_line()).await.unwrap().unwrap();
    let line = line.unwrap_or_else(|| panic!("the daemon ended before it was ready"));
    Some(serde_json::from_str(&line).unwrap_or_else(|_| panic!("the daemon said: {line}")))
}

/// Reads on, so that the daemon never waits for a reader of its log.
fn drain(tasks: &Tasks, mut log: Lines<BufReader<ChildStderr>>) {
    tasks.spawn("log", async move { while let Ok(Some(_)) = log.next_line().await {} });
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
