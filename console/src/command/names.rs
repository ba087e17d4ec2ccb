//! What users are called, for people: their e-mail in place of their id.

use std::collections::HashMap;

use shared::{api::admin::User, id::UserId};

use super::Console;
use crate::client::{Client, HolderQuery};

/// As many as one page has: those who were seen last.
const KNOWN: u32 = 1000;

#[derive(Debug, Default)]
pub(super) struct Names(HashMap<UserId, String>);

impl Names {
    /// Machines get ids, and nothing is asked for them. Where names can't be had, ids do.
    pub(super) async fn of(console: &Console) -> Self {
        if !console.output.is_for_people() {
            return Self::default();
        }
        let query = HolderQuery { limit: Some(KNOWN), ..HolderQuery::default() };
        let users = console.client.users(&query).await.map(|page| page.items).unwrap_or_default();
        Self(users.into_iter().map(name).collect())
    }

    pub(super) fn call(&self, id: &UserId) -> String {
        self.0.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// The same text, with names in place of ids.
    pub(super) fn reword(&self, text: &str) -> String {
        let call = |word: &str| self.0.get(&UserId::new(word)).cloned().unwrap_or_else(|| word.to_owned());
        text.split(' ').map(call).collect::<Vec<_>>().join(" ")
    }

    /// Asks for a name that was not known yet, once.
    pub(super) async fn learn(&mut self, client: &Client, id: &UserId) {
        if self.0.contains_key(id) {
            return;
        }
        let query = HolderQuery { search: Some(id.to_string()), limit: Some(KNOWN), skip: None };
        let users = client.users(&query).await.map(|page| page.items).unwrap_or_default();
        let found = users.into_iter().find(|user| user.id == *id);
        let (id, name) = found.map_or_else(|| (id.clone(), id.to_string()), name);
        self.0.insert(id, name);
    }
}

fn name(user: User) -> (UserId, String) {
    let called = user.email.unwrap_or_else(|| user.id.to_string());
    (user.id, called)
}
