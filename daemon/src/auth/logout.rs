//! `POST /auth/logout`: the caller's session ends. Ending it again is no error.

use std::sync::Arc;

use http::header;
use serde_json::{Value, json};
use shared::{api::auth::RefreshRequest, id::SessionId};

use super::{Auth, AuthError, BODY_LIMIT, answer};
use crate::{
    domain::session::{EndReason, Ended},
    http::{Call, Response},
    store::{Ending, Finish, RefreshToken},
};

pub(super) async fn logout(auth: Arc<Auth>, mut call: Call) -> Response {
    let outcome = sign_out(&auth, &mut call).await;
    answer(outcome, &call)
}

async fn sign_out(auth: &Auth, call: &mut Call) -> Result<Value, AuthError> {
    let session = whose(auth, call).await?;
    let origin = auth.origin(call);
    let ended = Ended { at: origin.at, reason: EndReason::Logout };
    match auth.sessions.end(Ending { session, ended, origin }).await? {
        Finish::Ended(_) | Finish::Already(_) => Ok(json!({ "status": "ok" })),
        Finish::Unknown => Err(AuthError::UnknownSession),
    }
}

/// The session of the access token, or, if there is none or it is not valid any more, of the refresh token.
async fn whose(auth: &Auth, call: &mut Call) -> Result<SessionId, AuthError> {
    let refused = match call.header(header::AUTHORIZATION).and_then(bearer) {
        Some(token) => match auth.keyring.verify(token) {
            Ok(caller) => return Ok(caller.identity.session),
            Err(error) => AuthError::AccessToken(error),
        },
        None => AuthError::NoCredential,
    };
    let body = call.body(BODY_LIMIT).await?;
    if body.is_empty() {
        return Err(refused);
    }
    let request: RefreshRequest = match body.json() {
        Ok(request) => request,
        Err(_) if matches!(refused, AuthError::AccessToken(_)) => return Err(refused),
        Err(error) => return Err(error.into()),
    };
    let token = RefreshToken::presented(request.refresh_token);
    auth.sessions.store.session_of(token.hash()).await?.ok_or(AuthError::UnknownRefreshToken)
}

/// The token of an `Authorization` header (RFC 6750, section 2.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
