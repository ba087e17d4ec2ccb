//! One process at a time changes the credential. The system keeps the lock, not the file: it ends with the process that
//! holds it, however that ends, so that no stale one can be left behind.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
    time::Duration,
};

use tokio::time::sleep;

/// How often a lock that somebody else has is tried.
const TRY_EVERY: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// The lock, held until this is dropped.
#[derive(Debug)]
pub struct Held {
    _file: File,
}

impl Lock {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self { file })
    }

    /// Takes it if nobody else has it.
    pub fn try_take(self) -> io::Result<Result<Held, Self>> {
        match self.file.try_lock() {
            Ok(()) => Ok(Ok(Held { _file: self.file })),
            Err(TryLockError::WouldBlock) => Ok(Err(self)),
            // Some network file systems have no locks. The auth server gives the same answer to those who refresh at
            // once, so that going on without one is better than not at all.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Ok(Held { _file: self.file }))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Takes it as soon as it is free, unless `meanwhile` finds that it is not needed any more.
    pub async fn take<T>(mut self, meanwhile: impl Fn() -> Option<T>) -> io::Result<Result<Held, T>> {
        loop {
            match self.try_take()? {
                Ok(held) => return Ok(Ok(held)),
                Err(lock) => self = lock,
            }
            if let Some(found) = meanwhile() {
                return Ok(Err(found));
            }
            sleep(TRY_EVERY).await;
        }
    }
}
