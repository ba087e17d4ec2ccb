//! Roles in place of keys: how AWS's credentials reach a daemon in a cluster (IRSA, EKS Pod Identity, ECS).

use std::fmt::Write;

use rustix::process::Signal;
use sallyportd::{sandbox::bedrock::Credentials, task::Tasks};
use shared::secret::Secret;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
};

use super::{
    ask,
    daemon::{World, client},
};

const KEY: &str = "ASIASANDBOXROLE";
const KEY_SECRET: &str = "a secret of an hour";
const SESSION: &str = "a session token of AWS";
const TOKEN: &str = "a-token-of-the-cluster";
const END: &str = "2999-01-01T00:00:00Z";

/// Whoever hands out credentials for a token; and what it was asked.
struct Issuer {
    url: String,
    asked: watch::Receiver<String>,
    _tasks: Tasks,
}

impl Issuer {
    /// Answers everything with this.
    async fn start(content_type: &str, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, asked) = watch::channel(String::new());
        let head = format!("content-type: {content_type}\r\ncontent-length: {}", body.len());
        let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\nconnection: close\r\n\r\n{body}");
        let tasks = Tasks::default();
        tasks.spawn("issuer", async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !is_whole(&request) && stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {}
                sender.send_replace(String::from_utf8_lossy(&request).into_owned());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, asked, _tasks: tasks }
    }

    fn assert_was_told(&self, words: &[&str]) {
        let asked = self.asked.borrow();
        for words in words {
            assert!(asked.contains(words), "{words}\n---\n{}", *asked);
        }
    }
}

/// The head, and as much of a body as it announces.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// A daemon that has no keys, and a Bedrock that wants those of the role.
async fn world_of_a_role() -> World {
    let mut world = World::new().await;
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        world.variables.remove(name);
    }
    world.bedrock.replace_credentials(Credentials {
        access_key_id: KEY.to_owned(),
        secret_access_key: Secret::new(KEY_SECRET.to_owned()),
        session_token: Some(Secret::new(SESSION.to_owned())),
    });
    world.write("token", TOKEN);
    world
}

async fn assert_serves(world: &World) {
    let daemon = world.start().await;
    let tokens = daemon.sign_in(&client(&[]), world).await;
    assert_eq!(ask(&daemon, tokens.access_token.expose(), "say: by a role").await, "by a role");
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.end().await.0, Some(0));
}

/// What the webhook of EKS puts into a pod whose service account names a role.
#[tokio::test]
async fn the_role_of_a_service_account_is_assumed_by_its_token() {
    let mut xml = String::from(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult><Credentials>",
    );
    let fields = [
        ("AccessKeyId", KEY),
        ("SecretAccessKey", KEY_SECRET),
        ("SessionToken", SESSION),
        ("Expiration", END),
    ];
    for (name, value) in fields {
        write!(xml, "<{name}>{value}</{name}>").unwrap();
    }
    xml.push_str("</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>");
    let issuer = Issuer::start("text/xml", &xml).await;
    let mut world = world_of_a_role().await;
    let file = world.path("token").display().to_string();
    world.variables.extend([
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/sallyport".to_owned()),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file),
        ("AWS_ENDPOINT_URL_STS", issuer.url.clone()),
    ]);
    assert_serves(&world).await;
    issuer.assert_was_told(&["Action=AssumeRoleWithWebIdentity", "role%2Fsallyport", TOKEN]);
    world.stop().await;
}

/// What EKS Pod Identity and ECS put into it.
#[tokio::test]
async fn the_role_of_a_container_is_asked_for_by_its_token() {
    let json = serde_json::json!({ "AccessKeyId": KEY, "SecretAccessKey": KEY_SECRET, "Token": SESSION, "Expiration": END });
    let issuer = Issuer::start("application/json", &json.to_string()).await;
    let mut world = world_of_a_role().await;
    let file = world.path("token").display().to_string();
    world.variables.extend([
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/v1/credentials", issuer.url)),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file),
    ]);
    assert_serves(&world).await;
    issuer.assert_was_told(&["GET /v1/credentials", &format!("authorization: {TOKEN}")]);
    world.stop().await;
}
