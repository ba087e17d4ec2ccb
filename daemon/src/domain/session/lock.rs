//! Locks and revocations: what an operator does to a session, a device or a user.
//!
//! A lock refuses for a while and takes nothing away: when it ends, tokens work as before. A revocation is final for
//! the sessions there are, and does not keep anyone from signing in again; who should be kept out is locked.

use std::{collections::HashMap, fmt, time::Duration};

use shared::{
    id::{DeviceId, SessionId, UserId},
    time::Timestamp,
};

use super::{EndReason, Ended, Identity, Refusal, Session, SessionState, Step};

/// The longest lock. A longer one is a decision for Entra.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// What an action is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    Session(SessionId),
    Device(DeviceId),
    User(UserId),
}

/// Refuses whatever its subject asks for until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    pub subject: Subject,
    pub from: Timestamp,
    pub until: Timestamp,
    /// Why, for the audit trail.
    pub reason: String,
    /// What the developer is told.
    pub message: Option<String>,
    /// The operator's uid.
    pub by: u32,
}

/// Why a lock can't be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLock {
    NoReason,
    NoTime,
    TooLong,
}

/// The locks that there are, one for each subject.
#[derive(Debug, Default)]
pub struct Locks(HashMap<Subject, Lock>);

impl Subject {
    /// Whether an identity is it, or belongs to it.
    pub fn covers(&self, identity: &Identity) -> bool {
        match self {
            Self::Session(session) => *session == identity.session,
            Self::Device(device) => identity.device.as_ref() == Some(device),
            Self::User(user) => *user == identity.user,
        }
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Device(_) => "device",
            Self::User(_) => "user",
        }
    }

    /// Its id as text.
    pub fn id(&self) -> String {
        match self {
            Self::Session(id) => id.to_string(),
            Self::Device(id) => id.to_string(),
            Self::User(id) => id.to_string(),
        }
    }

    /// The subject of that kind and that id.
    pub fn parse(kind: &str, id: &str) -> Option<Self> {
        match kind {
            "session" => id.parse().ok().map(Self::Session),
            "device" => Some(Self::Device(DeviceId::new(id))),
            "user" => Some(Self::User(UserId::new(id))),
            _ => None,
        }
    }

    /// Revokes it: ends a session that belongs to it. None if it does not, or is over already.
    pub fn revoke(&self, session: &mut Session, now: Timestamp) -> Option<Ended> {
        let is_covered = self.covers(&session.identity);
        is_covered.then(|| session.end(Ended { at: now, reason: EndReason::Revoked }).ok()).flatten()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) => write!(f, "session {id}"),
            Self::Device(id) => write!(f, "device {id}"),
            Self::User(id) => write!(f, "user {id}"),
        }
    }
}

impl Lock {
    /// Whether it may be set.
    pub fn check(&self) -> Result<(), BadLock> {
        match self.until.since(self.from) {
            _ if self.reason.trim().is_empty() => Err(BadLock::NoReason),
            Duration::ZERO => Err(BadLock::NoTime),
            span if span > LONGEST => Err(BadLock::TooLong),
            _ => Ok(()),
        }
    }

    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }
}

/// The sentence for the developer.
impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this {} is locked until {}", self.subject.kind(), self.until)?;
        self.message.as_ref().map_or(Ok(()), |message| write!(f, ": {message}"))
    }
}

impl fmt::Display for BadLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoReason => "a lock needs a reason",
            Self::NoTime => "a lock needs a time to last",
            Self::TooLong => "a lock lasts a year at most",
        })
    }
}

impl std::error::Error for BadLock {}

impl Locks {
    /// Sets a lock. Another one of the same subject is replaced, and returned if it still held.
    pub fn lock(&mut self, lock: Lock) -> Result<Option<Lock>, BadLock> {
        lock.check()?;
        let from = lock.from;
        Ok(self.0.insert(lock.subject.clone(), lock).filter(|replaced| replaced.holds(from)))
    }

    /// Takes over a lock that was checked when it was set, in place of the one that its subject had.
    pub fn set(&mut self, lock: Lock) {
        self.0.insert(lock.subject.clone(), lock);
    }

    /// Takes a lock away. None if nothing was locked.
    pub fn unlock(&mut self, subject: &Subject, now: Timestamp) -> Option<Lock> {
        self.0.remove(subject).filter(|lock| lock.holds(now))
    }

    /// The lock that keeps an identity out, the longest if there are several.
    pub fn of(&self, identity: &Identity, now: Timestamp) -> Option<&Lock> {
        if self.0.is_empty() {
            return None;
        }
        let device = identity.device.clone().map(Subject::Device);
        let subjects = [Subject::Session(identity.session), Subject::User(identity.user.clone())];
        let locks = subjects.iter().chain(&device).filter_map(|subject| self.0.get(subject));
        locks.filter(|lock| lock.holds(now)).max_by_key(|lock| lock.until)
    }

    /// The locks that hold.
    pub fn all(&self, now: Timestamp) -> impl Iterator<Item = &Lock> {
        self.0.values().filter(move |lock| lock.holds(now))
    }

    /// Forgets locks that have ended.
    pub fn sweep(&mut self, now: Timestamp) {
        self.0.retain(|_, lock| now < lock.until);
    }
}

impl SessionState {
    /// What it is under a lock. A session that is over stays what it is.
    #[must_use]
    pub fn under(self, lock: Option<&Lock>, now: Timestamp) -> Self {
        match (self, lock) {
            (Self::Active, Some(lock)) if lock.holds(now) => Self::Locked { until: lock.until },
            (state, _) => state,
        }
    }
}

impl Step {
    /// What presenting a token leads to under a lock: no new tokens, and the presented one stays good. A stolen token
    /// ends its session all the same.
    #[must_use]
    pub fn under(self, lock: Option<&Lock>, now: Timestamp) -> Self {
        match (self, lock) {
            (Self::Rotate | Self::Repeat, Some(lock)) if lock.holds(now) => {
                Self::Refuse(Refusal::Locked { until: lock.until })
            }
            (step, _) => step,
        }
    }
}

#[cfg(test)]
mod tests;
