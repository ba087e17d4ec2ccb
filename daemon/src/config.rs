//! The daemon's configuration: what every part of it may ask for, already parsed and checked.

mod change;
mod credential;
mod directory;
mod document;
mod dotenv;
mod effective;
mod install;
mod kind;
mod level;
mod listen;
mod model;
mod policy;
mod problem;
mod reader;
mod reading;
mod rule;
mod section;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod value;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use shared::{id::ModelId, secret::Secret};

pub use change::InUse;
pub use level::Levels;
pub use problem::{Origin, Problem, Problems};
pub use reader::Setting;
pub use reading::Reading;
pub use source::Given;

use crate::domain::{policy::Policy, price::Override};

/// Everything that can be configured. Values are valid: reading them is where they are checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: Listen,
    pub state_dir: PathBuf,
    pub runtime_dir: PathBuf,
    pub http: Http,
    pub entra: Entra,
    pub token: Token,
    pub bedrock: Bedrock,
    pub gateway: Gateway,
    /// Who may use what, in the order in which they are asked. Empty: everyone may use everything.
    pub policies: Vec<Policy>,
    /// Prices other than the list prices, in the order in which they are asked.
    pub prices: Vec<Override>,
    pub install: Install,
    pub admin: Admin,
    pub usage: Usage,
    pub metrics: Metrics,
    pub log: Log,
}

/// Where the services listen.
#[derive(Debug, Clone)]
pub struct Listen {
    pub host: IpAddr,
    pub auth_port: u16,
    pub gateway_port: u16,
    pub install_port: u16,
    /// Certificate chain and key; without them the listeners speak plain HTTP.
    pub tls: Option<TlsFiles>,
}

/// PEM files, read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Limits of every listener.
#[derive(Debug, Clone)]
pub struct Http {
    /// Connections one listener serves at a time; the next ones wait.
    pub connections: usize,
    /// From the first byte of a request to the end of its head, and from accepting to the first byte.
    pub header_timeout: Duration,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
    /// From the end of the head to the end of the body.
    pub body_timeout: Duration,
    /// How long a client may refuse to read before its connection is cut.
    pub write_timeout: Duration,
    /// How long requests in flight may take to finish once the daemon was told to stop.
    pub drain_timeout: Duration,
}

/// The identity provider, and whom it must describe.
#[derive(Debug, Clone)]
pub struct Entra {
    pub tenant_id: String,
    pub client_id: String,
    /// Base URL without a trailing slash; discovery is at `{authority}/v2.0/.well-known/openid-configuration`.
    pub authority: String,
    /// How long fetched keys are used before they are fetched again.
    pub cache_ttl: Duration,
    /// Object ids or names, any of which admits. Empty admits everyone.
    pub required_groups: Vec<String>,
    /// App roles, any of which admits. Empty admits everyone.
    pub required_roles: Vec<String>,
    /// Domains of the e-mail address, lower case. Empty admits everyone.
    pub email_domains: Vec<String>,
    /// Authentication context that `acrs` must contain (Conditional Access), if any.
    pub auth_context: Option<String>,
}

/// The tokens that we mint.
#[derive(Debug, Clone)]
pub struct Token {
    pub keys: SigningKeys,
    pub issuer: String,
    pub audience: String,
    pub access_ttl: Duration,
    pub refresh_ttl: Duration,
    /// How long a used refresh token may be presented again because the reply was lost.
    pub refresh_grace: Duration,
}

/// What access tokens are signed with. The first key signs, all of them verify.
#[derive(Debug, Clone)]
pub enum SigningKeys {
    /// HS256 secrets, each at least 32 bytes.
    Shared(Vec<Secret<String>>),
    /// PEM files of Ed25519 keys, private (PKCS #8) or public (SPKI). If the first is public, this node only
    /// verifies.
    Ed25519(Vec<PathBuf>),
}

/// The upstream.
#[derive(Debug, Clone)]
pub struct Bedrock {
    pub region: String,
    /// Overrides the endpoint of the region: `https://…`, or `http://` to loopback.
    pub endpoint: Option<String>,
    pub profile: Option<String>,
    /// An AWS credentials file to take credentials from, in place of the default chain.
    pub credentials_file: Option<PathBuf>,
    pub fips: bool,
    pub dual_stack: bool,
    /// A Bedrock API key in place of SigV4; only ever used when configured.
    pub api_key: Option<Secret<String>>,
    /// The model when a request names none.
    pub model_id: ModelId,
    /// `anthropic_version` of translated bodies.
    pub anthropic_version: String,
    pub connect_timeout: Duration,
    /// From the moment a request is sent to the head of its answer.
    pub first_byte_timeout: Duration,
    /// Between two reads of an answer's body.
    pub idle_timeout: Duration,
    /// Idle connections kept open.
    pub pool_size: usize,
}

/// What the gateway accepts and how it answers.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Largest request body in bytes, as it came and again after unpacking it.
    pub body_limit: usize,
    /// Silence on a Messages stream after which we send a ping.
    pub ping_interval: Duration,
    /// Models that may be used: exact ids, or patterns with `*`. Empty allows every model.
    pub models: Vec<String>,
    /// Names that clients may use → what Bedrock is asked for.
    pub aliases: BTreeMap<String, ModelId>,
}

/// The install server.
#[derive(Debug, Clone)]
pub struct Install {
    pub artifacts_dir: PathBuf,
    /// The `OpenPGP` key of another signer than Anthropic.
    pub key: Option<PathBuf>,
    /// Serves also what nobody has signed.
    pub allow_unsigned: bool,
    pub public: PublicUrls,
}

/// How workstations reach the services, where that is not at their ports of the host that they asked.
#[derive(Debug, Clone, Default)]
pub struct PublicUrls {
    pub auth: Option<String>,
    pub gateway: Option<String>,
    pub install: Option<String>,
}

/// The operators' socket.
#[derive(Debug, Clone)]
pub struct Admin {
    pub socket: PathBuf,
    /// Uids that may act. Without, root and the daemon's own user.
    pub operators: Option<Vec<u32>>,
    /// Uids that may look. Without, everyone whom the socket's mode lets in.
    pub readers: Option<Vec<u32>>,
    /// How long audit records are kept.
    pub audit_retention: Duration,
}

/// What was used, request by request.
#[derive(Debug, Clone)]
pub struct Usage {
    /// How long it is kept.
    pub retention: Duration,
}

/// Figures for Prometheus.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Where they are shown, in plain HTTP; without, nowhere.
    pub listen: Option<SocketAddr>,
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct Log {
    pub format: LogFormat,
    pub level: Levels,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl LogFormat {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}
