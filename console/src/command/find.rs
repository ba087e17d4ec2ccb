//! What people call things: a user by e-mail, a device by host name, a session or a grant by the beginning of its id.
//! A name that fits several is refused, never guessed.

use shared::{
    api::admin::{DeviceSummary, Grant, Session, User},
    id::{SessionId, UserId},
};

use super::{CommandError, Console, page::walk};
use crate::client::{Client, HolderQuery, SessionQuery};

/// A UUID with its hyphens.
const ID_LEN: usize = 36;

/// What can be called by an id or a name.
trait Named {
    const WHAT: &'static str;

    fn is_id(&self, name: &str) -> bool;
    fn is_called(&self, name: &str) -> bool;
    /// As it is told when a name is not clear.
    fn shown(&self) -> String;
}

/// A user, by id or e-mail.
pub(super) async fn user(console: &Console, name: &str) -> Result<User, CommandError> {
    let found = walk(u64::MAX, |skip, limit| {
        let query = HolderQuery { search: Some(name.to_owned()), skip, limit: Some(limit) };
        async move { console.client.users(&query).await }
    });
    pick(name, found.await?.items)
}

/// A device, by id or host name.
pub(super) async fn device(console: &Console, name: &str) -> Result<DeviceSummary, CommandError> {
    let found = walk(u64::MAX, |skip, limit| {
        let query = HolderQuery { search: Some(name.to_owned()), skip, limit: Some(limit) };
        async move { console.client.devices(&query).await }
    });
    pick(name, found.await?.items)
}

/// A session, by its id or the beginning of it.
pub(super) async fn session(client: &Client, name: &str) -> Result<Session, CommandError> {
    if let Some(id) = whole_id(name) {
        return Ok(client.session(id).await?);
    }
    let all = walk(u64::MAX, |skip, limit| {
        let query = SessionQuery { skip, limit: Some(limit), ..SessionQuery::default() };
        async move { client.sessions(&query).await }
    });
    pick(name, beginning_with(name, all.await?.items))
}

/// Whom a filter names, if it names anybody.
pub(super) async fn user_id(console: &Console, name: Option<&str>) -> Result<Option<UserId>, CommandError> {
    match name {
        Some(name) => Ok(Some(user(console, name).await?.id)),
        None => Ok(None),
    }
}

/// The same for a session; a whole id is not asked for.
pub(super) async fn session_id(
    console: &Console,
    name: Option<&str>,
) -> Result<Option<SessionId>, CommandError> {
    let Some(name) = name else { return Ok(None) };
    match whole_id(name) {
        Some(id) => Ok(Some(id)),
        None => Ok(Some(session(&console.client, name).await?.id)),
    }
}

/// A grant that holds, by its id or the beginning of it.
pub(super) async fn grant(client: &Client, name: &str) -> Result<Grant, CommandError> {
    pick(name, beginning_with(name, client.grants().await?.items))
}

fn whole_id(name: &str) -> Option<SessionId> {
    name.parse().ok().filter(|_| name.len() == ID_LEN)
}

fn beginning_with<T: Named>(name: &str, all: Vec<T>) -> Vec<T> {
    all.into_iter().filter(|one| one.is_called(name)).collect()
}

fn pick<T: Named>(name: &str, mut found: Vec<T>) -> Result<T, CommandError> {
    if let Some(at) = found.iter().position(|one| one.is_id(name)) {
        return Ok(found.swap_remove(at));
    }
    let (what, name_owned) = (T::WHAT, name.to_owned());
    let (mut called, others): (Vec<T>, Vec<T>) = found.into_iter().partition(|one| one.is_called(name));
    let shown = |list: Vec<T>| list.iter().map(Named::shown).collect();
    match called.pop() {
        None => Err(CommandError::Unknown { what, name: name_owned, near: shown(others) }),
        Some(only) if called.is_empty() => Ok(only),
        Some(last) => {
            called.push(last);
            Err(CommandError::Ambiguous { what, name: name_owned, candidates: shown(called) })
        }
    }
}

impl Named for User {
    const WHAT: &'static str = "user";

    fn is_id(&self, name: &str) -> bool {
        self.id.as_str() == name
    }

    fn is_called(&self, name: &str) -> bool {
        self.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(name))
    }

    fn shown(&self) -> String {
        let known = [self.email.as_deref(), self.name.as_deref()].into_iter().flatten();
        std::iter::once(self.id.as_str()).chain(known).collect::<Vec<_>>().join("  ")
    }
}

impl Named for DeviceSummary {
    const WHAT: &'static str = "device";

    fn is_id(&self, name: &str) -> bool {
        self.id.as_str() == name
    }

    fn is_called(&self, name: &str) -> bool {
        self.device.hostname.as_deref().is_some_and(|host| host.eq_ignore_ascii_case(name))
    }

    fn shown(&self) -> String {
        format!("{}  {}", self.id, self.device.hostname.as_deref().unwrap_or("without a host name"))
    }
}

impl Named for Session {
    const WHAT: &'static str = "session";

    fn is_id(&self, name: &str) -> bool {
        self.id.to_string() == name
    }

    fn is_called(&self, name: &str) -> bool {
        is_beginning(name, &self.id.to_string())
    }

    fn shown(&self) -> String {
        let who = self.email.as_deref().unwrap_or(self.user.as_str());
        format!("{}  {who}  opened {}", self.id, self.opened)
    }
}

impl Named for Grant {
    const WHAT: &'static str = "grant";

    fn is_id(&self, name: &str) -> bool {
        self.id.to_string() == name
    }

    fn is_called(&self, name: &str) -> bool {
        is_beginning(name, &self.id.to_string())
    }

    fn shown(&self) -> String {
        format!("{}  {}  until {}", self.id, self.user, self.until)
    }
}

fn is_beginning(name: &str, id: &str) -> bool {
    !name.is_empty() && id.starts_with(&name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use shared::time::Timestamp;

    use super::*;

    fn person(id: &str, email: &str) -> User {
        User {
            id: UserId::new(id),
            email: Some(email.to_owned()),
            name: None,
            sessions: 1,
            active_sessions: 1,
            devices: 1,
            last_seen: Timestamp(0),
            lock: None,
            budget: None,
        }
    }

    #[test]
    fn an_address_of_two_users_is_refused_and_an_id_is_not() {
        let both = || vec![person("a", "ada@x.org"), person("b", "Ada@x.org"), person("c", "nada@x.org")];
        let Err(CommandError::Ambiguous { candidates, .. }) = pick("ada@x.org", both()) else {
            panic!("it was guessed")
        };
        assert_eq!(candidates, ["a  ada@x.org", "b  Ada@x.org"]);
        assert_eq!(pick("b", both()).unwrap().id.as_str(), "b");
    }

    #[test]
    fn a_part_of_an_address_is_no_name() {
        let Err(CommandError::Unknown { near, .. }) = pick("ada", vec![person("c", "nada@x.org")]) else {
            panic!("it was guessed")
        };
        assert_eq!(near, ["c  nada@x.org"]);
    }

    #[test]
    fn an_id_that_is_the_address_of_somebody_else_is_the_id() {
        let both = vec![person("a", "b"), person("b", "x")];
        assert_eq!(pick("b", both).unwrap().id.as_str(), "b");
    }
}
