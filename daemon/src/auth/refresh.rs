//! `POST /auth/refresh`: a refresh token becomes its successor and a new access token.

use std::sync::Arc;

use shared::api::auth::{RefreshRequest, TokenAnswer};
use tracing::info;

use super::{Auth, AuthError, BODY_LIMIT, answer, tokens};
use crate::{
    http::{Call, Response},
    store::{Attempt, RefreshToken, Refreshed},
};

pub(super) async fn refresh(auth: Arc<Auth>, mut call: Call) -> Response {
    let outcome = renew(&auth, &mut call).await;
    let result = outcome
        .as_ref()
        .map_or_else(AuthError::result, |(_, is_repeated)| if *is_repeated { "repeated" } else { "renewed" });
    auth.results.refreshes.count(result);
    answer(outcome.map(|(tokens, _)| tokens), &call)
}

/// The new tokens, and whether they were given before.
async fn renew(auth: &Auth, call: &mut Call) -> Result<(TokenAnswer, bool), AuthError> {
    let request: RefreshRequest = call.json(BODY_LIMIT).await?;
    let token = RefreshToken::presented(request.refresh_token);
    let attempt = Attempt { token, lifetimes: auth.lifetimes, origin: auth.origin(call) };
    match auth.sessions.refresh(attempt).await? {
        Refreshed::Renewed { session, successor, repeated } => {
            let minted = auth.keyring.mint(&session.identity)?;
            let (user, id) = (&session.identity.user, session.identity.session);
            info!(%user, session = %id, repeated, "session refreshed");
            Ok((tokens(minted, successor), repeated))
        }
        Refreshed::Refused { refusal, .. } => Err(AuthError::RefreshToken(refusal)),
        Refreshed::Locked { lock, .. } => Err(AuthError::Locked(lock)),
        Refreshed::Unknown => Err(AuthError::UnknownRefreshToken),
    }
}
