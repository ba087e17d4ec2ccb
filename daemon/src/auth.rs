//! The auth door: sign-in, refresh, sign-out.
//!
//! Invariant: an answer is given after the store has it. No token is ever logged, and no refusal says more than
//! which rule refused.

pub mod entra;
mod error;
mod logout;
mod metric;
mod refresh;
mod verify;

use std::sync::Arc;

use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use shared::api::auth::TokenAnswer;

pub use self::metric::Results;
use self::{entra::Entra, error::AuthError};
use crate::{
    clock::Clock,
    config::{self, Config, Problems},
    domain::{audit::Origin, session::Lifetimes},
    http::{Call, Response, Route, reply, route},
    keyring::{Keyring, Minted},
    reload::{Prepared, Reload},
    session::Sessions,
    store::RefreshToken,
};

/// Largest request body: a token with every group that fits, and some.
const BODY_LIMIT: usize = 64 * 1024;

/// What the door needs.
#[derive(Debug)]
pub struct Auth {
    pub entra: Arc<Entra>,
    pub keyring: Arc<Keyring>,
    pub sessions: Sessions,
    pub clock: Clock,
    pub lifetimes: Lifetimes,
    pub results: Results,
}

/// The routes of the door.
pub fn routes(auth: &Arc<Auth>) -> Route {
    route::any_of([
        route::exact(Method::POST, "/auth/verify", auth, verify::verify),
        route::exact(Method::POST, "/auth/refresh", auth, refresh::refresh),
        route::exact(Method::POST, "/auth/logout", auth, logout::logout),
    ])
}

impl From<&config::Token> for Lifetimes {
    fn from(config: &config::Token) -> Self {
        Self { access: config.access_ttl, refresh: config.refresh_ttl, grace: config.refresh_grace }
    }
}

impl Reload for Auth {
    fn prepare(self: Arc<Self>, config: &Config) -> Result<Prepared, Problems> {
        let rules = config.entra.clone();
        Ok(Prepared::new(move || self.entra.admit_by(&rules)))
    }
}

impl Auth {
    fn origin(&self, call: &Call) -> Origin {
        Origin { at: self.clock.now(), request: call.id.clone(), address: call.address() }
    }
}

fn tokens(minted: Minted, refresh_token: RefreshToken) -> TokenAnswer {
    TokenAnswer {
        access_token: minted.token,
        refresh_token: refresh_token.into_secret(),
        expires_in: minted.expires_in,
        token_type: "Bearer".to_owned(),
    }
}

/// Answers; nobody on the way may keep a token (RFC 6749, section 5.1).
fn answer(outcome: Result<impl Serialize, AuthError>, call: &Call) -> Response {
    let mut response = match outcome {
        Ok(value) => reply::json(StatusCode::OK, &value),
        Err(error) => error.answer(&call.id),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
