//! The sandbox, and an operator at its socket.

use std::{path::Path, time::Duration};

use futures_util::future::join_all;
use reqwest::{Client, Response, StatusCode};
use sallyportd::{
    config::Config,
    sandbox::{Options, Sandbox, entra::User},
};
use serde_json::{Value, json};
use shared::api::auth::TokenAnswer;

/// Longer than any test.
pub(crate) const LONG: Duration = Duration::from_mins(5);

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    operator: Operator,
}

/// Whoever speaks to the socket.
pub(crate) struct Operator(Client);

impl Operator {
    pub(crate) fn at(socket: &Path) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self(Client::builder().unix_socket(socket).no_proxy().timeout(LONG).build().unwrap())
    }

    pub(crate) async fn open(&self, path: &str) -> Response {
        self.0.get(format!("http://localhost{path}")).send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.open(path).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let answer = self.0.post(format!("http://localhost{path}")).json(body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// An action that must succeed.
    pub(crate) async fn act(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.post(path, body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let sandbox = Sandbox::start_with(Options::default(), change).await.unwrap();
        let operator = Operator::at(sandbox.admin_socket());
        Self { sandbox, operator }
    }

    pub(crate) fn operator(&self) -> &Operator {
        &self.operator
    }

    pub(crate) async fn sign_in(&self, user: &User, sessions: usize) -> Vec<TokenAnswer> {
        let answers = join_all((0..sessions).map(|_| self.sandbox.sign_in(user))).await;
        answers.into_iter().map(Result::unwrap).collect()
    }

    pub(crate) async fn refresh(&self, token: &TokenAnswer) -> (StatusCode, Value) {
        let request = self.sandbox.client().post(format!("{}/auth/refresh", self.sandbox.auth()));
        let answer = request.json(&json!({ "refresh_token": token.refresh_token })).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// A request of the gateway, as Claude Code sends it.
    pub(crate) async fn ask(&self, token: &TokenAnswer, model: &str) -> Response {
        let url = format!("{}/model/{model}/invoke-with-response-stream", self.sandbox.gateway());
        let body = json!({
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 99,
            "messages": [{ "role": "user", "content": "hello there" }],
        });
        let request = self.sandbox.client().post(url).bearer_auth(token.access_token.expose()).json(&body);
        let request = request.header("user-agent", "claude-cli/2.1.330 (external, sdk-cli)");
        request.header("x-claude-code-session-id", "a-session").send().await.unwrap()
    }

    pub(crate) async fn refused(&self, token: &TokenAnswer) -> (StatusCode, Value) {
        let answer = self.ask(token, "sandbox.echo").await;
        (answer.status(), answer.json().await.unwrap())
    }
}

pub(crate) fn user(user: &User, verb: &str) -> String {
    format!("/users/{}/{verb}", user.oid)
}

pub(crate) fn because(reason: &str) -> Value {
    json!({ "reason": reason })
}
