//! The simulated Bedrock over a real socket.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use shared::{id::ModelId, secret::Secret};

use super::{Credentials, Options, Pace, SimulatedBedrock};
use crate::{
    clock::Clock,
    config::{Config, Given, Reading},
    gateway::{
        bedrock::{Action, Ask, Bedrock},
        wire::{self, Frames},
    },
    http::Body,
    task::Tasks,
};

/// A server, and someone who calls it with the API key.
struct Scene {
    bedrock: SimulatedBedrock,
    client: reqwest::Client,
    _tasks: Tasks,
}

impl Scene {
    async fn new() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let tasks = Tasks::default();
        let options = Options { pace: Pace::NONE, ..Options::default() };
        let bedrock = SimulatedBedrock::start(&tasks, options).await.unwrap();
        Self { bedrock, client: reqwest::Client::builder().no_proxy().build().unwrap(), _tasks: tasks }
    }

    async fn post(&self, model: &str, action: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
        let url = format!("{}/model/{model}/{action}", self.bedrock.endpoint());
        let key = self.bedrock.api_key().expose();
        self.client.post(url).bearer_auth(key).body(body.to_string()).send().await
    }

    /// The events of a stream, and how it ended: an exception, a broken connection, or nothing said.
    async fn stream(&self, model: &str) -> (Vec<Value>, Option<String>) {
        let mut answer = self.post(model, "invoke-with-response-stream", &hello()).await.unwrap();
        let (mut frames, mut events) = (Frames::default(), Vec::new());
        loop {
            match answer.chunk().await {
                Ok(Some(piece)) => frames.push(piece),
                Ok(None) => return (events, None),
                Err(_) => return (events, Some("cut".to_owned())),
            }
            while let Some(frame) = frames.next_frame() {
                let frame = frame.unwrap();
                if let Some(kind) = frame.exception_type() {
                    return (events, Some(kind.to_owned()));
                }
                let event: Bytes = wire::event(frame.payload()).unwrap().into();
                events.push(serde_json::from_slice(&event).unwrap());
            }
        }
    }
}

fn hello() -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 99,
        "messages": [{ "role": "user", "content": "hello there" }],
    })
}

fn text_of(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect()
}

#[tokio::test]
async fn an_invocation_answers_and_counts_in_body_headers_and_record() {
    let scene = Scene::new().await;
    let answer = scene.post("us.anthropic.claude-opus-4-8", "invoke", &hello()).await.unwrap();
    let counted = answer.headers()["x-amzn-bedrock-output-token-count"].to_str().unwrap().to_owned();
    let message: Value = answer.json().await.unwrap();
    assert_eq!(message["content"][0]["text"], "You said: hello there");
    assert_eq!(message["usage"]["output_tokens"].to_string(), counted);
    let [seen] = &scene.bedrock.requests()[..] else { panic!("one request") };
    assert_eq!(seen.usage.unwrap().output.to_string(), counted);
    assert_eq!(seen.status, Some(200));
}

#[tokio::test]
async fn a_stream_says_the_same_and_ends_with_metrics() {
    let scene = Scene::new().await;
    let (events, end) = scene.stream("us.anthropic.claude-opus-4-8").await;
    assert_eq!((text_of(&events).as_str(), end), ("You said: hello there", None));
    let usage = scene.bedrock.requests()[0].usage.unwrap();
    let metrics = &events.last().unwrap()["amazon-bedrock-invocationMetrics"];
    assert_eq!(metrics["inputTokenCount"], usage.input);
    assert_eq!(metrics["outputTokenCount"], usage.output);
}

#[tokio::test]
async fn streams_fail_as_the_model_id_asks() {
    let scene = Scene::new().await;
    for (model, events, end) in [
        ("sandbox.exception-throttling", 3, Some("throttlingException")),
        ("sandbox.exception-unavailable.1", 1, Some("serviceUnavailableException")),
        ("sandbox.cut-after.2", 2, Some("cut")),
        ("sandbox.cut-mid-frame.2", 2, Some("cut")),
        ("sandbox.ends-early.4", 4, None),
        ("sandbox.fast.20", 20, None),
        ("sandbox.paced.0", 55, None),
    ] {
        let (seen, ended) = scene.stream(model).await;
        assert_eq!((seen.len(), ended.as_deref()), (events, end), "{model}");
    }
}

#[tokio::test]
async fn refusals_come_as_the_model_id_asks_and_once_if_it_says_so() {
    let scene = Scene::new().await;
    for (model, status) in [
        ("sandbox.throttled", 429),
        ("sandbox.missing", 404),
        ("sandbox.once.unavailable", 503),
        ("sandbox.once.unavailable", 200),
        ("meta.llama3", 400),
    ] {
        let answer = scene.post(model, "invoke", &hello()).await.unwrap();
        assert_eq!(answer.status(), status, "{model}");
    }
    let refused = scene.post("sandbox.too-long", "invoke", &hello()).await.unwrap();
    let kind = refused.headers()["x-amzn-errortype"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("ValidationException:"));
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body, json!({ "message": "Input is too long for requested model." }));
}

#[tokio::test]
async fn a_connection_can_end_before_the_first_byte() {
    let scene = Scene::new().await;
    for action in ["invoke", "invoke-with-response-stream"] {
        assert!(scene.post("sandbox.cut-before", action, &hello()).await.is_err());
    }
}

