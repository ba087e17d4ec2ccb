//! What an action on users is about, and how far it reaches.

use shared::{
    api::admin::{Grant, User},
    time::Timestamp,
};

use super::{Users, columns};
use crate::{
    client::Subject,
    tui::{
        action::Action,
        format::{self, many},
        popup::{Form, Plan},
        screen::{Reaction, names::name},
    },
};

/// Names that are spelled out.
const MOST_NAMES: usize = 4;
const NOBODY: &str = "there is nobody selected to do this with";

impl Users {
    pub(super) fn confirm(&self, action: Action) -> Reaction {
        let users = self.table.chosen();
        if users.is_empty() {
            return Reaction::Say(NOBODY.to_owned());
        }
        let subjects = users.iter().map(|user| Subject::User(user.id.clone())).collect();
        let sessions = many(users.iter().map(|user| user.active_sessions).sum(), "session");
        let (plan, reach) = match action {
            Action::RevokeUser => (
                Plan::Revoke(subjects),
                format!("{sessions} with all requests end now; signing in again is possible"),
            ),
            Action::LockUser => {
                (Plan::Lock(subjects), format!("{sessions} are stopped, and refused until the lock ends"))
            }
            _ if users.iter().all(|user| user.lock.is_none()) => {
                return Reaction::Say("there is no lock to take away".to_owned());
            }
            _ => (Plan::Unlock(subjects), format!("{sessions} may be used again")),
        };
        let title = format!("{} {}", plan.verb(), many(users.len() as u64, "user"));
        Reaction::Confirm(Box::new(Form::new(plan, title, vec![names(&users), reach])))
    }

    pub(super) fn confirm_grant(&self, now: Timestamp) -> Reaction {
        let Some(user) = self.table.selected() else { return Reaction::Say(NOBODY.to_owned()) };
        let mut reach = vec![format!("{} may use more than the policy allows, for a while", name(user))];
        if let Some(budget) = &user.budget {
            let spent = budget
                .spending
                .iter()
                .map(|spending| format!("{} {}", columns::of_cap(spending), columns::word(spending.period)));
            reach.push(format!("policy {}; spent: {}", budget.policy, spent.collect::<Vec<_>>().join(", ")));
            reach.extend(budget.grants.iter().map(|grant| format!("granted: {}", of_grant(grant, now))));
        }
        let plan = Plan::Grant(user.id.clone());
        Reaction::Confirm(Box::new(Form::new(plan, "Grant more to a user", reach)))
    }

    pub(super) fn confirm_end(&self, now: Timestamp) -> Reaction {
        let Some(user) = self.table.selected() else { return Reaction::Say(NOBODY.to_owned()) };
        let grants = user.budget.as_ref().map_or(&[][..], |budget| budget.grants.as_slice());
        if grants.is_empty() {
            return Reaction::Say(format!("nothing is granted to {}", name(user)));
        }
        let mut reach = vec![format!("{} falls back to what the policy allows, now", name(user))];
        for (place, grant) in grants.iter().enumerate() {
            let number = if grants.len() > 1 { format!("{}: ", place + 1) } else { String::new() };
            reach.push(format!("{number}{}", of_grant(grant, now)));
        }
        let plan = Plan::EndGrant(grants.iter().map(|grant| grant.id).collect());
        Reaction::Confirm(Box::new(Form::new(plan, "End a grant", reach)))
    }
}

/// `$20.00 more for 3h05m (release week)`.
pub fn of_grant(grant: &Grant, now: Timestamp) -> String {
    let left = format::span(grant.until.since(now));
    format!("{} for {left} ({})", columns::raise(grant.raise), grant.reason)
}

fn names(users: &[&User]) -> String {
    let listed = users.iter().take(MOST_NAMES).map(|user| name(user)).collect::<Vec<_>>().join(", ");
    match users.len().saturating_sub(MOST_NAMES) {
        0 => listed,
        others => format!("{listed} and {others} more"),
    }
}
