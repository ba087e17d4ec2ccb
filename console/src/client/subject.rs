//! What an operator acts on.

use std::fmt;

use shared::id::{DeviceId, SessionId, UserId};

use super::query::segment;
use crate::format::many;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    Session(SessionId),
    Device(DeviceId),
    User(UserId),
}

impl Subject {
    /// What it is called.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Device(_) => "device",
            Self::User(_) => "user",
        }
    }

    pub(super) fn path(&self) -> String {
        match self {
            Self::Session(id) => format!("/sessions/{id}"),
            Self::Device(id) => format!("/devices/{}", segment(id.as_str())),
            Self::User(id) => format!("/users/{}", segment(id.as_str())),
        }
    }
}

/// How many there are of what: `2 sessions`, `1 user`; of several kinds, `3 objects`.
pub fn counted(subjects: &[Subject]) -> String {
    let kind = subjects.first().map_or("object", Subject::kind);
    let is_alike = subjects.iter().all(|subject| subject.kind() == kind);
    many(subjects.len() as u64, if is_alike { kind } else { "object" })
}

/// `user 8f3a…`: the kind and the id.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) => write!(f, "{} {id}", self.kind()),
            Self::Device(id) => write!(f, "{} {id}", self.kind()),
            Self::User(id) => write!(f, "{} {id}", self.kind()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_of_one_kind_are_called_by_it() {
        let (user, device) = (Subject::User(UserId::new("u")), Subject::Device(DeviceId::new("d")));
        assert_eq!(counted(std::slice::from_ref(&user)), "1 user");
        assert_eq!(counted(&[device.clone(), device.clone()]), "2 devices");
        assert_eq!(counted(&[user, device]), "2 objects");
    }
}
