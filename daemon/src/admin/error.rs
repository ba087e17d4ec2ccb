//! Every answer of the admin door that is not a success, decided in one place.

use http::StatusCode;
use shared::{api::admin::ErrorAnswer, id::RequestId};
use thiserror::Error;
use tracing::{error, info};

use super::{peer::Role, reload};
use crate::{
    config::Problems,
    domain::{limit::BadGrant, session::BadLock},
    http::{BodyError, Response, reply},
    store::StoreError,
};

#[derive(Debug, Error)]
pub(super) enum AdminError {
    #[error("{}", match .0 {
        Role::Operator => "this takes an operator; hint: ask one, or have your uid added to `admin.operators`",
        Role::Reader => "you may not look here; hint: have your uid added to `admin.readers`",
    })]
    Forbidden(Role),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("{0}")]
    Request(String),
    #[error("{0}")]
    Lock(#[from] BadLock),
    #[error("{0}")]
    Grant(#[from] BadGrant),
    #[error("{0}")]
    NotFound(String),
    #[error("too many watch already; hint: close one, and try again")]
    TooManyWatchers,
    #[error(
        "the configuration can't be used, and nothing was changed; hint: mend all of `problems`, and try again"
    )]
    Configuration(Problems),
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl AdminError {
    /// The answer. Operators are told what is wrong with the store: they are who can mend it.
    pub(super) fn answer(&self, id: &RequestId) -> Response {
        match self {
            Self::Store(error) => error!(request = %id, %error, "admin request failed"),
            refused => info!(request = %id, reason = %refused, "admin request refused"),
        }
        let (status, code) = self.row();
        let body = ErrorAnswer {
            error: code.to_owned(),
            message: self.to_string(),
            request_id: id.clone(),
            problems: self.problems(),
        };
        reply::json(status, &body)
    }

    fn problems(&self) -> Vec<shared::api::admin::reload::Problem> {
        match self {
            Self::Configuration(Problems(problems)) => problems.iter().map(reload::problem).collect(),
            _ => Vec::new(),
        }
    }

    fn row(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::Body(BodyError::TooLarge { .. }) => (StatusCode::PAYLOAD_TOO_LARGE, "request_too_large"),
            Self::Body(BodyError::TooSlow(_)) => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            Self::Grant(BadGrant::NoCap { .. } | BadGrant::Denied { .. } | BadGrant::TooMany) => {
                (StatusCode::CONFLICT, "conflict")
            }
            Self::Body(_) | Self::Request(_) | Self::Lock(_) | Self::Grant(_) => {
                (StatusCode::BAD_REQUEST, "invalid_request")
            }
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::Configuration(_) => (StatusCode::UNPROCESSABLE_ENTITY, "configuration"),
            Self::TooManyWatchers => (StatusCode::SERVICE_UNAVAILABLE, "too_many_watchers"),
            Self::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "store_failed"),
        }
    }
}
