//! What just happened, for whoever watches. Nobody waits for a watcher: one that falls behind is told that it did.

use std::sync::Arc;

use shared::{api::admin::Event, time::Timestamp, usage::Tokens};
use tokio::sync::broadcast;

use crate::{
    domain::{
        audit::AuditEvent,
        session::{Identity, Subject},
    },
    live::request::LiveRequest,
};

/// Events that a watcher may be behind.
const BACKLOG: usize = 1024;

/// The daemon's events. Cheap to clone; telling costs nothing while nobody watches.
#[derive(Debug, Clone)]
pub struct Events(broadcast::Sender<Arc<Event>>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Events {
    /// Tells every watcher.
    pub fn tell(&self, event: impl FnOnce() -> Event) {
        if self.watchers() > 0 {
            let _ = self.0.send(Arc::new(event()));
        }
    }

    /// What happens from now on.
    pub fn watch(&self) -> broadcast::Receiver<Arc<Event>> {
        self.0.subscribe()
    }

    pub fn watchers(&self) -> usize {
        self.0.receiver_count()
    }
}

/// Something about a session.
pub fn of_session(event: AuditEvent, identity: &Identity, at: Timestamp) -> Event {
    let (user, session) = (Some(identity.user.clone()), Some(identity.session));
    Event { event: event.as_str().to_owned(), at, user, session, ..Event::default() }
}

/// Something that an operator did.
pub fn of_operator(event: AuditEvent, subject: &Subject, operator: u32, reason: &str) -> Event {
    let (subject, reason) = (Some(subject.to_string()), Some(reason.to_owned()));
    Event { event: event.as_str().to_owned(), subject, operator: Some(operator), reason, ..Event::default() }
}

/// A workstation downloaded a binary, or several did.
pub fn of_download(what: &str, at: Timestamp) -> Event {
    let (event, subject) = (AuditEvent::Download.as_str().to_owned(), Some(what.to_owned()));
    Event { event, at, subject, ..Event::default() }
}

/// A request began, or ended with an outcome.
pub fn of_request(
    event: &str,
    identity: &Identity,
    request: &LiveRequest,
    at: Timestamp,
    end: Option<(&str, Tokens)>,
) -> Event {
    Event {
        event: event.to_owned(),
        at,
        user: Some(identity.user.clone()),
        session: Some(identity.session),
        request: Some(request.id.clone()),
        model: Some(request.model.clone()),
        surface: Some(request.surface.as_str().to_owned()),
        outcome: end.map(|(outcome, _)| outcome.to_owned()),
        tokens: end.map(|(_, tokens)| tokens),
        ..Event::default()
    }
}
