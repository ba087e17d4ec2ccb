//! The upstream: AWS Bedrock. Only here are AWS crates named.
//!
//! Inference is a signed pass-through: a request is signed and its segments are written as they are; an answer's
//! bytes come back as they are. Retries are few, because Claude Code has its own: once on another connection if
//! not a byte was sent, once with new credentials if AWS calls the old ones expired (it then did nothing else).
//! A 5xx is never sent again: the upstream may have worked on it, and its work is billed. Counting tokens is
//! free, and there the SDK retries.

mod answer;
mod ask;
mod chain;
mod connection;
mod count;
mod credential;
mod dial;
mod endpoint;
mod error;
mod health;
mod inquiry;
mod metric;
mod pool;
mod sign;
mod socket;

use std::{sync::Arc, time::Duration};

use aws_smithy_http_client::tls::TrustStore;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use shared::{id::ModelId, secret::Secret};
use thiserror::Error;
use tracing::{info, warn};

pub use self::{
    answer::{Answer, UpstreamBody},
    ask::{Action, Ask},
    chain::ECHO,
    error::{Blame, UpstreamError, UpstreamRefusal},
    inquiry::{Identity, Known},
};
use self::{
    connection::{Connection, Lost, Segments},
    credential::CredentialCache,
    dial::Dialer,
    endpoint::Endpoint,
    pool::Pool,
    sign::{Signer, Unsigned},
};
use crate::{clock::Clock, config, part::Pulse, task::Tasks};

/// The most that is read of an answer that says no.
const REFUSAL_LIMIT: usize = 64 * 1024;

/// Why the upstream can't be used as it is configured.
#[derive(Debug, Error)]
pub enum BedrockError {
    #[error("the Bedrock endpoint can't be used: {0}")]
    Endpoint(String),
    #[error("`HTTPS_PROXY` must be an `http://` URL: nothing else is spoken to a proxy")]
    Proxy,
    #[error("no certificate authorities: {0}")]
    Roots(String),
    #[error("the Bedrock API key can't be sent: it has characters that no header may hold")]
    ApiKey,
    #[error("the AWS configuration names no credentials")]
    NoCredentials,
}

/// The upstream, ready for requests.
#[derive(Debug)]
pub struct Bedrock {
    runtime: Upstream,
    control: Upstream,
    auth: Auth,
    counter: count::Counter,
    clock: Clock,
    pulse: Pulse,
    first_byte_timeout: Duration,
    idle_timeout: Duration,
}

/// One of Bedrock's two services.
#[derive(Debug)]
struct Upstream {
    endpoint: Endpoint,
    pool: Arc<Pool>,
}

/// How requests prove who sends them.
#[derive(Debug)]
enum Auth {
    SigV4(Arc<CredentialCache>),
    ApiKey(HeaderValue),
}

/// What one attempt signs with.
enum Proof<'a> {
    Signer(Arc<Signer>),
    ApiKey(&'a HeaderValue),
}

impl Bedrock {
    /// Reads the AWS configuration. Credentials are loaded in the background, owned by `tasks`.
    pub async fn connect(
        config: &config::Bedrock,
        clock: Clock,
        tasks: &Tasks,
    ) -> Result<Self, BedrockError> {
        let http = chain::http_client(TrustStore::default());
        let auth = match &config.api_key {
            Some(key) => Auth::ApiKey(bearer(key)?),
            None => Auth::SigV4(chain::credentials(config, &http, &clock, tasks).await?),
        };
        announce(config, &auth);
        let (runtime, mut roots) = (endpoint::runtime(config).await?, None);
        // It looks for certificate authorities at once, and a machine that needs none may have none.
        let http = if runtime.is_tls { http } else { chain::http_client(TrustStore::empty()) };
        Ok(Self {
            runtime: Upstream::new(runtime, config, &mut roots)?.kept_by(tasks),
            control: Upstream::new(endpoint::control(config).await?, config, &mut roots)?.kept_by(tasks),
            counter: count::Counter::new(config, &auth, http, clock.clone()),
            auth,
            clock,
            pulse: Pulse::default(),
            first_byte_timeout: config.first_byte_timeout,
            idle_timeout: config.idle_timeout,
        })
    }

    /// Sends a request; the answer is one whose status is a success.
    pub async fn send(&self, ask: Ask) -> Result<Answer, UpstreamError> {
        let outcome = self.send_once(ask).await;
        self.note(&outcome);
        outcome
    }

    /// Once, or twice if the credentials have expired.
    async fn send_once(&self, ask: Ask) -> Result<Answer, UpstreamError> {
        let proof = self.proof().await?;
        let outcome = self.attempt(&ask, &proof).await;
        match (&outcome, &proof, &self.auth) {
            (Err(UpstreamError::Refused(refused)), Proof::Signer(old), Auth::SigV4(cache))
                if refused.is_expired() =>
            {
                let renewed = cache.instead_of(old).await?;
                self.attempt(&ask, &Proof::Signer(renewed)).await
            }
            _ => outcome,
        }
    }

    /// How many input tokens a body for `invoke` has, by the model's own count.
    pub async fn count_tokens(&self, model: &ModelId, body: Bytes) -> Result<u64, UpstreamError> {
        self.counter.count(model, body).await
    }

