//! `POST /auth/verify`: a token of Entra becomes a session.

use std::sync::Arc;

use shared::{
    api::auth::{Device, TokenAnswer, VerifyRequest},
    id::{DeviceId, SessionId},
    secret::Secret,
};
use tracing::info;

use super::{
    Auth, AuthError, BODY_LIMIT, answer,
    entra::{Person, Refusal},
    tokens,
};
use crate::{
    domain::{
        audit::{AuditEvent, AuditRecord},
        session::{Identity, Lock, Session},
    },
    event,
    http::{Call, Response},
    store::{Opened, Opening, RefreshToken},
};

/// Longest device id; it becomes part of every access token.
const DEVICE_ID_LIMIT: usize = 128;
/// Longest text that a device may tell of itself; the rest is dropped.
const DEVICE_TEXT_LIMIT: usize = 128;

pub(super) async fn verify(auth: Arc<Auth>, mut call: Call) -> Response {
    let outcome = sign_in(&auth, &mut call).await;
    auth.results.sign_ins.count(outcome.as_ref().map_or_else(AuthError::result, |_| "granted"));
    answer(outcome, &call)
}

async fn sign_in(auth: &Auth, call: &mut Call) -> Result<TokenAnswer, AuthError> {
    let request = Request::parse(call.json(BODY_LIMIT).await?)?;
    let person = match auth.entra.verify(request.token.expose()).await {
        Ok(person) => person,
        Err(refusal) => return Err(refused(auth, call, refusal).await),
    };
    let identity = identify(person, request.device_id);
    let origin = auth.origin(call);
    let session = Session::open(identity, request.device, auth.lifetimes, origin.at);
    let minted = auth.keyring.mint(&session.identity)?;
    let token = RefreshToken::generate()?;
    let (identity, at) = (session.identity.clone(), origin.at);
    let opening = Opening { session, token: token.clone(), origin };
    if let Opened::Locked(lock) = auth.sessions.store.open_session(opening).await? {
        return Err(locked_out(auth, call, identity, lock).await);
    }
    auth.sessions.live.events().tell(|| event::of_session(AuditEvent::SignIn, &identity, at));
    info!(user = %identity.user, session = %identity.session, "signed in");
    Ok(tokens(minted, token))
}

/// What was asked for, checked.
struct Request {
    token: Secret<String>,
    device_id: Option<DeviceId>,
    device: Device,
}

impl Request {
    fn parse(request: VerifyRequest) -> Result<Self, AuthError> {
        let VerifyRequest { id_token, access_token, device_id, device } = request;
        let token = id_token.or(access_token);
        let token = token.ok_or(AuthError::Request("send `id_token`, or `access_token`, from Entra"))?;
        if device_id.as_ref().is_some_and(|id| !is_sound(id.as_str())) {
            return Err(AuthError::Request("`device_id` is too long, empty, or has control characters"));
        }
        Ok(Self { token, device_id, device: clip(device.unwrap_or_default()) })
    }
}

fn is_sound(id: &str) -> bool {
    !id.is_empty() && id.len() <= DEVICE_ID_LIMIT && !id.chars().any(char::is_control)
}

/// Keeps what a device says of itself short and in one line.
fn clip(device: Device) -> Device {
    let text = |text: String| text.chars().filter(|c| !c.is_control()).take(DEVICE_TEXT_LIMIT).collect();
    Device {
        hostname: device.hostname.map(text),
        os: device.os.map(text),
        arch: device.arch.map(text),
        agent_version: device.agent_version.map(text),
    }
}

fn identify(person: Person, device: Option<DeviceId>) -> Identity {
    let Person { user, email, name, groups } = person;
    Identity { session: SessionId::generate(), user, email, name, groups, device }
}

/// Audits a refusal. That Entra could not be asked is no refusal.
async fn refused(auth: &Auth, call: &Call, refusal: Refusal) -> AuthError {
    if !refusal.is_unavailable() {
        let record = AuditRecord::new(auth.origin(call), AuditEvent::Refusal);
        let code = Some(refusal.code().to_owned());
        auth.sessions.refusals.noted(AuditRecord { code, ..record }).await;
    }
    AuthError::SignIn(refusal)
}

/// The session does not come about, so the record does not name it.
async fn locked_out(auth: &Auth, call: &Call, identity: Identity, lock: Lock) -> AuthError {
    let origin = auth.origin(call);
    auth.sessions.live.events().tell(|| event::of_session(AuditEvent::Refusal, &identity, origin.at));
    let error = AuthError::Locked(lock.clone());
    let record = AuditRecord {
        user: Some(identity.user),
        code: Some(error.code().to_owned()),
        detail: Some(lock.subject.to_string()),
        ..AuditRecord::new(origin, AuditEvent::Refusal)
    };
    auth.sessions.refusals.noted(record).await;
    error
}
