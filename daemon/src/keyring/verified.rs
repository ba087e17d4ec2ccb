//! Tokens whose signature was checked a moment ago: checking Ed25519 costs a hundred times a look-up.
//!
//! Invariant: bounded. Each shard holds two generations; when the young one is full it becomes the old one, and
//! what was not used since the last turn is forgotten.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
};

use super::Caller;

/// Shards, so that threads seldom wait for each other.
const SHARDS: usize = 16;
/// Tokens in one generation of one shard: at most 8,192 in all, about a kilobyte each.
const GENERATION: usize = 256;

#[derive(Default)]
pub(super) struct Verified {
    shards: [Mutex<Shard>; SHARDS],
}

/// By signature: it differs from token to token and is much shorter to hash. The rest is compared.
type Generation = HashMap<Box<str>, Entry>;

#[derive(Default)]
struct Shard {
    young: Generation,
    old: Generation,
}

struct Entry {
    message: Box<str>,
    caller: Arc<Caller>,
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").finish_non_exhaustive()
    }
}

impl Verified {
    /// The caller of a token that was kept, if this is it to the last byte.
    pub(super) fn find(&self, token: &str) -> Option<Arc<Caller>> {
        let (message, signature) = token.rsplit_once('.')?;
        let mut shard = self.shard(signature)?.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = shard.young.get(signature) {
            return entry.caller_of(message);
        }
        let caller = shard.old.get(signature)?.caller_of(message)?;
        let (signature, entry) = shard.old.remove_entry(signature)?;
        shard.insert(signature, entry);
        Some(caller)
    }

    pub(super) fn keep(&self, token: &str, caller: &Arc<Caller>) {
        let Some((message, signature)) = token.rsplit_once('.') else { return };
        let Some(shard) = self.shard(signature) else { return };
        let entry = Entry { message: message.into(), caller: caller.clone() };
        shard.lock().unwrap_or_else(PoisonError::into_inner).insert(signature.into(), entry);
    }

    fn shard(&self, signature: &str) -> Option<&Mutex<Shard>> {
        let mixed = signature.bytes().take(4).fold(0, |sum: usize, byte| sum * 31 + usize::from(byte));
        self.shards.get(mixed % SHARDS)
    }
}

impl Shard {
    fn insert(&mut self, signature: Box<str>, entry: Entry) {
        if self.young.len() >= GENERATION {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(signature, entry);
    }
}

impl Entry {
    fn caller_of(&self, message: &str) -> Option<Arc<Caller>> {
        (*self.message == *message).then(|| self.caller.clone())
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        id::{SessionId, UserId},
        time::Timestamp,
    };

    use super::*;
    use crate::{domain::session::Identity, live::LiveSessions};

    fn caller() -> Arc<Caller> {
        let identity = Identity {
            session: SessionId::generate(),
            user: UserId::new("ada"),
            email: None,
            name: None,
            groups: Vec::new(),
            device: None,
        };
        let life = LiveSessions::default().life(&identity, Timestamp(0));
        Arc::new(Caller { identity, expires: Timestamp(1), life })
    }

    #[test]
    fn only_the_very_same_token_is_found() {
        let verified = Verified::default();
        verified.keep("head.claims.signature", &caller());
        assert!(verified.find("head.claims.signature").is_some());
        assert!(verified.find("head.CLAIMS.signature").is_none());
        assert!(verified.find("head.claims.signaturE").is_none());
        assert!(verified.find("signature").is_none());
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_used() {
        let verified = Verified::default();
        verified.keep("a.b.used", &caller());
        for n in 0..50_000 {
            verified.keep(&format!("a.b.{n}"), &caller());
            assert!(verified.find("a.b.used").is_some());
        }
        assert!(verified.find("a.b.1").is_none());
        let held = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap();
            shard.young.len() + shard.old.len()
        };
        assert!(verified.shards.iter().map(held).sum::<usize>() <= 2 * GENERATION * SHARDS);
    }
}
