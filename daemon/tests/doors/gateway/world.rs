//! The gateway between a simulated Bedrock and a client, and the bill afterwards.

mod bill;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::{Client, RequestBuilder, Response};
use sallyportd::{
    clock::Clock,
    config::{Config, Given, Reading},
    domain::{
        limit::Limits,
        session::{EndReason, Ended, Identity},
    },
    gateway::{
        Gateway, Parts,
        bedrock::Bedrock,
        routes,
        wire::{self, Frames},
    },
    http::serve::Listener,
    keyring::Keyring,
    ledger::Ledger,
    live::LiveSessions,
    refusal::Refusals,
    reload::Reload,
    sandbox::bedrock::{Credentials, Options, Pace, SimulatedBedrock},
    store::SqliteStore,
    task::Tasks,
    traffic::Traffic,
};
use serde_json::{Value, json};
use shared::{
    id::{SessionId, UserId},
    time::Timestamp,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(super) use bill::Bill;

pub(super) const OPUS: &str = "us.anthropic.claude-opus-4-8";
/// Longer than any test.
const LONG: Duration = Duration::from_mins(5);

pub(super) struct World {
    pub(super) bedrock: SimulatedBedrock,
    pub(super) clock: Clock,
    pub(super) token: String,
    pub(super) address: SocketAddr,
    pub(super) client: Client,
    pub(super) parts: Parts,
    gateway: Arc<Gateway>,
    config: Config,
    live: Arc<LiveSessions>,
    session: SessionId,
    /// Those of the listener, and those it relies on.
    tasks: (Tasks, Tasks),
    dir: TempDir,
}

/// What came of a stream: its events, and the exception that ended it, or `cut`.
#[derive(Debug)]
pub(super) struct Streamed {
    pub(super) events: Vec<Value>,
    pub(super) end: Option<String>,
    pub(super) last_words: String,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// A world whose daemon is configured otherwise.
    pub(super) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let clock = Clock::manual(Timestamp::from_seconds(1_800_000_000));
        let (doors, background) = (Tasks::default(), Tasks::default());
        let options = Options { pace: Pace::NONE, clock: clock.clone(), ..Options::default() };
        let bedrock = SimulatedBedrock::start(&background, options).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(&bedrock, &dir);
        change(&mut config);
        let live = Arc::new(LiveSessions::default());
        let parts = parts(&config, &clock, &live, &background).await;
        let (session, token) = sign_in(&parts.keyring, "ada", &[]);
        let gateway = Arc::new(Gateway::new(&config, parts.clone()));
        let address = serve(&gateway, &config, &doors).await;
        let tasks = (doors, background);
        Self {
            bedrock,
            clock,
            token,
            address,
            client: client(),
            parts,
            gateway,
            config,
            live,
            session,
            tasks,
            dir,
        }
    }

    /// The token of somebody else.
    pub(super) fn token_of(&self, user: &str, groups: &[&str]) -> String {
        sign_in(&self.parts.keyring, user, groups).1
    }

    /// Gives the gateway the rules of another configuration.
    pub(super) fn reconfigure(&self, change: impl FnOnce(&mut Config)) {
        let mut config = self.config.clone();
        change(&mut config);
        (self.gateway.clone().prepare(&config).unwrap().replace)();
    }

    pub(super) fn revoke(&self) {
        self.live.end(self.session, Ended { at: self.clock.now(), reason: EndReason::Revoked });
    }

    /// Another set of AWS credentials, with which the old one expires.
    pub(super) fn rotate_credentials(&self) {
        let new = Credentials { access_key_id: "AKIASECOND".into(), ..self.bedrock.credentials() };
        self.bedrock.replace_credentials(new);
        write_credentials(&self.bedrock, &self.dir);
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request without a credential.
    pub(super) fn anonymous(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path)).header("content-type", "application/json").body(hello().to_string())
    }

    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.anonymous(path).bearer_auth(&self.token)
    }

    pub(super) async fn invoke(&self, model: &str) -> Response {
        self.post(&format!("/model/{model}/invoke")).send().await.unwrap()
    }

    /// An answer in one piece to `hello`, billed by the upstream's numbers.
    pub(super) async fn assert_whole_and_billed(self, answer: Response) {
        let message: Value = answer.json().await.unwrap();
        assert_eq!(message["content"][0]["text"], "You said: hello there");
        let tokens = self.bedrock.requests()[0].usage.unwrap();
        let bill = self.bill().await;
        assert_eq!((bill.tokens, bill.outcome.as_str(), bill.estimated), (tokens, "completed", false));
    }

    pub(super) async fn open_stream(&self, model: &str) -> Response {
        self.post(&format!("/model/{model}/invoke-with-response-stream")).send().await.unwrap()
    }

    pub(super) async fn stream(&self, model: &str) -> Streamed {
        Streamed::read(self.open_stream(model).await).await
    }

    /// Sends bytes as they are and reads what comes until the connection closes.
    pub(super) async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Waits until the upstream has nothing more on the way.
    pub(super) async fn upstream_is_idle(&self) {
        self.bedrock.wait_for(|counts| counts.in_flight == 0).await;
    }
}

