//! What was used, what may be used, and what was granted.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::{
    id::{GrantId, UserId},
    time::{Period, Timestamp},
    usage::{Money, Tokens},
};

/// Usage of one user, model, session or day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub key: String,
    pub requests: u64,
    /// Requests among them whose counts are estimated.
    pub estimated: u64,
    pub tokens: Tokens,
    pub cost: Money,
}

/// How far a user is with what its policy allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// The name of the policy.
    pub policy: String,
    /// The day, the week and the month of UTC, in this order.
    pub spending: Vec<Spending>,
    /// The grants that hold.
    pub grants: Vec<Grant>,
}

/// The money of one window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spending {
    pub period: Period,
    pub spent: Money,
    /// The policy's cap, raised by what was granted; without, there is none.
    pub cap: Option<Money>,
    pub resets: Timestamp,
}

/// More than the policy allows, for one user, for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub id: GrantId,
    pub user: UserId,
    pub raise: Raise,
    pub from: Timestamp,
    pub until: Timestamp,
    pub reason: String,
    /// The uid of the operator.
    pub operator: u32,
}

/// What is raised, and by how much. Where a policy sets no cap, there is nothing to raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Raise {
    RequestsPerMinute(#[serde(deserialize_with = "whole")] u64),
    TokensPerMinute(#[serde(deserialize_with = "whole")] u64),
    ConcurrentStreams(#[serde(deserialize_with = "whole")] u64),
    /// Every cap of money: whatever the window, this much more may be spent in it.
    Spend(#[serde(deserialize_with = "micros")] Money),
}

fn micros<'de, D: Deserializer<'de>>(source: D) -> Result<Money, D::Error> {
    whole(source).map(Money::from_micros)
}

/// A whole number, also one that is written `5.0`: JSON Schema calls both integers.
fn whole<'de, D: Deserializer<'de>>(source: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Whole(u64),
        Point(f64),
    }
    let number = match Number::deserialize(source)? {
        Number::Whole(number) => Some(number),
        Number::Point(number) if number.fract() == 0.0 => format!("{number:.0}").parse().ok(),
        Number::Point(_) => None,
    };
    number.ok_or_else(|| D::Error::custom("not a whole number"))
}

/// Body of `POST /users/{id}/grant`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantOrder {
    pub reason: String,
    pub duration_seconds: f64,
    pub raise: Raise,
}

impl Grant {
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }
}

/// What is granted, and until when.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} until {}", self.raise, self.until)
    }
}

impl fmt::Display for Raise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestsPerMinute(by) => write!(f, "{by} more requests per minute"),
            Self::TokensPerMinute(by) => write!(f, "{by} more tokens per minute"),
            Self::ConcurrentStreams(by) => write!(f, "{by} more concurrent streams"),
            Self::Spend(by) => write!(f, "{by} more to spend"),
        }
    }
}
