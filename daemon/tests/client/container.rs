//! The image: Claude Code with the daemon in a container, and what an operator may rely on there.

mod engine;

use reqwest::Response;
use sallyportd::sandbox::{
    Options, Sandbox, SignIn,
    entra::{CLIENT_ID, User},
};
use serde_json::{Value, json};
use shared::api::auth::TokenAnswer;

use self::engine::{AUTH, Container, GATEWAY};
use crate::{
    client_test,
    machine::{Machine, Mode},
};

async fn sign_in(sandbox: &Sandbox) -> TokenAnswer {
    let entra = sandbox.entra.authority();
    let sign_in = SignIn { entra: &entra, client_id: CLIENT_ID, auth: AUTH, user: User::ADA.name };
    sign_in.run(sandbox.client()).await.unwrap()
}

/// A prompt, streamed.
async fn say(sandbox: &Sandbox, token: &str, model: &str, words: &str) -> Response {
    let message = json!({ "role": "user", "content": format!("say: {words}") });
    let body = json!({ "model": model, "max_tokens": 64, "stream": true, "messages": [message] });
    let request = sandbox.client().post(format!("{GATEWAY}/v1/messages")).bearer_auth(token);
    request.json(&body).send().await.unwrap().error_for_status().unwrap()
}

async fn serves_claude_code() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let container = Container::start(&sandbox).await;
    let machine = Machine::before(Mode::Bedrock, sandbox, GATEWAY).await;
    machine.set_helper(&machine.token_command_of(AUTH));
    machine.ask("say hi").await.assert_says("You said: say hi");
    machine.ask("run: echo from the tool | tee made").await.assert_says("The tool answered: from the tool");
    assert_eq!(std::fs::read_to_string(machine.project("made")).unwrap(), "from the tool\n");
    assert_eq!((machine.tap.asked(), machine.helper_runs()), (3, 2));
    let users: Value =
        serde_json::from_str(&container.exec(&["sallyport", "users", "list", "--json"]).await).unwrap();
    assert!(users.to_string().contains(User::ADA.oid), "{users}");
    let revoked =
        container.exec(&["sallyport", "users", "revoke", User::ADA.oid, "--reason", "a test"]).await;
    assert!(revoked.contains("2 sessions"), "{revoked}");
}

async fn has_no_rights() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let container = Container::start(&sandbox).await;
    let status = container.process("status").await;
    for line in ["Uid:\t65532\t65532\t65532\t65532", "CapEff:\t0000000000000000", "NoNewPrivs:\t1"] {
        assert!(status.contains(line), "{line}\n{status}");
    }
    let mounts = container.process("mountinfo").await;
    let root = mounts.lines().find(|mount| mount.split(' ').nth(4) == Some("/")).unwrap();
    assert!(root.split(' ').nth(5).unwrap().starts_with("ro"), "{root}");
    assert_eq!(container.stop().await, "0");
    assert!(!container.health_check().await.status.success());
}

async fn finishes_its_streams() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let container = Container::start(&sandbox).await;
    let tokens = sign_in(&sandbox).await;
    let mut stream =
        say(&sandbox, tokens.access_token.expose(), "sandbox.slow.20", "one two three four five").await;
    let begun = stream.chunk().await.unwrap().unwrap();
    sandbox.bedrock.pause();
    let finished = async {
        container.closes().await;
        sandbox.bedrock.resume();
        String::from_utf8_lossy(&begun).into_owned() + &stream.text().await.unwrap()
    };
    let (code, whole) = tokio::join!(container.stop(), finished);
    assert_eq!(code, "0");
    assert!(whole.contains("five") && whole.contains("event: message_stop"), "{whole}");
}

async fn keeps_its_state() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let container = Container::start(&sandbox).await;
    let (kept, ended) = (sign_in(&sandbox).await, sign_in(&sandbox).await);
    let logout =
        sandbox.client().post(format!("{AUTH}/auth/logout")).bearer_auth(ended.access_token.expose());
    assert!(logout.send().await.unwrap().status().is_success());
    assert_eq!(container.stop().await, "0");
    container.remove().await;
    container.run().await;
    let answer = say(&sandbox, kept.access_token.expose(), "anthropic.claude-opus-4-8", "remembered").await;
    assert!(answer.text().await.unwrap().contains("remembered"));
    let body = json!({ "refresh_token": kept.refresh_token.expose() });
    let refreshed = sandbox.client().post(format!("{AUTH}/auth/refresh")).json(&body).send().await.unwrap();
    assert!(refreshed.status().is_success());
    let models = sandbox.client().get(format!("{GATEWAY}/v1/models"));
    let refused = models.bearer_auth(ended.access_token.expose()).send().await.unwrap();
    assert_eq!(refused.status(), 401);
}

client_test!(
    "needs the real Claude Code client and an image",
    the_image_serves_claude_code,
    serves_claude_code
);
client_test!("needs an image", a_container_has_no_rights, has_no_rights);
client_test!("needs an image", a_container_finishes_its_streams, finishes_its_streams);
client_test!("needs an image", a_container_keeps_its_state_in_the_volume, keeps_its_state);
