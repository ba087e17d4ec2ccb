//! The people of the sandbox's tenant.

/// A user.
#[derive(Debug, PartialEq, Eq)]
pub struct User {
    /// What `login_hint` takes, alone or as the whole address.
    pub name: &'static str,
    pub display_name: &'static str,
    /// Object id.
    pub oid: &'static str,
    pub email: &'static str,
    pub groups: &'static [&'static str],
    pub roles: &'static [&'static str],
}

impl User {
    pub const ADA: &'static Self = &Self {
        name: "ada",
        display_name: "Ada Lovelace",
        oid: "5a11b047-0000-4000-8000-0000000000ad",
        email: "ada@sandbox.example",
        groups: &["engineering"],
        roles: &["Developer"],
    };
    pub const GRACE: &'static Self = &Self {
        name: "grace",
        display_name: "Grace Hopper",
        oid: "5a11b047-0000-4000-8000-0000000009ac",
        email: "grace@sandbox.example",
        groups: &["research"],
        roles: &["Developer"],
    };
    pub const ADMIN: &'static Self = &Self {
        name: "admin",
        display_name: "Edsger Dijkstra",
        oid: "5a11b047-0000-4000-8000-000000000ed5",
        email: "admin@sandbox.example",
        groups: &["engineering", "administrators"],
        roles: &["Developer", "Administrator"],
    };
    pub const ALL: [&'static Self; 3] = [Self::ADA, Self::GRACE, Self::ADMIN];

    /// The user with this name or address.
    pub fn find(hint: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|user| user.name == hint || user.email.eq_ignore_ascii_case(hint))
    }
}
