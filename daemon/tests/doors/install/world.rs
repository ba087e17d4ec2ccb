//! The install server of a sandbox before a folder of artifacts, and a client.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Client, Method, StatusCode,
    header::{HeaderMap, HeaderName},
};
use sallyportd::{
    config::Config,
    domain::audit::AuditEvent,
    sandbox::{Options, Sandbox},
};
use shared::api::admin::{HealthState, PartHealth, Status};

use super::mirror::Mirror;

/// Nothing here takes so long, unless it would take for ever.
const NEVER: Duration = Duration::from_mins(1);
/// How often the server is asked for what must come.
const ASK_EVERY: Duration = Duration::from_millis(20);

pub(crate) struct World {
    pub(crate) mirror: Mirror,
    pub(crate) sandbox: Sandbox,
    client: Client,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl World {
    /// Serves a folder, once it has been verified.
    pub(crate) async fn of(mirror: Mirror) -> Self {
        Self::with(mirror, |_| {}).await
    }

    pub(crate) async fn with(mirror: Mirror, change: impl FnOnce(&mut Config)) -> Self {
        let configure = |config: &mut Config| {
            mirror.configure(config);
            change(config);
        };
        let sandbox = Sandbox::start_with(Options::default(), configure).await.unwrap();
        let client = sandbox.client().clone();
        let world = Self { mirror, sandbox, client };
        world.until("/nothing", |answer| answer.status == StatusCode::NOT_FOUND).await;
        world
    }

    pub(crate) fn url(&self) -> String {
        self.sandbox.install()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(HeaderName, &str)]) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url()));
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

    /// How the install server is, as operators see it, once it is in this state and says so.
    pub(crate) async fn health(&self, state: HealthState, words: &str) -> String {
        let operator = self.operator();
        let asking = async {
            loop {
                let answer = operator.get("http://sallyport/status").send().await.unwrap();
                let status: Status = answer.json().await.unwrap();
                let mut parts = status.health.into_iter();
                let PartHealth { state: found, detail, .. } =
                    parts.find(|part| part.part == "install").unwrap();
                if found == state && detail.contains(words) {
                    return detail;
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
        };
        tokio::time::timeout(NEVER, asking).await.expect("it never came to that state")
    }

    /// What happens from now on, as operators see it.
    pub(crate) async fn events(&self) -> reqwest::Response {
        let mut events = self.operator().get("http://sallyport/events").send().await.unwrap();
        assert_eq!(events.chunk().await.unwrap().as_deref(), Some(&b": watching\n\n"[..]));
        events
    }

    fn operator(&self) -> Client {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Client::builder().unix_socket(self.sandbox.admin_socket().to_owned()).build().unwrap()
    }

    /// The downloads on record, once there are so many.
    pub(crate) async fn recorded(&self, count: usize) -> Vec<String> {
        let asking = async {
            loop {
                let trail = self.sandbox.store().audit(0, 1000).await.unwrap();
                let records = trail.into_iter().map(|entry| entry.record);
                let downloads = records.filter(|record| record.event == AuditEvent::Download);
                let details: Vec<_> = downloads
                    .map(|record| {
                        assert!(record.origin.address.is_some_and(|address| address.is_loopback()));
                        record.detail.unwrap()
                    })
                    .collect();
                if details.len() >= count {
                    return details;
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
        };
        tokio::time::timeout(NEVER, asking).await.expect("they were not recorded")
    }
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Nothing if it is no text.
    pub(crate) fn text_or_empty(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    /// A header; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
