//! What people are called: records name users by their id, operators know them by their address.

use std::collections::HashMap;

use shared::{
    api::admin::{Page, User},
    id::UserId,
};

use super::PAGE;
use crate::{client::HolderQuery, tui::effect::Query};

#[derive(Debug, Default)]
pub struct Names(HashMap<UserId, String>);

impl Names {
    /// What has to be asked to know them all.
    pub fn ask() -> Query {
        Self::page(0)
    }

    fn page(skip: u64) -> Query {
        Query::Users(HolderQuery { skip: Some(skip), limit: Some(PAGE), ..HolderQuery::default() })
    }

    /// Takes a page, and says how to ask for the next.
    pub fn take(&mut self, page: Page<User>) -> Option<Query> {
        for user in page.items {
            let name = name(&user).to_owned();
            self.0.insert(user.id, name);
        }
        page.next.map(Self::page)
    }

    pub fn call<'a>(&'a self, id: &'a UserId) -> &'a str {
        self.0.get(id).map_or(id.as_str(), String::as_str)
    }
}

pub fn name(user: &User) -> &str {
    user.email.as_deref().or(user.name.as_deref()).unwrap_or(user.id.as_str())
}