    async fn proof(&self) -> Result<Proof<'_>, UpstreamError> {
        Ok(match &self.auth {
            Auth::SigV4(cache) => Proof::Signer(cache.signer().await?),
            Auth::ApiKey(key) => Proof::ApiKey(key),
        })
    }

    async fn attempt(&self, ask: &Ask, proof: &Proof<'_>) -> Result<Answer, UpstreamError> {
        let upstream = if ask.is_control { &self.control } else { &self.runtime };
        let request = self.request(&upstream.endpoint, ask, proof)?;
        let answered = tokio::time::timeout(self.first_byte_timeout, upstream.ask(request)).await;
        let timed_out = |_| UpstreamError::FirstByteTimeout(self.first_byte_timeout);
        let (connection, response) = answered.map_err(timed_out)??;
        let (head, incoming) = response.into_parts();
        let body = UpstreamBody::new(incoming, connection, upstream.pool.clone(), self.idle_timeout);
        if head.status.is_success() {
            return Ok(Answer { status: head.status, headers: head.headers, body });
        }
        let body = body.collect(REFUSAL_LIMIT).await?;
        Err(UpstreamRefusal::from_answer(head.status, &head.headers, body).into())
    }

    fn request(
        &self,
        endpoint: &Endpoint,
        ask: &Ask,
        proof: &Proof<'_>,
    ) -> Result<Request<Segments>, UpstreamError> {
        let path = format!("{}{}", endpoint.base, ask.path);
        let query = ask.canonical_query();
        let target = if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
        let mut request = Request::new(Segments::from(&ask.body));
        *request.method_mut() = ask.method.clone();
        *request.uri_mut() =
            target.parse().map_err(|_| UpstreamError::Request("the path is not valid".to_owned()))?;
        *request.headers_mut() = ask.headers.clone();
        request.headers_mut().insert(header::HOST, endpoint.authority.clone());
        let unsigned = Unsigned {
            method: ask.method.as_str(),
            host: endpoint.authority_text(),
            path: &path,
            query: &query,
            body: ask.body.segments(),
        };
        self.prove(proof, unsigned, request.headers_mut())?;
        Ok(request)
    }

    fn prove(
        &self,
        proof: &Proof<'_>,
        unsigned: Unsigned<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), UpstreamError> {
        let signer = match proof {
            Proof::Signer(signer) => signer,
            Proof::ApiKey(key) => {
                headers.insert(header::AUTHORIZATION, (*key).clone());
                return Ok(());
            }
        };
        let signature = signer.sign(unsigned, self.clock.now());
        let signature = signature.ok_or_else(|| UpstreamError::Request("it can't be signed".to_owned()))?;
        headers.insert(header::AUTHORIZATION, signature.authorization);
        headers.insert("x-amz-date", signature.date);
        if let Some(token) = signature.token {
            headers.insert("x-amz-security-token", token);
        }
        Ok(())
    }
}

impl Upstream {
    fn new(
        endpoint: Endpoint,
        config: &config::Bedrock,
        roots: &mut Option<Arc<rustls::ClientConfig>>,
    ) -> Result<Self, BedrockError> {
        let roots = || match roots {
            Some(known) => Ok(known.clone()),
            None => Ok(roots.insert(dial::native_roots()?).clone()),
        };
        let dialer = Dialer::new(endpoint.clone(), config.connect_timeout, roots)?;
        Ok(Self { endpoint, pool: Arc::new(Pool::new(dialer, config.pool_size)) })
    }

    /// Lets a task close what is idle for too long.
    fn kept_by(self, tasks: &Tasks) -> Self {
        let (pool, stop) = (self.pool.clone(), tasks.stopping());
        tasks.spawn("upstream pool", async move { pool.sweep(stop).await });
        self
    }

    /// Sends on an idle connection or a new one; once more on a new one if not a byte was sent.
    async fn ask(
        &self,
        request: Request<Segments>,
    ) -> Result<(Connection, http::Response<hyper::body::Incoming>), UpstreamError> {
        let mut connection = self.pool.checkout().await?;
        let lost = match connection.ask(request).await {
            Ok(response) => return Ok((connection, response)),
            Err(lost) => lost,
        };
        let request = match lost {
            Lost::Unsent(request) => *request,
            Lost::Sent(why) => return Err(UpstreamError::Cut(why)),
        };
        let mut connection = self.pool.fresh().await?;
        match connection.ask(request).await {
            Ok(response) => Ok((connection, response)),
            Err(Lost::Sent(why)) => Err(UpstreamError::Cut(why)),
            Err(Lost::Unsent(_)) => Err(UpstreamError::Connect("closed before a byte was sent".to_owned())),
        }
    }
}

/// The SDKs take an API key from the environment without a word; here it is an explicit choice.
fn announce(config: &config::Bedrock, auth: &Auth) {
    let proof = match auth {
        Auth::SigV4(_) => "SigV4",
        Auth::ApiKey(_) => "API key",
    };
    info!(region = config.region, endpoint = config.endpoint, proof, "upstream configured");
    if config.api_key.is_none() && std::env::var_os("AWS_BEARER_TOKEN_BEDROCK").is_some() {
        warn!("`AWS_BEARER_TOKEN_BEDROCK` is set and not used; to use it, configure `bedrock.api_key`");
    }
}

fn bearer(key: &Secret<String>) -> Result<HeaderValue, BedrockError> {
    let mut value =
        HeaderValue::try_from(format!("Bearer {}", key.expose())).map_err(|_| BedrockError::ApiKey)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
