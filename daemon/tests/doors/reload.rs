//! The configuration, read again while the daemon runs.

use std::fs;

use reqwest::{Response, StatusCode};
use sallyportd::{
    config::{Problem, Problems},
    reload::ReloadError,
    sandbox::{Options, Sandbox, SignInError, entra::User},
};
use serde_json::{Value, json};
use shared::api::{
    admin::reload::{Change, Reloaded},
    auth::ErrorAnswer,
};

const OPUS: &str = "us.anthropic.claude-opus-4-8";

/// A sandbox whose file is rewritten.
struct World {
    sandbox: Sandbox,
    /// What the file holds besides.
    file: String,
    token: String,
}

impl World {
    async fn new() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let file = fs::read_to_string(sandbox.folder().join("sallyport.toml")).unwrap();
        let token = sandbox.token(User::ADA).await.unwrap();
        Self { sandbox, file, token }
    }

    async fn reload(&self, sections: &str) -> Result<Reloaded, ReloadError> {
        fs::write(self.sandbox.folder().join("sallyport.toml"), format!("{}{sections}", self.file)).unwrap();
        self.sandbox.reload().await
    }

    async fn ask(&self, model: &str, stream: bool) -> Response {
        let body = json!({ "model": model, "max_tokens": 9, "stream": stream,
            "messages": [{ "role": "user", "content": "hello" }] });
        let request = self.sandbox.client().post(format!("{}/v1/messages", self.sandbox.gateway()));
        request.bearer_auth(&self.token).json(&body).send().await.unwrap()
    }

    async fn status(&self, model: &str) -> StatusCode {
        self.ask(model, false).await.status()
    }

    /// The code of a refused sign-in.
    async fn refusal(&self, user: &User) -> Option<String> {
        match self.sandbox.token(user).await {
            Ok(_) => None,
            Err(SignInError::Refused { text, .. }) => {
                Some(serde_json::from_str::<ErrorAnswer>(&text).unwrap().error)
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn keys(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| change.key.as_str()).collect()
}

#[tokio::test]
async fn models_and_aliases_change_for_the_next_request_and_no_stream_is_touched() {
    let world = World::new().await;
    let stream = world.ask("sandbox.stall.1", true).await;
    assert_eq!((world.status(OPUS).await, world.status("quick").await.as_u16()), (StatusCode::OK, 400));

    let rules = format!("[gateway]\nmodels = ['eu.*']\n[gateway.aliases]\nquick = '{OPUS}'\n");
    let reloaded = world.reload(&rules).await.unwrap();
    assert_eq!(keys(&reloaded.applied), ["gateway.aliases.quick", "gateway.models"]);
    assert!(reloaded.needs_restart.is_empty());
    let refused = world.ask(OPUS, false).await;
    assert_eq!(refused.status(), 400);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["error"]["type"], "policy_blocked");
    assert_eq!(world.status("quick").await, 200);
    assert!(stream.text().await.unwrap().contains("event: message_stop"));

    world.reload("").await.unwrap();
    assert_eq!(world.status(OPUS).await, 200);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn policies_and_prices_change_for_the_next_request() {
    let world = World::new().await;
    let rules = format!(
        "[[policy]]\nname = 'everyone'\ngroups = ['*']\nmodels = ['eu.*']\n\
         [[price]]\nmodel = '{OPUS}'\ninput = 1\noutput = 2\n"
    );
    let reloaded = world.reload(&rules).await.unwrap();
    assert_eq!(keys(&reloaded.applied), ["policy", "price"]);
    assert!(reloaded.needs_restart.is_empty());
    let refused: Value = world.ask(OPUS, false).await.json().await.unwrap();
    assert!(refused["error"]["message"].as_str().unwrap().contains("everyone"), "{refused}");

    world.reload("").await.unwrap();
    assert_eq!(world.status(OPUS).await, 200);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn pings_come_as_often_as_the_configuration_says_now() {
    let world = World::new().await;
    world.reload("[gateway]\nping_interval = '20ms'\n").await.unwrap();
    let stream = world.ask("sandbox.stall.1", true).await.text().await.unwrap();
    assert!(stream.contains("event: ping") && stream.contains("event: message_stop"), "{stream}");
    world.sandbox.stop().await;
}

#[tokio::test]
async fn admission_changes_for_the_next_sign_in_and_sessions_go_on() {
    let world = World::new().await;
    let rules = [
        ("required_groups = ['research']", "missing_group"),
        ("required_roles = ['Administrator']", "missing_role"),
        ("email_domains = ['elsewhere.example']", "email_domain"),
        ("auth_context = 'c1'", "missing_auth_context"),
    ];
    for (rule, code) in rules {
        world.reload(&format!("[entra]\n{rule}\n")).await.unwrap();
        assert_eq!(world.refusal(User::ADA).await.as_deref(), Some(code), "{rule}");
    }
    assert_eq!(world.status(OPUS).await, 200);
    world.reload("").await.unwrap();
    assert_eq!(world.refusal(User::ADA).await, None);
    world.sandbox.stop().await;
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_everything_wrong_is_told() {
    let world = World::new().await;
    let broken = "[gateway]\nmodels = ['eu.*']\nping_interval = 'often'\nmodles = []\n";
    let ReloadError::Problems(Problems(problems)) = world.reload(broken).await.unwrap_err() else { panic!() };
    let told: Vec<_> = problems.iter().map(|Problem { message, .. }| message.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("ping_interval") && told[1].contains("modles"), "{told:?}");
    assert_eq!(world.status(OPUS).await, 200);
    assert_eq!(world.reload("").await.unwrap(), Reloaded::default());
    world.sandbox.stop().await;
}

#[tokio::test]
async fn what_needs_a_restart_is_told_each_time_and_does_not_hold() {
    let world = World::new().await;
    let file = "[gateway]\nbody_limit = 10\nmodels = ['eu.*']\n";
    let reloaded = world.reload(file).await.unwrap();
    assert_eq!(keys(&reloaded.needs_restart), ["gateway.body_limit"]);
    assert_eq!(keys(&reloaded.applied), ["gateway.models"]);
    assert_eq!(world.status("eu.anthropic.claude-opus-4-8").await, 200);
    let again = world.reload(file).await.unwrap();
    assert_eq!((keys(&again.needs_restart), again.applied.len()), (vec!["gateway.body_limit"], 0));
    world.sandbox.stop().await;
}

#[tokio::test]
async fn what_cannot_be_audited_changes_nothing() {
    let world = World::new().await;
    let database = world.sandbox.folder().join("state/sallyport.db");
    let away = |sql| rusqlite::Connection::open(&database).unwrap().execute_batch(sql).unwrap();
    away("ALTER TABLE audit RENAME TO away");
    let rules = "[gateway]\nmodels = ['eu.*']\n";
    assert!(matches!(world.reload(rules).await, Err(ReloadError::Store(_))));
    assert_eq!(world.status(OPUS).await, 200);
    away("ALTER TABLE away RENAME TO audit");
    assert_eq!(keys(&world.reload(rules).await.unwrap().applied), ["gateway.models"]);
    assert_eq!(world.status(OPUS).await, 400);
    world.sandbox.stop().await;
}
