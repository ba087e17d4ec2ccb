//! What an operator acts on.

use std::fmt;

use shared::id::{DeviceId, SessionId, UserId};

use super::query::segment;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    Session(SessionId),
    Device(DeviceId),
    User(UserId),
}

impl Subject {
    pub(super) fn path(&self) -> String {
        match self {
            Self::Session(id) => format!("/sessions/{id}"),
            Self::Device(id) => format!("/devices/{}", segment(id.as_str())),
            Self::User(id) => format!("/users/{}", segment(id.as_str())),
        }
    }
}

/// `user 8f3a…`: the kind and the id.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) => write!(f, "session {id}"),
            Self::Device(id) => write!(f, "device {id}"),
            Self::User(id) => write!(f, "user {id}"),
        }
    }
}
