//! Into the background, for hosts without a service manager: what that one would do for us, done before any thread
//! exists.
//!
//! The caller does everything that may fail as root, so that its terminal hears of it, then forks, and waits until the
//! daemon serves or has failed.

pub mod account;
pub mod folder;
pub mod pid_file;
pub mod ready;

use std::io;

use daemonize::{Daemonize, Outcome, Stdio};
use rustix::{
    process::{Gid, Uid, getegid, geteuid, getgid, getuid},
    thread::set_thread_groups,
};
use thiserror::Error;

use account::Account;
use ready::{Ready, Waiting};

/// Others see nothing of what the daemon makes, its group may read it.
const UMASK: u32 = 0o027;

/// Why there is no daemon.
#[derive(Debug, Error)]
pub enum DetachError {
    #[error("the daemon can't be told apart from its caller: {0}")]
    Pipe(io::Error),
    #[error("the daemon can't leave its terminal: {0}")]
    Fork(daemonize::Error),
    #[error("the daemon can't become `{name}`: {reason}")]
    Become { name: String, reason: String },
}

/// Which of the two processes this is.
#[derive(Debug)]
pub enum Side {
    /// The one that was started. The other one tells it how it goes.
    Caller(Waiting),
    /// The one that stays: it has no terminal any more, only what it says on stderr before it is ready is still heard.
    Daemon(Ready, Result<(), DetachError>),
}

/// Forks. The daemon becomes `account`, if there is one.
pub fn detach(account: Option<&Account>) -> Result<Side, DetachError> {
    let (waiting, ready) = ready::pair().map_err(DetachError::Pipe)?;
    match daemonize(account).execute() {
        Outcome::Parent(Ok(_)) => {
            ready.pass_on();
            Ok(Side::Caller(waiting))
        }
        Outcome::Parent(Err(error)) => Err(DetachError::Fork(error)),
        Outcome::Child(detached) => {
            drop(waiting);
            Ok(Side::Daemon(ready, became(account, detached.map(|child| child.privileged_action_result))))
        }
    }
}

fn daemonize(account: Option<&Account>) -> Daemonize<io::Result<()>> {
    let groups: Option<Vec<Gid>> =
        account.map(|account| account.groups.iter().copied().map(Gid::from_raw).collect());
    let mut daemonize = Daemonize::new().working_directory("/").umask(UMASK).stderr(Stdio::keep());
    if let Some(account) = account {
        daemonize = daemonize.group(account.gid).user(account.uid);
    }
    // There is only one thread, and the groups of our caller are none of ours.
    daemonize.privileged_action(move || match groups {
        Some(groups) => set_thread_groups(&groups).map_err(io::Error::from),
        None => Ok(()),
    })
}

/// Whether we are who we should be, in every respect.
fn became(
    account: Option<&Account>,
    detached: Result<io::Result<()>, daemonize::Error>,
) -> Result<(), DetachError> {
    let Some(account) = account else { return detached.map(drop).map_err(DetachError::Fork) };
    let refused = |reason| DetachError::Become { name: account.name.clone(), reason };
    detached.map_err(|error| refused(error.to_string()))?.map_err(|error| refused(error.to_string()))?;
    let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
    if (getuid(), geteuid(), getgid(), getegid()) == (uid, uid, gid, gid) {
        return Ok(());
    }
    Err(refused("the system said that it was done, and it was not".to_owned()))
}
