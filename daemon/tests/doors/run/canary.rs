//! Nothing of a request's content, no token and no secret is ever written down, at any level of logs.

use std::{fs, path::Path};

use reqwest::{Client, RequestBuilder};
use rustix::process::Signal;
use sallyportd::sandbox::entra::{Forgery, User};
use serde_json::{Value, json};
use shared::api::auth::TokenAnswer;

use super::{
    client_of,
    daemon::{World, client},
    detached::Detached,
};
use crate::gateway::SURFACES;

const PROMPT: &str = "canary-of-a-prompt";
const COMPLETION: &str = "canary-of-a-completion";
/// What no log may hold; a token is looked for by its parts, and words as the event stream carries them too.
#[derive(Default)]
struct Canaries(Vec<String>);

impl Canaries {
    fn word(&mut self, word: &str) {
        self.0.push(word.to_owned());
        for skipped in 0..3 {
            let encoded = base64_simd::STANDARD.encode_to_string(format!("{}{word}", "_".repeat(skipped)));
            // The first and the last digits depend on what stands beside the word.
            self.0.push(encoded[4..encoded.len() - 4].to_owned());
        }
    }

    fn token(&mut self, token: &str) {
        let parts = token.split('.').skip(usize::from(token.contains('.')));
        self.0.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
    }

    fn tokens(&mut self, tokens: &TokenAnswer) {
        self.token(tokens.access_token.expose());
        self.token(tokens.refresh_token.expose());
    }

    fn assert_absent(&self, place: &str, written: &[u8]) {
        let written = String::from_utf8_lossy(written);
        for canary in &self.0 {
            let found = written.lines().find(|line| line.contains(canary));
            assert!(found.is_none(), "{place} holds `{canary}`: {found:?}");
        }
    }
}

/// A client that knows one daemon and one user.
struct Visitor {
    client: Client,
    auth: String,
    gateway: String,
    token: String,
}

impl Visitor {
    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.gateway)).bearer_auth(&self.token)
    }

    /// Asks every surface, streaming and not.
    async fn ask_everything(&self, model: &str) {
        let said = format!("{PROMPT}\nsay: {COMPLETION}");
        let message = json!([{ "role": "user", "content": said }]);
        let native = json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "messages": message,
            "system": PROMPT, "tools": [{ "name": PROMPT, "input_schema": { "type": "object" } }] });
        let messages = |stream: bool| {
            json!({ "model": model, "max_tokens": 64, "messages": message, "stream": stream,
            "metadata": { "user_id": PROMPT } })
        };
        let chat =
            |stream: bool| json!({ "model": model, "messages": message, "stream": stream, "user": PROMPT });
        send(self.post(&format!("/model/{model}/invoke")).json(&native)).await;
        send(self.post(&format!("/model/{model}/invoke-with-response-stream")).json(&native)).await;
        let count = json!({ "input": { "invokeModel": { "body": base64_simd::STANDARD.encode_to_string(native.to_string()) } } });
        send(self.post(&format!("/model/{model}/count-tokens")).json(&count)).await;
        for stream in [false, true] {
            send(self.post("/v1/messages?beta=true").json(&messages(stream))).await;
            send(self.post("/v1/chat/completions").json(&chat(stream))).await;
        }
        send(self.post("/v1/messages/count_tokens").json(&messages(false))).await;
        send(self.post(&format!("/invoke?modelId={model}")).json(&native)).await;
        send(self.post(&format!("/invoke-with-response-stream?modelId={model}")).json(&native)).await;
    }

    /// Requests that make no sense, on every surface.
    async fn confuse(&self) {
        for path in SURFACES {
            for body in bodies() {
                send(self.post(path).body(body)).await;
            }
            send(self.post(path).header("content-encoding", "gzip").body(PROMPT)).await;
            send(self.post(path).header("content-encoding", PROMPT).body(PROMPT)).await;
            let key = format!("{}{PROMPT}", self.token);
            send(self.client.post(format!("{}{path}", self.gateway)).header("x-api-key", &key)).await;
            send(self.post(path).header("x-api-key", &key)).await;
            send(self.post(path).header("cookie", PROMPT).header("anthropic-beta", PROMPT)).await;
            send(self.post(&format!("{path}?token={PROMPT}"))).await;
        }
        for path in
            ["/v1/models", "/inference-profiles", "/inference-profiles/canary-of-a-prompt", "/nowhere"]
        {
            send(self.client.get(format!("{}{path}?key={PROMPT}", self.gateway)).bearer_auth(&self.token))
                .await;
        }
    }

    /// What the auth server refuses.
    async fn knock(&self, world: &World, canaries: &mut Canaries) {
        let auth = |path: &str| self.client.post(format!("{}{path}", self.auth));
        for forgery in Forgery::ALL {
            let token = world.entra.forge(User::ADA, forgery);
            canaries.token(&token);
            send(auth("/auth/verify").json(&json!({ "id_token": token }))).await;
        }
        for path in ["/auth/verify", "/auth/refresh", "/auth/logout"] {
            for body in bodies() {
                send(auth(path).body(body)).await;
            }
            let body = json!({ "id_token": PROMPT, "refresh_token": PROMPT, "device_id": 7 });
            send(auth(path).bearer_auth(PROMPT).json(&body)).await;
        }
    }

    /// Uses a refresh token, uses it up, and uses it again.
    async fn reuse(&self, tokens: &TokenAnswer, canaries: &mut Canaries) {
        let mut refresh_token = tokens.refresh_token.expose().clone();
        for _ in 0..2 {
            let answer = self.refresh(&refresh_token).await;
            let renewed: TokenAnswer = serde_json::from_value(answer).unwrap();
            canaries.tokens(&renewed);
            refresh_token.clone_from(renewed.refresh_token.expose());
        }
        self.refresh(tokens.refresh_token.expose()).await;
        send(self.client.post(format!("{}/auth/logout", self.auth)).bearer_auth(&self.token)).await;
        send(self.post("/v1/messages").json(&json!({ "model": "x", "messages": PROMPT }))).await;
    }

    async fn refresh(&self, token: &str) -> Value {
        let request = self.client.post(format!("{}/auth/refresh", self.auth));
        request.json(&json!({ "refresh_token": token })).send().await.unwrap().json().await.unwrap()
    }
}

