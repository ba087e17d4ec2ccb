//! The SDK's own client as the reference: what it sends and what it understands, we send and understand.

use aws_sdk_bedrockruntime::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    error::ProvideErrorMetadata,
    primitives::Blob,
    types::ResponseStream,
};
use serde_json::json;

use super::*;
use crate::{
    gateway::wire::{self, Frames},
    sandbox::bedrock::{Options, Pace, SimulatedBedrock},
};

/// One Bedrock with two clients.
struct Scene {
    bedrock: SimulatedBedrock,
    ours: Bedrock,
    sdk: Client,
    _tasks: Tasks,
}

impl Scene {
    async fn new() -> Self {
        let tasks = Tasks::default();
        let options = Options { pace: Pace::NONE, ..Options::default() };
        let bedrock = SimulatedBedrock::start(&tasks, options).await.unwrap();
        let keys = bedrock.credentials();
        let (id, secret) = (keys.access_key_id.clone(), keys.secret_access_key.expose().clone());
        let credentials = Credentials::new(id, secret, None, None, "test");
        let sdk = aws_sdk_bedrockruntime::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(bedrock.endpoint())
            .http_client(chain::http_client(TrustStore::empty()))
            .credentials_provider(credentials.clone())
            .retry_config(aws_smithy_types::retry::RetryConfig::disabled());
        let config = config::Bedrock { endpoint: Some(bedrock.endpoint()), ..config() };
        let provider = aws_credential_types::provider::SharedCredentialsProvider::new(credentials);
        let ours = peer::bedrock(&config, provider, Clock::System, &tasks).await;
        Self { bedrock, ours, sdk: Client::from_conf(sdk.build()), _tasks: tasks }
    }

    async fn ours(&self, model: &str, action: Action) -> Result<Answer, UpstreamError> {
        let ask = Ask::model(&ModelId::new(model), action, HeaderMap::new(), Body::from(body()));
        self.ours.send(ask).await
    }

    /// The events that we read, and the exception that ended them.
    async fn our_events(&self, model: &str) -> (Vec<Vec<u8>>, Option<String>) {
        let mut answer = self.ours(model, Action::InvokeStream).await.unwrap();
        let (mut frames, mut events) = (Frames::default(), Vec::new());
        while let Some(piece) = answer.body.next().await {
            frames.push(piece.unwrap());
            while let Some(frame) = frames.next_frame() {
                let frame = frame.unwrap();
                match frame.exception_type() {
                    Some(kind) => return (events, UpstreamRefusal::from_exception(kind, "").kind.into()),
                    None => events.push(wire::event(frame.payload()).unwrap()),
                }
            }
        }
        (events, None)
    }

    async fn their_events(&self, model: &str) -> (Vec<Vec<u8>>, Option<String>) {
        let asked = self.sdk.invoke_model_with_response_stream().model_id(model).body(Blob::new(body()));
        let mut stream = asked.send().await.unwrap().body;
        let mut events = Vec::new();
        loop {
            match stream.recv().await {
                Ok(Some(ResponseStream::Chunk(part))) => events.push(part.bytes.unwrap().into_inner()),
                Ok(Some(other)) => panic!("{other:?}"),
                Ok(None) => return (events, None),
                Err(error) => return (events, error.as_service_error().map(variant)),
            }
        }
    }
}

/// The name of the exception, which the SDK says by a variant.
fn variant(error: &impl std::fmt::Debug) -> String {
    format!("{error:?}").split('(').next().unwrap().to_owned()
}

fn body() -> Bytes {
    let messages = json!([{ "role": "user", "content": "hello there" }]);
    json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 99, "messages": messages })
        .to_string()
        .into()
}

const ARN: &str = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";

#[tokio::test]
async fn an_answer_is_the_same_to_both() {
    let scene = Scene::new().await;
    for model in ["us.anthropic.claude-opus-4-8", ARN] {
        let ours = scene.ours(model, Action::Invoke).await.unwrap().body.collect(1 << 20).await.unwrap();
        let asked = scene.sdk.invoke_model().model_id(model).content_type("application/json");
        let asked = asked.body(Blob::new(body()));
        let theirs = asked.send().await.unwrap().body.into_inner();
        let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        assert_eq!(read(&ours)["content"], read(&theirs)["content"]);
        assert_eq!(read(&ours)["usage"], read(&theirs)["usage"]);
        let [.., first, second] = &scene.bedrock.requests()[..] else { panic!("two requests") };
        assert_eq!((first.status, second.status), (Some(200), Some(200)));
        assert_eq!(first.body, second.body);
        let decoded =
            |path: &str| percent_encoding::percent_decode_str(path).decode_utf8().unwrap().into_owned();
        assert_eq!(decoded(&first.path), decoded(&second.path));
        for name in ["host", "content-type", "content-length"] {
            assert_eq!(first.headers.get(name), second.headers.get(name), "{name}");
        }
    }
}

#[tokio::test]
async fn a_stream_is_the_same_to_both() {
    let scene = Scene::new().await;
    for model in [
        "sandbox.fast",
        "sandbox.exception-throttling",
        "sandbox.exception-model-stream-error.1",
        "sandbox.ends-early.2",
    ] {
        let (ours, theirs) = (scene.our_events(model).await, scene.their_events(model).await);
        assert_eq!((ours.0.len(), ours.1), (theirs.0.len(), theirs.1), "{model}");
        let kind =
            |event: &Vec<u8>| serde_json::from_slice::<serde_json::Value>(event).unwrap()["type"].clone();
        assert_eq!(
            ours.0.iter().map(kind).collect::<Vec<_>>(),
            theirs.0.iter().map(kind).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn a_refusal_is_the_same_to_both() {
    let scene = Scene::new().await;
    for model in [
        "sandbox.throttled",
        "sandbox.not-ready",
        "sandbox.invalid",
        "sandbox.denied",
        "sandbox.missing",
        "sandbox.model-timeout",
        "sandbox.model-error",
        "sandbox.broken",
        "sandbox.unavailable",
    ] {
        let Err(UpstreamError::Refused(ours)) = scene.ours(model, Action::Invoke).await else {
            panic!("{model}")
        };
        let theirs =
            scene.sdk.invoke_model().model_id(model).body(Blob::new(body())).send().await.unwrap_err();
        let status = theirs.raw_response().unwrap().status().as_u16();
        assert_eq!((ours.status.as_u16(), Some(ours.kind.as_str())), (status, theirs.code()), "{model}");
        assert_eq!(Some(ours.message.as_str()), theirs.message(), "{model}");
    }
}