impl Streamed {
    pub(super) async fn read(mut answer: Response) -> Self {
        let (mut frames, mut events) = (Frames::default(), Vec::new());
        let ended = |events, end: Option<&str>, last_words: Option<String>| Self {
            events,
            end: end.map(str::to_owned),
            last_words: last_words.unwrap_or_default(),
        };
        loop {
            match answer.chunk().await {
                Ok(Some(piece)) => frames.push(piece),
                Ok(None) if frames.is_midway() => return ended(events, Some("midway"), None),
                Ok(None) => return ended(events, None, None),
                Err(_) => return ended(events, Some("cut"), None),
            }
            while let Some(frame) = frames.next_frame() {
                let frame = frame.unwrap();
                if let Some(kind) = frame.exception_type() {
                    let words = wire::exception_message(frame.payload());
                    assert!(answer.chunk().await.unwrap().is_none(), "the exception is the end");
                    return ended(events, Some(kind), words);
                }
                events.push(serde_json::from_slice(&wire::event(frame.payload()).unwrap()).unwrap());
            }
        }
    }

    pub(super) fn text(&self) -> String {
        self.events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect()
    }

    pub(super) fn kinds(&self) -> Vec<&str> {
        self.events.iter().filter_map(|event| event["type"].as_str()).collect()
    }
}

pub(super) fn hello() -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 99,
        "messages": [{ "role": "user", "content": "hello there" }],
    })
}

/// Everything as an administrator gets it who sets nothing but what must be set.
fn config(bedrock: &SimulatedBedrock, dir: &TempDir) -> Config {
    let state = dir.path().join("state").display().to_string();
    let set = [
        ("INTERNAL_JWT_SECRET", "a secret of more than thirty-two bytes"),
        ("ENTRA_TENANT_ID", "11111111-2222-3333-4444-555555555555"),
        ("ENTRA_CLIENT_ID", "66666666-7777-8888-9999-000000000000"),
        ("SALLYPORT_STATE_DIR", &state),
        ("SALLYPORT_RUNTIME_DIR", &state),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", &bedrock.endpoint()),
    ];
    let environment = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let given =
        Given { environment: BTreeMap::from(environment), directory: dir.path().into(), ..Given::default() };
    let mut config = Reading::of(&given).config.unwrap();
    config.bedrock.credentials_file = Some(dir.path().join("credentials"));
    write_credentials(bedrock, dir);
    config
}

async fn serve(gateway: &Arc<Gateway>, config: &Config, doors: &Tasks) -> SocketAddr {
    let listener = Listener::tcp("gateway", (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let address = listener.address().unwrap();
    doors.spawn("listener", listener.serve(routes(gateway), config.http.clone(), doors.stopping()));
    address
}

async fn parts(config: &Config, clock: &Clock, live: &Arc<LiveSessions>, background: &Tasks) -> Parts {
    let store = Arc::new(SqliteStore::open(&config.state_dir).unwrap());
    Parts {
        keyring: Arc::new(Keyring::new(&config.token, clock.clone(), live.clone()).unwrap()),
        bedrock: Arc::new(Bedrock::connect(&config.bedrock, clock.clone(), background).await.unwrap()),
        ledger: Arc::new(Ledger::start(background, store.clone(), clock.clone())),
        refusals: Refusals::start(background, store, clock.clone()),
        limits: Arc::new(Limits::default()),
        traffic: Arc::new(Traffic::new(clock.clone())),
        clock: clock.clone(),
    }
}

fn write_credentials(bedrock: &SimulatedBedrock, dir: &TempDir) {
    let Credentials { access_key_id, secret_access_key, .. } = bedrock.credentials();
    let text = format!(
        "[default]\naws_access_key_id = {access_key_id}\naws_secret_access_key = {}\n",
        secret_access_key.expose()
    );
    std::fs::write(dir.path().join("credentials"), text).unwrap();
}

fn sign_in(keyring: &Keyring, user: &str, groups: &[&str]) -> (SessionId, String) {
    let session = SessionId::generate();
    let (user, groups) = (UserId::new(user), groups.iter().map(|group| (*group).to_owned()).collect());
    let identity = Identity { session, user, email: None, name: None, groups, device: None };
    (session, keyring.mint(&identity).unwrap().token.expose().clone())
}

/// `reqwest` wants to know its TLS even where none is spoken.
fn client() -> Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().no_proxy().timeout(LONG).build().unwrap()
}