fn bodies() -> [String; 4] {
    [
        PROMPT.to_owned(),
        format!("{{\"messages\": [\"{PROMPT}\""),
        json!({ "model": [PROMPT], "messages": PROMPT, "max_tokens": PROMPT }).to_string(),
        json!({ "model": "anthropic.claude-opus-4-8", "max_tokens": 1, "messages": [{ "role": PROMPT, "content": 7 }] }).to_string(),
    ]
}

/// Whatever is answered, and whether or not it is answered to its end.
async fn send(request: RequestBuilder) {
    if let Ok(answer) = request.send().await {
        let _ = answer.bytes().await;
    }
}

async fn live_through_everything(
    world: &World,
    [auth, gateway]: [String; 2],
    tokens: &TokenAnswer,
    canaries: &mut Canaries,
) {
    canaries.tokens(tokens);
    let token = tokens.access_token.expose().clone();
    let visitor = Visitor { client: client(&[]), auth, gateway, token };
    let models = [
        "anthropic.claude-opus-4-8",
        "sandbox.tool",
        "sandbox.thinking",
        "sandbox.throttled",
        "sandbox.invalid",
        "sandbox.broken",
        "sandbox.exception-internal",
        "sandbox.cut-before",
        "sandbox.cut-mid-frame",
        "sandbox.ends-early",
        "no-such-model",
    ];
    for model in models {
        visitor.ask_everything(model).await;
    }
    visitor.confuse().await;
    visitor.knock(world, canaries).await;
    send(client_of(world).get(format!("http://admin/status?{PROMPT}"))).await;
    send(client_of(world).post("http://admin/nowhere").body(PROMPT)).await;
    visitor.reuse(tokens, canaries).await;
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

/// A world whose daemons log all they can, and what they must not write down.
async fn talkative(format: &'static str) -> (World, Canaries) {
    let mut world = World::new().await;
    world.variables.insert("SALLYPORT_LOG_FORMAT", format.to_owned());
    world.variables.insert("SALLYPORT_LOG_LEVEL", "trace,hyper=trace,reqwest=trace,rustls=trace".to_owned());
    let mut canaries = Canaries::default();
    canaries.word(PROMPT);
    canaries.word(COMPLETION);
    canaries.word(&world.variables["INTERNAL_JWT_SECRET"]);
    canaries.word(&world.variables["AWS_SECRET_ACCESS_KEY"]);
    (world, canaries)
}

async fn nothing_leaks(format: &'static str) {
    let (world, mut canaries) = talkative(format).await;
    let daemon = world.start().await;
    let tokens = daemon.sign_in(&client(&[]), &world).await;
    let urls = ["auth", "gateway"].map(|service| daemon.url(service));
    live_through_everything(&world, urls, &tokens, &mut canaries).await;
    daemon.signal(Signal::TERM);
    let (code, written) = daemon.end().await;
    assert_eq!(code, Some(0), "{written}");
    assert!(written.lines().count() > 20, "{written}");
    canaries.assert_absent("the log", written.as_bytes());
    for (path, content) in files(&world.path("state")) {
        canaries.assert_absent(&path, &content);
    }
}

#[tokio::test]
async fn no_text_log_holds_content_tokens_or_secrets() {
    nothing_leaks("text").await;
}

#[tokio::test]
async fn no_json_log_holds_content_tokens_or_secrets() {
    nothing_leaks("json").await;
}

#[tokio::test]
async fn no_log_file_holds_content_tokens_or_secrets() {
    let (world, mut canaries) = talkative("text").await;
    let daemon = Detached::start(&world, &[]).await;
    let tokens = daemon.sign_in(&client(&[])).await;
    let urls = ["auth", "gateway"].map(|service| daemon.url(service));
    live_through_everything(&world, urls, &tokens, &mut canaries).await;
    daemon.stop().await;
    let written = fs::read(world.path("sallyportd.log")).unwrap();
    assert!(written.len() > 2000);
    canaries.assert_absent("the log file", &written);
}
