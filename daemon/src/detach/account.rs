//! Whom the daemon becomes: a user, its group, and the groups that it is in besides, wherever the system finds them: in its
//! files, LDAP, SSSD. A static program finds those of the files only.

use std::ffi::CString;

use nix::{
    errno::Errno,
    unistd::{Gid, Group, Uid, User, getgrouplist},
};
use rustix::process::{getegid, geteuid};
use thiserror::Error;

/// Why it can't become that user.
#[derive(Debug, Error)]
pub enum AccountError {
    #[error("`{name}` can't be looked up: {error}")]
    Unreadable { name: String, error: Errno },
    #[error(
        "there is no user `{0}`; hint: make it (`useradd --system --user-group {0}`), or name another one with `--user`"
    )]
    NoUser(String),
    #[error(
        "there is no group `{0}`; hint: make it (`groupadd --system {0}`), or name another one with `--group`"
    )]
    NoGroup(String),
    #[error("nothing tells the group of user {0}; hint: name one with `--group`")]
    NoGroupKnown(u32),
    #[error("only root can become `{0}`; hint: start the daemon as root, or without `--user`")]
    NotRoot(String),
}

/// A user to run as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    /// All groups, the first one among them.
    pub groups: Vec<u32>,
}

impl Account {
    /// The user of this name or number, in this group or its own.
    pub fn find(user: &str, group: Option<&str>) -> Result<Self, AccountError> {
        let (name, uid, own) = named_user(user)?;
        let gid = match (group, own) {
            (Some(group), _) => named_group(group)?,
            (None, Some(own)) => own,
            (None, None) => return Err(AccountError::NoGroupKnown(uid)),
        };
        let groups = CString::new(name.as_str()).map_err(|_| Errno::EINVAL);
        let groups = groups.and_then(|name| getgrouplist(&name, Gid::from_raw(gid)));
        let groups = groups.map_err(|error| AccountError::Unreadable { name: name.clone(), error })?;
        Ok(Self { name, uid, gid, groups: groups.into_iter().map(Gid::as_raw).collect() })
    }

    /// Whether we have to become it; an error if we can't.
    pub fn is_another(&self) -> Result<bool, AccountError> {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        self.is_another_than(uid, gid)
    }

    fn is_another_than(&self, uid: u32, gid: u32) -> Result<bool, AccountError> {
        match uid {
            0 => Ok(true),
            _ if (uid, gid) == (self.uid, self.gid) => Ok(false),
            _ => Err(AccountError::NotRoot(self.name.clone())),
        }
    }
}

/// Name, uid and group. A number that nobody has is somebody, too.
fn named_user(user: &str) -> Result<(String, u32, Option<u32>), AccountError> {
    let number = user.parse().ok();
    let found = match looked_up(user, User::from_name(user))? {
        None => number.map(|uid| looked_up(user, User::from_uid(Uid::from_raw(uid)))).transpose()?.flatten(),
        found => found,
    };
    match (found, number) {
        (Some(found), _) => Ok((found.name, found.uid.as_raw(), Some(found.gid.as_raw()))),
        (None, Some(uid)) => Ok((user.to_owned(), uid, None)),
        (None, None) => Err(AccountError::NoUser(user.to_owned())),
    }
}

fn named_group(group: &str) -> Result<u32, AccountError> {
    let found = looked_up(group, Group::from_name(group))?.map(|found| found.gid.as_raw());
    found.or_else(|| group.parse().ok()).ok_or_else(|| AccountError::NoGroup(group.to_owned()))
}

/// Some systems say in this way that there is none (getpwnam(3)), or that there is no file of them.
fn looked_up<T>(name: &str, found: nix::Result<Option<T>>) -> Result<Option<T>, AccountError> {
    match found {
        Err(Errno::ENOENT | Errno::ESRCH | Errno::EBADF | Errno::EPERM) => Ok(None),
        found => found.map_err(|error| AccountError::Unreadable { name: name.to_owned(), error }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_comes_with_its_groups_by_name_and_by_number() {
        let root = Account::find("root", None).unwrap();
        assert_eq!((root.uid, root.gid, root.groups.first()), (0, 0, Some(&0)));
        assert_eq!(Account::find("0", Some("0")).unwrap(), root);
        let daemon = Account::find("root", Some("daemon")).unwrap();
        assert!(daemon.gid > 0 && daemon.groups.contains(&daemon.gid));
    }

    #[test]
    fn a_number_that_nobody_has_is_a_user_too_but_not_without_a_group() {
        let unknown = Account::find("471147", Some("471247")).unwrap();
        assert_eq!((unknown.uid, unknown.gid, unknown.groups), (471_147, 471_247, vec![471_247]));
        assert!(matches!(Account::find("471147", None), Err(AccountError::NoGroupKnown(471_147))));
    }

    #[test]
    fn whoever_is_not_there_is_named() {
        let find = |user, group| Account::find(user, group).unwrap_err();
        assert!(matches!(find("no-such-user", None), AccountError::NoUser(name) if name == "no-such-user"));
        assert!(matches!(find("root", Some("no group")), AccountError::NoGroup(name) if name == "no group"));
        assert!(matches!(find("", None), AccountError::NoUser(_)));
    }

    #[test]
    fn only_root_becomes_somebody_else() {
        let account = Account { name: "sallyport".to_owned(), uid: 990, gid: 980, groups: vec![980] };
        assert!(account.is_another_than(0, 0).unwrap());
        assert!(!account.is_another_than(990, 980).unwrap());
        assert!(matches!(account.is_another_than(1000, 980), Err(AccountError::NotRoot(_))));
    }
}
