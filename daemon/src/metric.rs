//! Figures for Prometheus: `GET /metrics`, in the text format of `OpenMetrics`, on a listener of its own.
//!
//! Each part keeps its own counts and writes them out when they are asked for; what is counted already is not counted
//! again. Labels are words of ours, and models that Bedrock has answered for: none names a person, and what callers
//! send becomes none. `docs/metrics.md` describes every family; a test compares.

mod family;
mod part;
mod process;
mod tally;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode};
use prometheus_client::{collector::Collector, encoding::text, registry::Registry};
use tracing::error;

pub use self::{
    family::{Families, Family},
    part::Parts,
    process::Process,
    tally::Tally,
};
use crate::http::{Call, Response, Route, health::Health, reply, route};

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is shown.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Whether the store can be reached is only known to who asks it.
    health: Arc<Health>,
}

impl Metrics {
    pub fn new(health: Arc<Health>) -> Self {
        Self { registry: Registry::default(), health }
    }

    /// Shows what `part` counts.
    pub fn show(&mut self, part: impl Collector) {
        self.registry.register_collector(Box::new(part));
    }

    /// The exposition.
    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry).map(|()| text)
    }
}

/// `GET /metrics`.
pub fn routes(metrics: &Arc<Metrics>) -> Route {
    route::exact(Method::GET, "/metrics", metrics, exposition)
}

async fn exposition(metrics: Arc<Metrics>, _: Call) -> Response {
    // What comes of it shows in the state of the parts.
    let _ = metrics.health.check().await;
    match metrics.text() {
        Ok(text) => reply::bytes_of(StatusCode::OK, CONTENT_TYPE, Bytes::from(text)),
        Err(error) => {
            error!(%error, "metrics not written");
            reply::text(StatusCode::INTERNAL_SERVER_ERROR, "the figures could not be written")
        }
    }
}
