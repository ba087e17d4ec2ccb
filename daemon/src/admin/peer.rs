//! Who is at the other end of the socket: the kernel tells the uid, the configuration tells the role.

use rustix::process::geteuid;

use super::error::AdminError;
use crate::{
    config,
    http::{Call, Peer},
};

/// What a peer may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look.
    Reader,
    /// Look and act.
    Operator,
}

impl Role {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Operator => "operator",
        }
    }
}

/// Which uids have which role.
#[derive(Debug, Clone)]
pub struct Roles {
    operators: Vec<u32>,
    /// Without, everyone whom the socket's mode lets in.
    readers: Option<Vec<u32>>,
}

impl Roles {
    pub fn new(config: &config::Admin) -> Self {
        let operators = config.operators.clone().unwrap_or_else(|| vec![0, geteuid().as_raw()]);
        Self { operators, readers: config.readers.clone() }
    }

    /// Whether the peer of a request has a role.
    pub(super) fn check(&self, call: &Call, wanted: Role) -> Result<(), AdminError> {
        if self.of_peer(call).is_some_and(|role| role >= wanted) {
            Ok(())
        } else {
            Err(AdminError::Forbidden(wanted))
        }
    }

    /// The role of the peer of a request.
    pub(super) fn of_peer(&self, call: &Call) -> Option<Role> {
        uid(call).and_then(|uid| self.of(uid))
    }

    fn of(&self, uid: u32) -> Option<Role> {
        if self.operators.contains(&uid) {
            return Some(Role::Operator);
        }
        let may_look = self.readers.as_ref().is_none_or(|readers| readers.contains(&uid));
        may_look.then_some(Role::Reader)
    }
}

/// The peer's uid.
pub(super) fn uid(call: &Call) -> Option<u32> {
    match call.connection.peer {
        Peer::Unix { uid } => uid,
        Peer::Tcp(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(operators: Option<&[u32]>, readers: Option<&[u32]>) -> Roles {
        Roles::new(&config::Admin {
            socket: "admin.sock".into(),
            operators: operators.map(<[u32]>::to_vec),
            readers: readers.map(<[u32]>::to_vec),
            audit_retention: std::time::Duration::from_secs(1),
        })
    }

    #[test]
    fn root_and_the_daemon_act_and_whoever_can_connect_looks() {
        let roles = roles(None, None);
        let own = geteuid().as_raw();
        assert_eq!((roles.of(0), roles.of(own)), (Some(Role::Operator), Some(Role::Operator)));
        assert_eq!(roles.of(own + 1), Some(Role::Reader));
    }

    #[test]
    fn who_is_named_replaces_the_defaults() {
        let roles = roles(Some(&[1000]), Some(&[1001]));
        assert_eq!((roles.of(1000), roles.of(1001)), (Some(Role::Operator), Some(Role::Reader)));
        assert_eq!((roles.of(0), roles.of(1002)), (None, None));
    }
}
