//! Why a store can't do what it was asked, said so that an operator knows what to do next.

use std::path::PathBuf;

use thiserror::Error;

/// An error of the store. It holds no value that was stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    #[error("the database is locked by another program; hint: close whatever has it open for writing")]
    Busy,
    #[error("another daemon uses `{}`; hint: stop it, or choose another `SALLYPORT_STATE_DIR`", .0.display())]
    InUse(PathBuf),
    #[error(
        "the database `{}` is damaged ({reason}); hint: stop the daemon, keep a copy, and restore a backup or \
         move the file away: everyone then signs in again",
        path.display()
    )]
    Corrupt { path: PathBuf, reason: String },
    #[error(
        "`{}` is not a database of Sallyport; hint: move it away, or choose another `SALLYPORT_STATE_DIR`",
        .0.display()
    )]
    Foreign(PathBuf),
    #[error(
        "the database is of version {found}, this daemon knows versions up to {known}; hint: install the newer \
         daemon again"
    )]
    Newer { found: u32, known: u32 },
    #[error("the disk is full; hint: make room in `{}`", .0.display())]
    Full(PathBuf),
    #[error("`{}` can't be used: {reason}; hint: check its owner and its mode", path.display())]
    Access { path: PathBuf, reason: String },
    #[error("the store did not answer within {0} seconds; hint: look at the disk's load")]
    Overloaded(u64),
    #[error("the store has stopped")]
    Stopped,
    #[error("the store failed: {0}")]
    Failed(String),
}
