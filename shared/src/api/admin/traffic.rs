//! What the gateway does, second by second.

use serde::{Deserialize, Serialize};

use crate::{
    time::Timestamp,
    usage::{Money, Tokens},
};

/// The answer to `GET /traffic`: requests for a model's answer. Counting tokens and listing models are not among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// One a second, oldest first, without gaps since the daemon began, for as far back as it remembers.
    pub samples: Vec<Sample>,
    /// Of what went upstream and ended in the last minute; none if nothing did.
    pub latency: Option<Percentiles>,
    /// The same, from the start of a request to the first byte of its answer.
    pub first_byte: Option<Percentiles>,
}

/// What ended in one second.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The end of the second.
    pub at: Timestamp,
    pub outcomes: Outcomes,
    pub tokens: Tokens,
    pub cost: Money,
    /// At the end of the second.
    pub in_flight: u64,
    /// Of what went upstream; none if nothing of it ended.
    pub latency: Option<Percentiles>,
    pub first_byte: Option<Percentiles>,
}

/// How many requests ended, by how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcomes {
    pub completed: u64,
    pub upstream_error: u64,
    pub upstream_cut: u64,
    pub client_gone: u64,
    pub revoked: u64,
    /// Refused by the gateway itself: no valid token, a policy, a limit, or what can't be understood.
    pub refused: u64,
}

impl Outcomes {
    pub fn total(self) -> u64 {
        let Self { completed, upstream_error, upstream_cut, client_gone, revoked, refused } = self;
        completed + upstream_error + upstream_cut + client_gone + revoked + refused
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    pub p50_microseconds: u64,
    pub p99_microseconds: u64,
}
