//! What lists are asked for. What is not said is not sent, so that an older daemon is asked nothing that it does not know.

use std::fmt::{Display, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shared::{
    api::admin::SessionState,
    id::{DeviceId, SessionId, UserId},
    time::Timestamp,
};

/// What stands for itself in a path and in a query. A point does not, so that no segment is `..`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// Which sessions. The default is the newest hundred of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionQuery {
    pub user: Option<UserId>,
    pub device: Option<DeviceId>,
    pub state: Option<SessionState>,
    /// Part of the user, the address, the name or the device.
    pub search: Option<String>,
    pub sort: Option<SessionSort>,
    /// Only sessions that were opened, refreshed, ended or used at this moment or later.
    pub changed_since: Option<Timestamp>,
    pub skip: Option<u64>,
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionSort {
    /// Newest first, as without.
    Opened,
    /// Last refreshed first.
    Refreshed,
    /// Last used first.
    Used,
    /// Dearest first.
    Cost,
    /// By address.
    User,
}

/// Which users, or which devices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HolderQuery {
    pub search: Option<String>,
    pub skip: Option<u64>,
    pub limit: Option<u32>,
}

/// Which requests in flight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestQuery {
    pub user: Option<UserId>,
    pub session: Option<SessionId>,
    pub limit: Option<u32>,
}

/// Which usage, and what it is summed by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageQuery {
    pub by: UsageBy,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UsageBy {
    #[default]
    User,
    Model,
    Session,
    Day,
}

/// Which audit records: newest first; with `after`, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    pub event: Option<String>,
    pub user: Option<UserId>,
    pub session: Option<SessionId>,
    pub before: Option<u64>,
    pub after: Option<u64>,
    pub limit: Option<u32>,
}

impl SessionQuery {
    pub(super) fn path(&self) -> String {
        Pairs::of("/sessions")
            .add("user", self.user.as_ref())
            .add("device", self.device.as_ref())
            .add("state", self.state.map(state))
            .add("search", self.search.as_ref())
            .add("sort", self.sort.map(SessionSort::as_str))
            .add("changed_since", self.changed_since.map(|since| since.0))
            .add("skip", self.skip)
            .add("limit", self.limit)
            .path()
    }
}

impl SessionSort {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Refreshed => "refreshed",
            Self::Used => "used",
            Self::Cost => "cost",
            Self::User => "user",
        }
    }
}

impl HolderQuery {
    pub(super) fn path(&self, list: &str) -> String {
        Pairs::of(list)
            .add("search", self.search.as_ref())
            .add("skip", self.skip)
            .add("limit", self.limit)
            .path()
    }
}

impl RequestQuery {
    pub(super) fn path(&self) -> String {
        Pairs::of("/requests")
            .add("user", self.user.as_ref())
            .add("session", self.session)
            .add("limit", self.limit)
            .path()
    }
}

impl UsageQuery {
    pub(super) fn path(&self) -> String {
        Pairs::of("/usage")
            .add("by", Some(self.by.as_str()))
            .add("from", self.from.map(|from| from.0))
            .add("to", self.to.map(|to| to.0))
            .add("limit", self.limit)
            .path()
    }
}

impl UsageBy {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Model => "model",
            Self::Session => "session",
            Self::Day => "day",
        }
    }
}

impl AuditQuery {
    pub(super) fn path(&self) -> String {
        Pairs::of("/audit")
            .add("event", self.event.as_ref())
            .add("user", self.user.as_ref())
            .add("session", self.session)
            .add("before", self.before)
            .add("after", self.after)
            .add("limit", self.limit)
            .path()
    }
}

/// A path with its query.
pub(super) struct Pairs {
    path: String,
    is_first: bool,
}

impl Pairs {
    pub(super) fn of(path: &str) -> Self {
        Self { path: path.to_owned(), is_first: true }
    }

    pub(super) fn add(mut self, name: &str, value: Option<impl Display>) -> Self {
        if let Some(value) = value {
            let mark = if self.is_first { '?' } else { '&' };
            let _ = write!(self.path, "{mark}{name}={}", segment(&value.to_string()));
            self.is_first = false;
        }
        self
    }

    pub(super) fn path(self) -> String {
        self.path
    }
}

/// A text as one segment of a path, or as one value of a query.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn state(state: SessionState) -> &'static str {
    match state {
        SessionState::Active => "active",
        SessionState::Locked => "locked",
        SessionState::Expired => "expired",
        SessionState::Ended => "ended",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_not_sent() {
        assert_eq!(SessionQuery::default().path(), "/sessions");
        assert_eq!(HolderQuery::default().path("/users"), "/users");
        assert_eq!(UsageQuery::default().path(), "/usage?by=user");
    }

    #[test]
    fn what_is_said_arrives_as_it_was_said() {
        let query = SessionQuery {
            user: Some(UserId::new("a/b&c=d e")),
            state: Some(SessionState::Locked),
            sort: Some(SessionSort::Cost),
            changed_since: Some(Timestamp(7)),
            limit: Some(3),
            ..SessionQuery::default()
        };
        let said = "/sessions?user=a%2Fb%26c%3Dd%20e&state=locked&sort=cost&changed_since=7&limit=3";
        assert_eq!(query.path(), said);
    }
}