#[tokio::test]
async fn a_stranger_is_refused() {
    let scene = Scene::new().await;
    let url = format!("{}/model/sandbox.echo/invoke", scene.bedrock.endpoint());
    let nobody = scene.client.post(&url).body("{}").send().await.unwrap();
    assert_eq!(nobody.status(), 403);
    let stranger = scene.client.post(&url).bearer_auth("wrong").body("{}").send().await.unwrap();
    assert_eq!(
        stranger.headers()["x-amzn-errortype"].to_str().unwrap().split(':').next(),
        Some("AccessDeniedException")
    );
}

#[tokio::test]
async fn tokens_are_counted_for_foundation_models() {
    let scene = Scene::new().await;
    let body = base64_simd::STANDARD.encode_to_string(hello().to_string());
    let request = json!({ "input": { "invokeModel": { "body": body } } });
    let answer = scene.post("anthropic.claude-opus-4-8", "count-tokens", &request).await.unwrap();
    let counted: Value = answer.json().await.unwrap();
    scene.post("anthropic.claude-opus-4-8", "invoke", &hello()).await.unwrap();
    let usage = scene.bedrock.requests()[1].usage.unwrap();
    assert_eq!(counted["inputTokens"], usage.input);
    let profile = scene.post("us.anthropic.claude-opus-4-8", "count-tokens", &request).await.unwrap();
    assert_eq!(profile.status(), 400);
}

#[tokio::test]
async fn instructions_are_cached_once_and_read_afterwards() {
    let scene = Scene::new().await;
    let mut body = hello();
    body["system"] = json!([{ "type": "text", "text": "be kind", "cache_control": { "type": "ephemeral" } }]);
    for _ in 0..2 {
        scene.post("sandbox.echo", "invoke", &body).await.unwrap();
    }
    let usage: Vec<_> = scene.bedrock.requests().iter().filter_map(|seen| seen.usage).collect();
    assert!(usage[0].cache_write > 0 && usage[0].cache_read == 0);
    assert_eq!((usage[1].cache_write, usage[1].cache_read), (0, usage[0].cache_write));
}

#[tokio::test]
async fn a_client_that_leaves_ends_what_is_in_flight() {
    let scene = Scene::new().await;
    let body = hello();
    for model in ["sandbox.stall", "sandbox.silent"] {
        let seen = scene.bedrock.counts().seen;
        let asked = scene.post(model, "invoke-with-response-stream", &body);
        let arrived = scene.bedrock.wait_for(|counts| counts.seen > seen && counts.in_flight == 1);
        let asked = tokio::select! {
            answer = asked => Some(answer),
            _ = arrived => None,
        };
        drop(asked);
        scene.bedrock.wait_for(|counts| counts.in_flight == 0).await;
    }
}

#[tokio::test]
async fn a_paused_server_answers_when_it_goes_on() {
    let scene = Scene::new().await;
    scene.bedrock.pause();
    let body = hello();
    let mut asked = Box::pin(scene.post("sandbox.echo", "invoke", &body));
    tokio::select! {
        _ = &mut asked => panic!("answered while paused"),
        _ = scene.bedrock.wait_for(|counts| counts.seen == 1) => {}
    }
    scene.bedrock.resume();
    let answer = tokio::time::timeout(Duration::from_secs(10), asked).await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
}

fn write_credentials(folder: &Path, credentials: &Credentials) {
    let (id, secret) = (&credentials.access_key_id, credentials.secret_access_key.expose());
    let text = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    std::fs::write(folder.join("credentials"), text).unwrap();
}

fn gateway_configuration(folder: &Path, endpoint: String) -> Config {
    let file = folder.join("sallyport.toml");
    let credentials = folder.join("credentials");
    std::fs::write(&file, format!("[bedrock]\ncredentials_file = {credentials:?}\n")).unwrap();
    let environment = [
        ("INTERNAL_JWT_SECRET", "3f9c1b7e5d2a48060c8e94b1f7a35d20".to_owned()),
        ("ENTRA_TENANT_ID", "tenant".to_owned()),
        ("ENTRA_CLIENT_ID", "client".to_owned()),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", endpoint),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
    Reading::of(&Given { config: Some(file), environment, directory: folder.to_owned(), ..Given::default() })
        .config
        .unwrap()
}

#[tokio::test]
async fn the_gateway_signs_as_bedrock_wants_and_reads_its_credentials_again_when_they_expire() {
    let scene = Scene::new().await;
    let folder = tempfile::tempdir().unwrap();
    write_credentials(folder.path(), &scene.bedrock.credentials());
    let config = gateway_configuration(folder.path(), scene.bedrock.endpoint());
    let tasks = Tasks::default();
    let gateway = Bedrock::connect(&config.bedrock, Clock::System, &tasks).await.unwrap();
    let status = async || {
        let model = ModelId::new("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a b");
        let body = Body::from(Bytes::from(hello().to_string()));
        let ask = Ask::model(&model, Action::InvokeStream, HeaderMap::new(), body);
        gateway.send(ask).await.map(|answer| answer.status.as_u16()).map_err(|error| error.to_string())
    };
    assert_eq!(status().await, Ok(200));
    let secret = Secret::new("another".to_owned());
    let next =
        Credentials { access_key_id: "AKIANEXT".to_owned(), secret_access_key: secret, session_token: None };
    write_credentials(folder.path(), &next);
    scene.bedrock.replace_credentials(next);
    assert_eq!(status().await, Ok(200));
    let statuses: Vec<_> = scene.bedrock.requests().iter().filter_map(|seen| seen.status).collect();
    assert_eq!(statuses, [200, 403, 200]);
}
