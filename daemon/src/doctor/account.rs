//! Names of users and groups, wherever the system finds them: a number where they have none.

use nix::unistd::{Gid, Group, Uid, User};

pub(super) fn user(id: u32) -> String {
    let found = User::from_uid(Uid::from_raw(id)).ok().flatten();
    found.map_or_else(|| id.to_string(), |user| user.name)
}

pub(super) fn group(id: u32) -> String {
    let found = Group::from_gid(Gid::from_raw(id)).ok().flatten();
    found.map_or_else(|| id.to_string(), |group| group.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_name_or_stays_a_number() {
        assert_eq!([user(0), user(471_147)], ["root", "471147"]);
        assert_eq!([group(0), group(471_147)], ["root", "471147"]);
    }
}
