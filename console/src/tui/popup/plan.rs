//! What is going to be ordered once it is confirmed, and what has to be typed for it.

use shared::{
    api::admin::{Action, GrantOrder, Raise},
    id::{GrantId, UserId},
    usage::Money,
};

use super::form::Field;
use crate::{
    client::Subject,
    tui::effect::Order,
    value::{self, BadValue},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    Revoke(Vec<Subject>),
    Lock(Vec<Subject>),
    Unlock(Vec<Subject>),
    Grant(UserId),
    EndGrant(GrantId),
    Reload,
}

/// What is wrong with a field, by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub field: usize,
    pub message: String,
}

impl Problem {
    fn of(field: usize) -> impl Fn(BadValue) -> Self {
        move |bad| Self { field, message: bad.to_string() }
    }
}

const REASON: &str = "reason";
const NO_AMOUNT: &str = "say how much more may be spent, such as `$20`";

impl Plan {
    /// What is typed, in order.
    pub fn fields(&self) -> Vec<Field> {
        let reason = || Field::new(REASON, "", "for the audit trail");
        match self {
            Self::Revoke(_) | Self::Unlock(_) | Self::EndGrant(_) | Self::Reload => vec![reason()],
            Self::Lock(_) => vec![
                reason(),
                Field::new("for", "1h", "such as 30m, 8h or 7d"),
                Field::new("message", "", "what Claude Code shows them, if you like"),
            ],
            Self::Grant(_) => vec![
                reason(),
                Field::new("more", "$20", "US dollars, in every window that has a cap"),
                Field::new("for", "1d", "such as 30m, 8h or 7d"),
            ],
        }
    }

    /// The button that orders it.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Revoke(_) => "Revoke",
            Self::Lock(_) => "Lock",
            Self::Unlock(_) => "Unlock",
            Self::Grant(_) => "Grant",
            Self::EndGrant(_) => "End the grant",
            Self::Reload => "Reload",
        }
    }

    /// Whether it takes something away from somebody.
    pub fn is_destructive(&self) -> bool {
        matches!(self, Self::Revoke(_) | Self::Lock(_) | Self::EndGrant(_))
    }

    /// The order, from what was typed.
    pub fn order(&self, typed: &[String]) -> Result<Order, Problem> {
        let text = |field: usize| typed.get(field).map_or("", String::as_str);
        let reason = value::reason(text(0)).map_err(Problem::of(0))?;
        let seconds = |field: usize| {
            let span = value::duration(text(field)).map_err(Problem::of(field))?;
            Ok(span.as_secs_f64())
        };
        Ok(match self.clone() {
            Self::Revoke(subjects) => Order::Revoke { subjects, reason },
            Self::Unlock(subjects) => Order::Unlock { subjects, reason },
            Self::Lock(subjects) => {
                let duration_seconds = Some(seconds(1)?);
                let message = value::line(text(2)).map_err(Problem::of(2))?;
                let message = Some(message).filter(|message| !message.is_empty());
                Order::Lock { subjects, action: Action { reason, duration_seconds, message } }
            }
            Self::Grant(user) => {
                let amount = text(1).trim().parse::<Money>();
                let amount = amount.map_err(|_| Problem { field: 1, message: NO_AMOUNT.to_owned() })?;
                let order = GrantOrder { reason, duration_seconds: seconds(2)?, raise: Raise::Spend(amount) };
                Order::Grant { user, order }
            }
            Self::EndGrant(grant) => Order::EndGrant { grant, reason },
            Self::Reload => Order::Reload { reason },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn nothing_is_ordered_without_a_reason() {
        let user = UserId::new("ada");
        let subjects = vec![Subject::User(user.clone())];
        for plan in [
            Plan::Revoke(subjects.clone()),
            Plan::Lock(subjects.clone()),
            Plan::Unlock(subjects),
            Plan::Grant(user),
            Plan::EndGrant(GrantId::generate()),
            Plan::Reload,
        ] {
            let mut texts: Vec<String> = plan.fields().iter().map(|field| field.input.text()).collect();
            let problem = plan.order(&texts).unwrap_err();
            assert_eq!(problem, Problem::of(0)(BadValue::NoReason), "{plan:?}");
            texts[0] = "  ".to_owned();
            assert!(plan.order(&texts).is_err(), "{plan:?}");
            texts[0] = "left the firm".to_owned();
            assert!(plan.order(&texts).is_ok(), "{plan:?}");
        }
    }

    #[test]
    fn a_lock_says_for_how_long() {
        let plan = Plan::Lock(Vec::new());
        let order = plan.order(&typed(&["lost laptop", "8h", "call the help desk"])).unwrap();
        let Order::Lock { action, .. } = order else { panic!("{order:?}") };
        assert_eq!(action.duration_seconds, Some(28_800.0));
        assert_eq!(action.message.as_deref(), Some("call the help desk"));
        for wrong in ["", "8", "h", "0h", "-1h", "99999999999999999999d"] {
            let problem = plan.order(&typed(&["lost laptop", wrong, ""])).unwrap_err();
            assert_eq!(problem.field, 1, "{wrong}");
        }
    }
}
