//! `token.json`: the tokens of the session that this workstation has, private to the user, replaced in one step, and
//! changed by one process at a time.

mod content;
mod doubt;
mod error;
mod lock;

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use shared::{api::auth::TokenAnswer, secret::Secret, time::Timestamp};

pub use self::{
    error::CredentialError,
    lock::{Held, Lock},
};
use crate::{clock, file::Replacement, os::Os};

/// So long before its end a token is replaced.
pub const MARGIN: Duration = Duration::from_mins(5);
/// A file that comes from the future by more than this was written before the clock was set back.
const DRIFT: Duration = Duration::from_mins(1);
/// Longer than a refresh takes.
const PATIENCE: Duration = Duration::from_secs(15);
const LARGEST: u64 = 64 * 1024;
/// What a refreshed credential may take beyond the present one.
const ROOM: usize = 8 * 1024;

/// The tokens of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub access_token: Secret<String>,
    pub refresh_token: Secret<String>,
    /// By the clock of this machine.
    pub expires_at: Timestamp,
    /// When it was written down.
    pub written_at: Timestamp,
}

impl Credential {
    pub fn of(answer: TokenAnswer, now: Timestamp) -> Self {
        Self {
            access_token: answer.access_token,
            refresh_token: answer.refresh_token,
            expires_at: now + Duration::from_secs(answer.expires_in),
            written_at: now,
        }
    }

    /// The same after the session has ended: nothing in it is worth anything, and nobody hands it out.
    pub fn ended(&self) -> Self {
        Self { expires_at: Timestamp(0), ..self.clone() }
    }

    /// Whether the server said that the session has ended.
    pub fn has_ended(&self) -> bool {
        self.expires_at == Timestamp(0)
    }

    /// Whether it can be handed out with nothing else done.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now + MARGIN < self.expires_at && !self.is_of_the_future(now)
    }

    /// Whether a gateway would still take it.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now < self.expires_at && !self.is_of_the_future(now)
    }

    /// The clock was set back since: nobody can say how old it is.
    fn is_of_the_future(&self, now: Timestamp) -> bool {
        self.written_at.since(now) > DRIFT
    }
}

/// The folder where the credential lies.
#[derive(Debug, Clone)]
pub struct Store {
    os: &'static dyn Os,
    path: PathBuf,
}

impl Store {
    /// `~/.claude` of whoever runs this.
    pub fn of_user(os: &'static dyn Os) -> Result<Self, CredentialError> {
        let home = os.home().ok_or(CredentialError::NoHome)?;
        Ok(Self { os, path: home.join(".claude").join("token.json") })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The credential; none if nobody is signed in.
    pub fn read(&self) -> Result<Option<Credential>, CredentialError> {
        let unreadable = |error| CredentialError::Unreadable { path: self.path.clone(), error };
        match fs::symlink_metadata(&self.path) {
            Ok(entry) if entry.is_symlink() => return Err(CredentialError::Link(self.path.clone())),
            Ok(entry) if entry.is_file() => {}
            Ok(_) => return Err(CredentialError::NoFile(self.path.clone())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        }
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let written_at = clock::of(file.metadata().and_then(|entry| entry.modified()).map_err(unreadable)?);
        let mut text = Vec::new();
        (&mut file).take(LARGEST).read_to_end(&mut text).map_err(unreadable)?;
        let credential = content::parse(&text, written_at);
        credential.map(Some).map_err(|what| CredentialError::Corrupt { path: self.path.clone(), what })
    }

    /// The lock of everybody who changes the credential. It makes the folder if there is none.
    pub fn lock(&self) -> Result<Lock, CredentialError> {
        let unwritable = |error| self.unwritable(error);
        if let Some(folder) = self.path.parent().filter(|folder| !folder.exists()) {
            match self.os.create_private_dir(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(unwritable(error)),
                _ => {}
            }
        }
        Lock::open(&self.lock_path()).map_err(unwritable)
    }

    /// The lock, held. Nobody keeps it for long, unless he hangs.
    pub async fn hold(&self) -> Result<Held, CredentialError> {
        let taken = tokio::time::timeout(PATIENCE, self.lock()?.take(|| None::<()>)).await;
        match taken.map_err(|_| CredentialError::Busy(self.lock_path()))? {
            Ok(Ok(held)) => Ok(held),
            Ok(Err(())) => Err(CredentialError::Busy(self.lock_path())),
            Err(error) => Err(self.unwritable(error)),
        }
    }

    /// The file of the lock. It stays until the agent is removed.
    pub fn lock_path(&self) -> PathBuf {
        self.path.with_extension("json.lock")
    }

    /// Makes sure that a credential can be kept before one is asked for. Whoever calls this holds the lock.
    pub fn reserve(&self, present: usize) -> Result<Keeping<'_>, CredentialError> {
        let replacement = Replacement::reserve(self.os, &self.path, present + ROOM);
        replacement
            .map(|replacement| Keeping { store: self, replacement })
            .map_err(|error| self.unwritable(error))
    }

    /// Whether a credential could be kept.
    pub async fn probe(&self) -> Result<(), CredentialError> {
        let held = self.hold().await?;
        let room = self.reserve(0)?;
        drop((room, held));
        Ok(())
    }

    /// Removes it. One that is not there is no error. Whoever calls this holds the lock.
    pub fn remove(&self) -> Result<(), CredentialError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.unwritable(error)),
            _ => Ok(()),
        }
    }

    pub(crate) fn unwritable(&self, error: io::Error) -> CredentialError {
        CredentialError::Unwritable { path: self.path.clone(), error }
    }
}

/// Room for a credential.
#[derive(Debug)]
pub struct Keeping<'a> {
    store: &'a Store,
    replacement: Replacement<'a>,
}

impl Keeping<'_> {
    pub fn keep(self, credential: &Credential) -> Result<(), CredentialError> {
        let text = content::text(credential);
        self.replacement.commit(text.as_bytes()).map_err(|error| self.store.unwritable(error))
    }
}

#[cfg(test)]
mod tests;
