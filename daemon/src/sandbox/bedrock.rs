//! A simulated Bedrock runtime: a real HTTP server on loopback that is as strict as Bedrock is.
//!
//! It checks who calls (SigV4 or an API key), refuses what Bedrock refuses in Bedrock's words, and answers at a
//! natural pace. `behaviour` lists what a model id can ask for, `script` how a prompt drives the answer.

mod answer;
mod behaviour;
mod fast;
mod fault;
mod handler;
mod prompt;
mod record;
mod rule;
mod schema;
mod script;
mod signature;
mod stream;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use shared::secret::Secret;
use tokio::sync::watch;

pub use fault::{Exception, Fault};
pub use record::{Counts, Seen};
pub use signature::Credentials;
pub use stream::Pace;

use crate::{clock::Clock, config, http::serve::Listener, task::Tasks};

/// Whether a model of this id can be asked.
pub fn is_known(model: &str) -> bool {
    behaviour::wanted(model).is_some()
}

/// What a simulated Bedrock is like.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on loopback; 0 takes a free one.
    pub port: u16,
    pub region: String,
    pub credentials: Credentials,
    /// A Bedrock API key, taken in place of a signature.
    pub api_key: Secret<String>,
    pub pace: Pace,
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            region: "us-east-1".to_owned(),
            credentials: Credentials {
                access_key_id: "AKIASALLYPORTSANDBOX".to_owned(),
                secret_access_key: Secret::new("sandbox/secret+access/key0123456789abcdef".to_owned()),
                session_token: None,
            },
            api_key: Secret::new("bedrock-api-key-sandbox".to_owned()),
            pace: Pace::NATURAL,
            clock: Clock::System,
        }
    }
}

/// The server, as its owner sees it.
#[derive(Debug, Clone)]
pub struct SimulatedBedrock {
    address: SocketAddr,
    state: Arc<State>,
}

/// What every request shares.
#[derive(Debug)]
struct State {
    options: Options,
    credentials: Mutex<Vec<Credentials>>,
    paused: watch::Sender<bool>,
    record: Arc<record::Record>,
    prepared: fast::Prepared,
    /// Ids of `sandbox.once.…` that have had their turn.
    done: Mutex<HashSet<String>>,
    /// Instructions and tools that have been asked to be cached.
    cached: Mutex<HashSet<String>>,
}

impl SimulatedBedrock {
    /// Starts serving; the server ends with `tasks`.
    pub async fn start(tasks: &Tasks, options: Options) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let listener = Listener::tcp("bedrock", address).await?;
        let address = listener.address().unwrap_or(address);
        let state = Arc::new(State {
            credentials: Mutex::new(vec![options.credentials.clone()]),
            options,
            paused: watch::Sender::new(false),
            record: Arc::default(),
            prepared: fast::Prepared::default(),
            done: Mutex::default(),
            cached: Mutex::default(),
        });
        let routes = handler::routes(&state);
        tasks.spawn("simulated bedrock", listener.serve(routes, limits(), tasks.stopping()));
        Ok(Self { address, state })
    }

    /// The base URL.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn region(&self) -> &str {
        &self.state.options.region
    }

    /// The credentials that are accepted now.
    pub fn credentials(&self) -> Credentials {
        let credentials = self.state.credentials.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        credentials.last().cloned().unwrap_or_else(|| self.state.options.credentials.clone())
    }

    /// Accepts these from now on; those before have expired.
    pub fn replace_credentials(&self, credentials: Credentials) {
        self.state.credentials.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(credentials);
    }

    pub fn api_key(&self) -> &Secret<String> {
        &self.state.options.api_key
    }

    /// The latest requests, in the order they came.
    pub fn requests(&self) -> Vec<Seen> {
        self.state.record.all()
    }

    /// Forgets the requests so far; the counts stay.
    pub fn forget(&self) {
        self.state.record.forget();
    }

    /// How much has happened so far.
    pub fn counts(&self) -> Counts {
        *self.state.record.counts().borrow()
    }

    /// Requests for prepared answers, which are in no other count.
    pub fn fast_requests(&self) -> u64 {
        self.state.record.fast()
    }

    /// Waits until so much has happened.
    pub async fn wait_for(&self, enough: impl FnMut(&Counts) -> bool) -> Counts {
        let mut counts = self.state.record.counts();
        counts.wait_for(enough).await.map(|counts| *counts).unwrap_or_default()
    }

    /// Sends nothing more, neither heads nor events, until `resume`.
    pub fn pause(&self) {
        self.state.paused.send_replace(true);
    }

    pub fn resume(&self) {
        self.state.paused.send_replace(false);
    }
}

fn limits() -> config::Http {
    config::Http {
        connections: 20_000,
        header_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_mins(5),
        body_timeout: Duration::from_mins(1),
        write_timeout: Duration::from_mins(2),
        drain_timeout: Duration::ZERO,
    }
}
