//! The install server before a folder of artifacts, and a client.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{
    Client, Method, StatusCode,
    header::{HeaderMap, HeaderName},
};
use sallyportd::{
    clock::Clock,
    config,
    http::serve::Listener,
    install::{Install, routes},
    task::Tasks,
};

use super::mirror::Mirror;

/// Nothing here takes so long, unless it would take for ever.
const NEVER: Duration = Duration::from_mins(1);
/// How often the server is asked for what must come.
const ASK_EVERY: Duration = Duration::from_millis(20);

pub(crate) struct World {
    pub(crate) mirror: Mirror,
    pub(crate) url: String,
    client: Client,
    _tasks: Tasks,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl World {
    /// Serves a folder, once it has been looked at.
    pub(crate) async fn of(mirror: Mirror) -> Self {
        let config = mirror.config();
        Self::with(mirror, config).await
    }

    pub(crate) async fn with(mirror: Mirror, config: config::Install) -> Self {
        let tasks = Tasks::default();
        let install = Arc::new(Install::start(&config, Clock::System, &tasks).unwrap());
        let listener = Listener::tcp("install", (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let url = format!("http://{}", listener.address().unwrap());
        tasks.spawn("install", listener.serve(routes(&install), limits(), tasks.stopping()));
        let world = Self { mirror, url, client: client(), _tasks: tasks };
        world.until("/nothing", |answer| answer.status == StatusCode::NOT_FOUND).await;
        world
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(HeaderName, &str)]) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Answer { status, headers, body: answer.bytes().await.unwrap() }
    }

    /// Asks until the answer is as wanted.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let asking = async {
            loop {
                let answer = self.get(path).await;
                if wanted(&answer) {
                    return answer;
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
        };
        tokio::time::timeout(NEVER, asking).await.expect("it never came")
    }
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// A header; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn limits() -> config::Http {
    config::Http {
        connections: 512,
        header_timeout: NEVER,
        idle_timeout: NEVER,
        body_timeout: NEVER,
        write_timeout: NEVER,
        drain_timeout: NEVER,
    }
}

/// `reqwest` wants to know its TLS even where none is spoken.
fn client() -> Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().no_proxy().timeout(NEVER).build().unwrap()
}
