//! Whether a token that is handed out may be one that the gateway does not take any more. Nobody tells a workstation that
//! its session was revoked; but Claude Code asks its helper again as soon as the gateway has refused a token.
//!
//! The file of the lock says when that was last: it is empty, and its time means nothing else.

use std::{
    fs::{File, OpenOptions},
    io,
    time::{Duration, UNIX_EPOCH},
};

use shared::time::Timestamp;

use super::{Credential, Store};
use crate::clock;

/// Claude Code tries again after less than a second, and then ever more slowly, for three minutes.
const AGAIN: Duration = Duration::from_secs(10);
/// So long a token is above all doubt once it was looked into: whoever asks in a loop waits for the gateway rarely.
const PAUSE: Duration = Duration::from_secs(15);

impl Credential {
    /// Whether it was given so lately that asking for another one can tell nothing new.
    pub fn is_new(&self, now: Timestamp) -> bool {
        now.since(self.written_at) < PAUSE
    }
}

impl Store {
    /// Notes that the token is handed out. Should it have been a moment ago, too, then it is in doubt, and nothing is noted.
    pub fn is_doubted(&self, now: Timestamp) -> bool {
        // A home that can't be written has no memory: then nothing is ever in doubt.
        let Ok((file, last)) = self.last_handed_out() else { return false };
        if last.since(now) > Duration::ZERO && last.since(now) <= PAUSE {
            return false;
        }
        let is_again = last <= now && now.since(last) < AGAIN;
        if !is_again {
            let _ = note(&file, now);
        }
        is_again
    }

    /// The token was looked into.
    pub fn settle(&self, now: Timestamp) {
        if let Ok((file, _)) = self.last_handed_out() {
            let _ = note(&file, now + PAUSE);
        }
    }

    fn last_handed_out(&self) -> io::Result<(File, Timestamp)> {
        let path = self.lock_path();
        let last = |file: &File| Ok::<_, io::Error>(clock::of(file.metadata()?.modified()?));
        match OpenOptions::new().write(true).open(&path) {
            Ok(file) => last(&file).map(|last| (file, last)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
                Ok((file, Timestamp(0)))
            }
            Err(error) => Err(error),
        }
    }
}

fn note(file: &File, at: Timestamp) -> io::Result<()> {
    file.set_modified(UNIX_EPOCH + Duration::from_millis(at.0))
}
