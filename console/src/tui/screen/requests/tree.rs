//! Requests as a tree, flattened: each user is followed by its Claude Code sessions, each of those by its requests.

use std::collections::BTreeMap;

use shared::{
    api::admin::Request,
    id::{RequestId, SessionId, UserId},
    time::Timestamp,
    usage::Tokens,
};

use super::columns;
use crate::tui::{
    format,
    table::{Column, Row},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    User,
    Session,
    Request,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NodeId {
    User(UserId),
    /// A session of ours, and Claude Code's own in it.
    Session(SessionId, Option<String>),
    Request(RequestId),
}

/// A line of the tree.
#[derive(Debug, Clone)]
pub struct Node {
    pub id: NodeId,
    /// Whether it is the last child of its parent; and whether its parent is.
    pub is_last: bool,
    pub is_parent_last: bool,
    /// The requests below it; its own, if it is one.
    pub requests: Vec<Request>,
}

impl Node {
    pub fn kind(&self) -> Kind {
        match self.id {
            NodeId::User(_) => Kind::User,
            NodeId::Session(..) => Kind::Session,
            NodeId::Request(_) => Kind::Request,
        }
    }

    pub fn tokens(&self) -> Tokens {
        self.requests.iter().map(|request| request.tokens).sum()
    }

    /// When the oldest of its requests began.
    pub fn started(&self) -> Timestamp {
        self.requests.iter().map(|request| request.started).min().unwrap_or_default()
    }

    pub fn label(&self) -> String {
        let Some(request) = self.requests.first() else { return String::new() };
        match &self.id {
            NodeId::User(_) => user(request).to_owned(),
            NodeId::Session(session, client) => {
                let device =
                    request.device_id.as_ref().map(|device| format!(" on {device}")).unwrap_or_default();
                match client {
                    Some(client) => format!("Claude Code {}{device}", format::head(client, 8)),
                    None => format!("session {}{device}", format::head(&session.to_string(), 8)),
                }
            }
            NodeId::Request(_) => match &request.client_agent {
                Some(agent) => format!("subagent {agent}"),
                None => "main".to_owned(),
            },
        }
    }
}

impl Row for Node {
    type Id = NodeId;

    fn id(&self) -> NodeId {
        self.id.clone()
    }

    fn text(&self) -> Option<String> {
        None
    }

    fn columns() -> &'static [Column<Self>] {
        columns::COLUMNS
    }
}

pub fn user(request: &Request) -> &str {
    request.email.as_deref().unwrap_or(request.user.as_str())
}

/// What the filter looks at.
pub fn text(request: &Request) -> String {
    let device = request.device_id.as_ref().map(shared::id::DeviceId::as_str);
    let parts = [
        Some(user(request)),
        device,
        Some(format::model(request.model.as_str())),
        Some(request.surface.as_str()),
        request.client_session.as_deref(),
        request.client_agent.as_deref(),
        request.user_agent.as_deref(),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

type Sessions<'a> = BTreeMap<(SessionId, Option<&'a str>), Vec<&'a Request>>;

/// The whole tree: users by name, sessions by age, requests the oldest first, so that nothing jumps.
pub fn grow<'a>(requests: impl Iterator<Item = &'a Request>) -> Vec<Node> {
    let mut users: BTreeMap<(&str, &UserId), Sessions> = BTreeMap::new();
    for request in requests {
        let sessions = users.entry((user(request), &request.user)).or_default();
        sessions.entry((request.session, request.client_session.as_deref())).or_default().push(request);
    }
    let mut nodes = Vec::new();
    for ((_, user), sessions) in users {
        let all = sessions.values().flatten().copied();
        nodes.push(node(NodeId::User(user.clone()), (true, true), all));
        let last = sessions.len();
        for (turn, ((session, client), mut requests)) in sessions.into_iter().enumerate() {
            let is_last = turn + 1 == last;
            let id = NodeId::Session(session, client.map(str::to_owned));
            nodes.push(node(id, (is_last, true), requests.iter().copied()));
            requests.sort_by(|one, other| (one.started, &one.id).cmp(&(other.started, &other.id)));
            let count = requests.len();
            for (turn, request) in requests.into_iter().enumerate() {
                let id = NodeId::Request(request.id.clone());
                nodes.push(node(id, (turn + 1 == count, is_last), std::iter::once(request)));
            }
        }
    }
    nodes
}

fn node<'a>(id: NodeId, last: (bool, bool), requests: impl Iterator<Item = &'a Request>) -> Node {
    Node { id, is_last: last.0, is_parent_last: last.1, requests: requests.cloned().collect() }
}
