//! Sessions: who they belong to, and their life from sign-in to end.

mod lock;
mod refresh;

use std::time::Duration;

use shared::{
    api::{admin::SessionUse, auth::Device},
    id::{DeviceId, SessionId, UserId},
    time::Timestamp,
};

pub use lock::{BadLock, Lock, Locks, Subject};
pub use refresh::{Presented, Refusal, Step, TokenState, UNKNOWN_TOKEN};

/// Who makes a request, as a verified access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub session: SessionId,
    pub user: UserId,
    pub email: Option<String>,
    pub name: Option<String>,
    pub groups: Vec<String>,
    pub device: Option<DeviceId>,
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// Its user signed out.
    Logout,
    /// A refresh token was presented after its successor had been used.
    Reuse,
    /// An operator revoked it.
    Revoked,
}

impl EndReason {
    pub const ALL: [Self; 3] = [Self::Logout, Self::Reuse, Self::Revoked];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Reuse => "reuse",
            Self::Revoked => "revoked",
        }
    }

    /// What the developer is told.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Logout => "this session was signed out; sign in again",
            Self::Revoked => "this session was revoked; sign in again",
            Self::Reuse => "this session was ended because a refresh token was used twice; sign in again",
        }
    }

    /// The reason of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

/// The end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub at: Timestamp,
    pub reason: EndReason,
}

/// One sign-in of a user on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub identity: Identity,
    pub device: Device,
    pub opened: Timestamp,
    /// The sign-in, or the last refresh.
    pub refreshed: Timestamp,
    /// When its newest refresh token expires.
    pub expires: Timestamp,
    /// No access token minted for it is valid after this.
    pub access_until: Timestamp,
    pub ended: Option<Ended>,
    pub used: SessionUse,
}

/// How long what we mint is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    pub access: Duration,
    pub refresh: Duration,
    /// How long a used refresh token may be presented again.
    pub grace: Duration,
}

/// What a session is at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    Active,
    /// It works again when the lock ends, or is taken away.
    Locked {
        until: Timestamp,
    },
    /// Nothing was refreshed for too long.
    Expired,
    Ended(Ended),
}

impl Session {
    /// A session that begins now, with its first tokens.
    pub fn open(identity: Identity, device: Device, lifetimes: Lifetimes, now: Timestamp) -> Self {
        Self {
            identity,
            device,
            opened: now,
            refreshed: now,
            expires: now + lifetimes.refresh,
            access_until: now + lifetimes.access,
            ended: None,
            used: SessionUse::default(),
        }
    }

    /// Another access token is minted.
    pub fn mint(&mut self, lifetimes: Lifetimes, now: Timestamp) {
        self.refreshed = now;
        self.access_until = self.access_until.max(now + lifetimes.access);
    }

    /// Its refresh token was rotated.
    pub fn extend(&mut self, lifetimes: Lifetimes, now: Timestamp) {
        self.expires = now + lifetimes.refresh;
    }

    /// What it is now, were it not for locks. An end is final: it stands, however long ago it was.
    pub fn state(&self, now: Timestamp) -> SessionState {
        match self.ended {
            Some(ended) => SessionState::Ended(ended),
            None if now >= self.expires => SessionState::Expired,
            None => SessionState::Active,
        }
    }

    /// Ends it. The first end stands; what comes later changes nothing, and is told what stands.
    pub fn end(&mut self, ended: Ended) -> Result<Ended, Ended> {
        match self.ended {
            Some(stands) => Err(stands),
            None => Ok(*self.ended.insert(ended)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENED: Timestamp = Timestamp(1_000_000);

    const LIFETIMES: Lifetimes = Lifetimes {
        access: Duration::from_secs(10),
        refresh: Duration::from_mins(1),
        grace: Duration::from_secs(5),
    };

    fn session() -> Session {
        let identity = Identity {
            session: SessionId::generate(),
            user: UserId::new("ada"),
            email: None,
            name: None,
            groups: vec![],
            device: None,
        };
        Session::open(identity, Device::default(), LIFETIMES, OPENED)
    }

    #[test]
    fn a_session_is_active_until_it_expires() {
        for (millis, state) in [
            (0, SessionState::Active),
            (59_999, SessionState::Active),
            (60_000, SessionState::Expired),
            (90_000, SessionState::Expired),
        ] {
            assert_eq!(session().state(Timestamp(OPENED.0 + millis)), state, "after {millis} ms");
        }
    }

    #[test]
    fn the_first_end_stands_even_when_the_session_would_have_expired() {
        let mut session = session();
        let first = Ended { at: OPENED, reason: EndReason::Reuse };
        assert_eq!(session.end(first), Ok(first));
        assert_eq!(session.end(Ended { at: OPENED, reason: EndReason::Logout }), Err(first));
        assert_eq!(session.state(session.expires), SessionState::Ended(first));
    }

    #[test]
    fn an_access_token_of_longer_life_is_remembered_when_shorter_ones_follow() {
        let mut session = session();
        let now = OPENED + Duration::from_secs(1);
        session.mint(Lifetimes { access: Duration::from_secs(2), ..LIFETIMES }, now);
        assert_eq!(session.access_until, OPENED + LIFETIMES.access);
        session.extend(LIFETIMES, now);
        assert_eq!((session.refreshed, session.expires), (now, now + LIFETIMES.refresh));
    }

    #[test]
    fn every_reason_has_a_name_of_its_own() {
        for reason in EndReason::ALL {
            assert_eq!(EndReason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(EndReason::parse("vanished"), None);
    }
}
