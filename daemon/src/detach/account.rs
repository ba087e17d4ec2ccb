//! Whom the daemon becomes: a user, its group, and the groups that it is in besides, as the system's files name them.

use std::{fs, io, path::PathBuf};

use rustix::process::{getegid, geteuid};
use thiserror::Error;

const USERS: &str = "/etc/passwd";
const GROUPS: &str = "/etc/group";

/// Why it can't become that user.
#[derive(Debug, Error)]
pub enum AccountError {
    #[error("`{path}` can't be read: {error}")]
    Unreadable { path: PathBuf, error: io::Error },
    #[error(
        "there is no user `{0}` in /etc/passwd; hint: make it (`useradd --system --user-group {0}`), or name another one with `--user`"
    )]
    NoUser(String),
    #[error(
        "there is no group `{0}` in /etc/group; hint: make it (`groupadd --system {0}`), or name another one with `--group`"
    )]
    NoGroup(String),
    #[error("user {0} is not in /etc/passwd, which would tell its group; hint: name one with `--group`")]
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
        let files = [USERS, GROUPS].map(|path| {
            fs::read(path)
                .map(|text| String::from_utf8_lossy(&text).into_owned())
                .map_err(|error| AccountError::Unreadable { path: path.into(), error })
        });
        let [users, groups] = files;
        Self::find_in(&users?, &groups?, (user, group))
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

    fn find_in(users: &str, groups: &str, (user, group): (&str, Option<&str>)) -> Result<Self, AccountError> {
        let (name, uid, own) = named_user(users, user)?;
        let gid = match (group, own) {
            (Some(group), _) => named_group(groups, group)?,
            (None, Some(own)) => own,
            (None, None) => return Err(AccountError::NoGroupKnown(uid)),
        };
        let mut all = vec![gid];
        for more in groups.lines().filter_map(|line| holding(line, &name)) {
            if !all.contains(&more) {
                all.push(more);
            }
        }
        Ok(Self { name, uid, gid, groups: all })
    }
}

/// Name, uid and group. A number that nobody has is somebody, too.
fn named_user(users: &str, user: &str) -> Result<(String, u32, Option<u32>), AccountError> {
    let entries = || users.lines().filter_map(entry);
    let number = user.parse().ok();
    let found = entries().find(|(name, ..)| *name == user);
    let found = found.or_else(|| entries().find(|(_, uid, _)| Some(*uid) == number));
    match (found, number) {
        (Some((name, uid, gid)), _) => Ok((name.to_owned(), uid, Some(gid))),
        (None, Some(uid)) => Ok((user.to_owned(), uid, None)),
        (None, None) => Err(AccountError::NoUser(user.to_owned())),
    }
}

fn named_group(groups: &str, group: &str) -> Result<u32, AccountError> {
    let mut entries = groups.lines().filter_map(|line| {
        let mut fields = line.split(':');
        Some((fields.next()?, fields.nth(1)?.parse().ok()?))
    });
    let found = entries.find(|(name, _)| *name == group).map(|(_, gid)| gid);
    found.or_else(|| group.parse().ok()).ok_or_else(|| AccountError::NoGroup(group.to_owned()))
}

/// `name:password:uid:gid:…` (passwd(5))
fn entry(line: &str) -> Option<(&str, u32, u32)> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    let uid = fields.nth(1)?.parse().ok()?;
    Some((name, uid, fields.next()?.parse().ok()?))
}

/// The number of a group that has this member: `name:password:gid:member,member` (group(5))
fn holding(line: &str, member: &str) -> Option<u32> {
    let mut fields = line.split(':').skip(2);
    let gid = fields.next()?.parse().ok()?;
    fields.next()?.split(',').any(|name| name.trim() == member).then_some(gid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/sh\n# a word\n\nsallyport:x:990:980::/:/bin/false\n\
        7:x:70:71::/:/bin/false\n";
    const GROUPS: &str =
        "root:x:0:\nsallyport:x:980:\ntls:x:50:www,sallyport\nadm:x:4:sallyport\nodd:x:9:sallyportd\n";

    fn find(user: &str, group: Option<&str>) -> Result<Account, AccountError> {
        Account::find_in(USERS, GROUPS, (user, group))
    }

    #[test]
    fn a_user_comes_with_all_its_groups_and_none_of_others() {
        let found = find("sallyport", None).unwrap();
        assert_eq!((found.uid, found.gid, found.groups), (990, 980, vec![980, 50, 4]));
        let found = find("sallyport", Some("adm")).unwrap();
        assert_eq!((found.gid, found.groups), (4, vec![4, 50]));
    }

    #[test]
    fn numbers_are_users_too_and_names_come_first() {
        assert_eq!(find("990", None).unwrap().name, "sallyport");
        assert_eq!(find("7", None).unwrap().uid, 70);
        let unknown = find("4711", Some("4712")).unwrap();
        assert_eq!((unknown.uid, unknown.gid, unknown.groups), (4711, 4712, vec![4712]));
        assert!(matches!(find("4711", None), Err(AccountError::NoGroupKnown(4711))));
    }

    #[test]
    fn whoever_is_not_there_is_named() {
        assert!(matches!(find("nobody", None), Err(AccountError::NoUser(name)) if name == "nobody"));
        assert!(matches!(find("root", Some("x")), Err(AccountError::NoGroup(name)) if name == "x"));
        assert!(find("# a word", None).is_err() && find("", None).is_err());
    }

    #[test]
    fn only_root_becomes_somebody_else() {
        let account = find("sallyport", None).unwrap();
        assert!(account.is_another_than(0, 0).unwrap());
        assert!(!account.is_another_than(990, 980).unwrap());
        assert!(matches!(account.is_another_than(1000, 980), Err(AccountError::NotRoot(_))));
    }
}
