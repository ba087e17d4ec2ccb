//! The LLM gateway: every surface that clients speak, in front of one Bedrock.

mod allowance;
mod audit;
pub mod bedrock;
mod caller;
mod chat;
pub mod error;
mod header;
mod invoke;
mod messages;
pub mod meter;
mod models;
mod native;
mod permit;
mod policy;
mod profile;
mod rules;
mod silence;
pub mod stream;
pub mod translate;
mod visit;
mod weight;
pub mod wire;

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Method, StatusCode};

pub use self::error::{Dialect, Refusal};
use self::{
    bedrock::{Answer, Ask, Bedrock, UpstreamBody, UpstreamError},
    meter::Meter,
    permit::Unpriced,
    rules::Rules,
    visit::Visit,
};
use crate::{
    clock::Clock,
    config::{self, Config},
    domain::limit::Limits,
    http::{Call, Route, reply, route},
    keyring::{Caller, Keyring},
    ledger::Ledger,
    refusal::Refusals,
    traffic::Traffic,
};

/// The largest answer that is no stream.
const ANSWER_LIMIT: usize = 64 << 20;

/// What the gateway is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    pub keyring: Arc<Keyring>,
    pub bedrock: Arc<Bedrock>,
    pub ledger: Arc<Ledger>,
    pub limits: Arc<Limits>,
    pub traffic: Arc<Traffic>,
    pub refusals: Arc<Refusals>,
    pub clock: Clock,
}

/// What every request needs.
#[derive(Debug)]
pub struct Gateway {
    keyring: Arc<Keyring>,
    bedrock: Arc<Bedrock>,
    ledger: Arc<Ledger>,
    limits: Arc<Limits>,
    traffic: Arc<Traffic>,
    refusals: Arc<Refusals>,
    clock: Clock,
    rules: ArcSwap<Rules>,
    unpriced: Unpriced,
    config: config::Gateway,
    defaults: config::Bedrock,
}

impl Gateway {
    pub fn new(config: &Config, parts: Parts) -> Self {
        let Parts { keyring, bedrock, ledger, limits, traffic, refusals, clock } = parts;
        let rules = ArcSwap::from_pointee(Rules::new(config));
        let (config, defaults) = (config.gateway.clone(), config.bedrock.clone());
        Self {
            keyring,
            bedrock,
            ledger,
            limits,
            traffic,
            refusals,
            clock,
            rules,
            unpriced: Unpriced::default(),
            config,
            defaults,
        }
    }

    /// The rules for one request, from its start to its end.
    fn rules(&self) -> Arc<Rules> {
        self.rules.load_full()
    }

    /// Who calls.
    fn identify(&self, call: &Call) -> Result<Arc<Caller>, Refusal> {
        caller::identify(&self.keyring, &call.headers, self.clock.now())
    }

    /// Sends a request upstream, as long as the caller's session may go on. What comes of it is metered.
    async fn send(&self, ask: Ask, meter: &mut Meter) -> Result<Answer, Refusal> {
        within_life(self.bedrock.send(ask), meter).await
    }

    /// Reads an answer that is no stream, as long as the caller's session may go on.
    async fn collect(&self, body: UpstreamBody, meter: &mut Meter) -> Result<Bytes, Refusal> {
        within_life(body.collect(ANSWER_LIMIT), meter).await
    }
}

async fn within_life<T>(
    work: impl Future<Output = Result<T, UpstreamError>>,
    meter: &mut Meter,
) -> Result<T, Refusal> {
    let over = meter.caller().life.over();
    let outcome = if let Some(refusal) = meter.barred() {
        Err(refusal)
    } else {
        tokio::select! {
            outcome = work => outcome.map_err(Refusal::from),
            () = over => Err(meter.barred().unwrap_or(Refusal::SessionOver)),
        }
    };
    outcome.inspect_err(|refusal| meter.refuse(refusal))
}

/// The routes of the gateway.
pub fn routes(gateway: &Arc<Gateway>) -> Route {
    route::any_of([
        native::routes(gateway),
        messages::routes(gateway),
        chat::routes(gateway),
        models::routes(gateway),
        invoke::routes(gateway),
        profile::routes(gateway),
        hello(gateway),
    ])
}

/// Claude Code asks whether somebody is there.
fn hello(gateway: &Arc<Gateway>) -> Route {
    route::exact(Method::HEAD, "/api/hello", gateway, |_, _| async { reply::text(StatusCode::OK, "") })
}
