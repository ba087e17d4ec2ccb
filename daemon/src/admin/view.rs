//! What the daemon knows, as the wire tells it.

use std::{collections::HashMap, sync::Arc};

use shared::{
    api::admin::{self, DeviceSummary, SessionState},
    id::{DeviceId, SessionId, UserId},
    time::Timestamp,
};

use super::Admin;
use crate::{
    budget::Budgets,
    domain::{
        audit::AuditEntry,
        session::{self, Identity, Lock, Locks, Subject},
    },
    live::{Life, request::LiveRequest},
    store::query::{Holder, UsageSum},
};

/// What is true of sessions at one moment, besides what the store says.
pub(super) struct Moment {
    now: Timestamp,
    locks: Locks,
    in_flight: HashMap<SessionId, usize>,
}

impl Moment {
    pub(super) fn of(admin: &Admin) -> Self {
        let now = admin.clock.now();
        let mut locks = Locks::default();
        admin.sessions.live.locks(now).into_iter().for_each(|lock| locks.set(lock));
        let lives = admin.sessions.live.lives();
        let in_flight = lives.iter().map(|life| (life.identity().session, life.in_flight())).collect();
        Self { now, locks, in_flight }
    }

    pub(super) fn session(&self, session: session::Session) -> admin::Session {
        let lock = self.locks.of(&session.identity, self.now);
        let state = session.state(self.now).under(lock, self.now);
        let Identity { session: id, user, email, name, groups, device } = session.identity;
        let ended = session.ended;
        admin::Session {
            id,
            user,
            email,
            name,
            groups,
            device_id: device,
            device: session.device,
            opened: session.opened,
            refreshed: session.refreshed,
            expires: session.expires,
            state: self::state(state),
            ended: ended.map(|end| admin::Ended { at: end.at, reason: end.reason.as_str().to_owned() }),
            lock: lock.map(self::lock),
            requests_in_flight: self.in_flight.get(&id).copied().unwrap_or_default(),
            used: Some(session.used),
        }
    }

    pub(super) fn user(&self, holder: Holder, budgets: &Budgets) -> admin::User {
        let Identity { user, email, name, groups, .. } = holder.latest.identity;
        admin::User {
            lock: self.lock_on(&Subject::User(user.clone())),
            budget: Some(budgets.of(&user, &groups)),
            id: user,
            email,
            name,
            sessions: holder.sessions,
            active_sessions: holder.active,
            devices: holder.others,
            last_seen: holder.last_seen,
        }
    }

    /// Nothing if the sessions have no device.
    pub(super) fn device(&self, holder: Holder) -> Option<DeviceSummary> {
        let Identity { user, device, .. } = holder.latest.identity;
        let id: DeviceId = device?;
        Some(DeviceSummary {
            lock: self.lock_on(&Subject::Device(id.clone())),
            id,
            device: holder.latest.device,
            user,
            users: holder.others,
            sessions: holder.sessions,
            active_sessions: holder.active,
            last_seen: holder.last_seen,
        })
    }

    pub(super) fn request(&self, life: &Life, request: &Arc<LiveRequest>) -> admin::Request {
        let Identity { session, user, email, device, .. } = life.identity();
        let age = self.now.since(request.started).as_millis();
        admin::Request {
            id: request.id.clone(),
            session: *session,
            user: UserId::clone(user),
            email: email.clone(),
            device_id: device.clone(),
            model: request.model.clone(),
            surface: request.surface.as_str().to_owned(),
            started: request.started,
            age_milliseconds: u64::try_from(age).unwrap_or(u64::MAX),
            tokens: request.tokens(),
            user_agent: request.client.user_agent(),
            client_session: request.client.session(),
            client_agent: request.client.agent(),
        }
    }

    fn lock_on(&self, subject: &Subject) -> Option<admin::Lock> {
        self.locks.all(self.now).find(|lock| lock.subject == *subject).map(lock)
    }
}

fn state(state: session::SessionState) -> SessionState {
    match state {
        session::SessionState::Active => SessionState::Active,
        session::SessionState::Locked { .. } => SessionState::Locked,
        session::SessionState::Expired => SessionState::Expired,
        session::SessionState::Ended(_) => SessionState::Ended,
    }
}

pub(super) fn lock(lock: &Lock) -> admin::Lock {
    admin::Lock {
        kind: lock.subject.kind().to_owned(),
        id: lock.subject.id(),
        from: lock.from,
        until: lock.until,
        reason: lock.reason.clone(),
        message: lock.message.clone(),
        operator: lock.by,
    }
}

pub(super) fn usage(sum: UsageSum) -> admin::Usage {
    let UsageSum { key, requests, estimated, tokens, cost } = sum;
    admin::Usage { key, requests, estimated, tokens, cost }
}

pub(super) fn entry(entry: AuditEntry) -> admin::AuditEntry {
    let AuditEntry { sequence, record, link } = entry;
    admin::AuditEntry {
        sequence,
        at: record.origin.at,
        event: record.event.as_str().to_owned(),
        request: record.origin.request,
        address: record.origin.address.map(|address| address.to_string()),
        user: record.user,
        session: record.session,
        code: record.code,
        operator: record.operator,
        detail: record.detail,
        reason: record.reason,
        hash: link.hash.to_string(),
    }
}
