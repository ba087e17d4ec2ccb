//! What is going to be ordered once it is confirmed, and what has to be typed for it.

mod job;

use std::collections::BTreeSet;

use shared::{
    api::admin::{Action, GrantOrder, Raise},
    id::{GrantId, UserId},
    platform::Platform,
    release::Version,
    usage::Money,
};

use super::form::Field;
use crate::{
    client::Subject,
    tui::effect::{Job, Order},
    value::{self, BadValue},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    Revoke(Vec<Subject>),
    Lock(Vec<Subject>),
    Unlock(Vec<Subject>),
    Grant(UserId),
    /// One of these.
    EndGrant(Vec<GrantId>),
    Reload,
    /// For these platforms, if nobody marks others.
    Mirror(BTreeSet<Platform>),
    RollBack(Version),
    StopWork,
    /// While a job runs.
    Quit,
}

/// What comes out of a form.
#[derive(Debug, Clone, PartialEq)]
pub enum Ordered {
    /// Of the daemon.
    Order(Order),
    /// Of this console.
    Job(Job),
    StopWork,
    Quit,
}

/// What is wrong with a field, by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub field: usize,
    pub message: String,
}

impl Problem {
    fn new(field: usize, message: &str) -> Self {
        Self { field, message: message.to_owned() }
    }

    fn of(field: usize) -> impl Fn(BadValue) -> Self {
        move |bad| Self { field, message: bad.to_string() }
    }
}

const REASON: &str = "reason";
const NO_RAISE: &str = "say what is raised: `spend`, `requests`, `tokens` or `streams`";
const NO_AMOUNT: &str = "say by how much: `$20` of money, a whole number of anything else";
const NO_GRANT: &str = "say which grant: its number in the list above";

impl Plan {
    /// What is typed, in order.
    pub fn fields(&self) -> Vec<Field> {
        let reason = || Field::new(REASON, "", "for the audit trail");
        match self {
            Self::EndGrant(grants) if grants.len() > 1 => {
                vec![reason(), Field::new("grant", "1", "its number in the list above")]
            }
            Self::Revoke(_) | Self::Unlock(_) | Self::EndGrant(_) | Self::Reload => vec![reason()],
            Self::Lock(_) => vec![
                reason(),
                Field::new("for", "1h", "such as 30m, 8h or 7d"),
                Field::new("message", "", "what Claude Code shows them, if you like"),
            ],
            Self::Grant(_) => vec![
                reason(),
                Field::new("what", "spend", "spend, requests, tokens or streams"),
                Field::new("by", "$20", "dollars in every window; requests and tokens a minute"),
                Field::new("for", "1d", "such as 30m, 8h or 7d"),
            ],
            Self::Mirror(platforms) => job::fields(platforms),
            Self::RollBack(_) => vec![job::reason()],
            Self::StopWork | Self::Quit => Vec::new(),
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
            Self::Mirror(_) => "Mirror",
            Self::RollBack(_) => "Roll back",
            Self::StopWork => "Stop",
            Self::Quit => "Quit",
        }
    }

    /// Whether it takes something away from somebody.
    pub fn is_destructive(&self) -> bool {
        !matches!(self, Self::Unlock(_) | Self::Grant(_) | Self::Reload | Self::Mirror(_))
    }

    /// What is ordered, from what was typed.
    pub fn order(&self, typed: &[String]) -> Result<Ordered, Problem> {
        let reason = || value::reason(text(typed, 0)).map_err(Problem::of(0));
        let order = match self.clone() {
            Self::Mirror(_) => return Ok(Ordered::Job(job::order(typed, reason()?)?)),
            Self::RollBack(to) => return Ok(Ordered::Job(Job::RollBack { to, reason: reason()? })),
            Self::StopWork => return Ok(Ordered::StopWork),
            Self::Quit => return Ok(Ordered::Quit),
            Self::Revoke(subjects) => Order::Revoke { subjects, reason: reason()? },
            Self::Unlock(subjects) => Order::Unlock { subjects, reason: reason()? },
            Self::Lock(subjects) => Order::Lock { subjects, action: lock(typed, reason()?)? },
            Self::Grant(user) => Order::Grant { user, order: grant(typed, reason()?)? },
            Self::EndGrant(grants) => {
                let reason = reason()?;
                let number = typed.get(1).map_or("1", |number| number.trim());
                let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                let grant = place.and_then(|place| grants.get(place).copied());
                Order::EndGrant { grant: grant.ok_or_else(|| Problem::new(1, NO_GRANT))?, reason }
            }
            Self::Reload => Order::Reload { reason: reason()? },
        };
        Ok(Ordered::Order(order))
    }
}

fn text(typed: &[String], field: usize) -> &str {
    typed.get(field).map_or("", String::as_str)
}

fn seconds(typed: &[String], field: usize) -> Result<f64, Problem> {
    let span = value::duration(text(typed, field)).map_err(Problem::of(field))?;
    Ok(span.as_secs_f64())
}

fn lock(typed: &[String], reason: String) -> Result<Action, Problem> {
    let duration_seconds = Some(seconds(typed, 1)?);
    let message = value::line(text(typed, 2)).map_err(Problem::of(2))?;
    let message = Some(message).filter(|message| !message.is_empty());
    Ok(Action { reason, duration_seconds, message })
}

fn grant(typed: &[String], reason: String) -> Result<GrantOrder, Problem> {
    let what = Some(text(typed, 1).trim()).filter(|what| RAISES.contains(what));
    let what = what.ok_or_else(|| Problem::new(1, NO_RAISE))?;
    let raise = raise(what, text(typed, 2).trim()).ok_or_else(|| Problem::new(2, NO_AMOUNT))?;
    Ok(GrantOrder { reason, duration_seconds: seconds(typed, 3)?, raise })
}

const RAISES: [&str; 4] = ["spend", "requests", "tokens", "streams"];

fn raise(what: &str, by: &str) -> Option<Raise> {
    let count = || by.parse::<u64>().ok().filter(|count| *count > 0);
    match what {
        "spend" => by.parse::<Money>().ok().filter(|money| *money > Money::ZERO).map(Raise::Spend),
        "requests" => count().map(Raise::RequestsPerMinute),
        "tokens" => count().map(Raise::TokensPerMinute),
        _ => count().map(Raise::ConcurrentStreams),
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
            Plan::EndGrant(vec![GrantId::generate()]),
            Plan::Reload,
            Plan::Mirror(Platform::ALL.into()),
            Plan::RollBack("2.1.330".parse().unwrap()),
        ] {
            let mut texts: Vec<String> = plan.fields().iter().map(Field::text).collect();
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
        let Ordered::Order(Order::Lock { action, .. }) = order else { panic!("{order:?}") };
        assert_eq!(action.duration_seconds, Some(28_800.0));
        assert_eq!(action.message.as_deref(), Some("call the help desk"));
        for wrong in ["", "8", "h", "0h", "-1h", "99999999999999999999d"] {
            let problem = plan.order(&typed(&["lost laptop", wrong, ""])).unwrap_err();
            assert_eq!(problem.field, 1, "{wrong}");
        }
    }

    #[test]
    fn a_grant_says_what_is_raised_by_how_much_and_for_how_long() {
        let plan = Plan::Grant(UserId::new("ada"));
        for (what, by, raise) in [
            ("spend", "$20", Raise::Spend(Money::from_dollars(20))),
            ("requests", "50", Raise::RequestsPerMinute(50)),
            ("tokens", "100000", Raise::TokensPerMinute(100_000)),
            ("streams", "2", Raise::ConcurrentStreams(2)),
        ] {
            let order = plan.order(&typed(&["release week", what, by, "7d"])).unwrap();
            let Ordered::Order(Order::Grant { order, .. }) = order else { panic!("{order:?}") };
            assert_eq!((order.raise, order.duration_seconds), (raise, 604_800.0));
        }
        for (field, texts) in [
            (1, ["because", "money", "$20", "1d"]),
            (2, ["because", "spend", "lots", "1d"]),
            (2, ["because", "streams", "0", "1d"]),
            (3, ["because", "spend", "$20", "for ever"]),
        ] {
            assert_eq!(plan.order(&typed(&texts)).unwrap_err().field, field, "{texts:?}");
        }
    }

    #[test]
    fn one_of_several_grants_is_ended_by_its_number() {
        let grants = vec![GrantId::generate(), GrantId::generate()];
        let order = Plan::EndGrant(grants.clone()).order(&typed(&["no need", "2"])).unwrap();
        let Ordered::Order(Order::EndGrant { grant, .. }) = order else { panic!("{order:?}") };
        assert_eq!(Some(&grant), grants.get(1));
        for wrong in ["0", "3", "x"] {
            assert_eq!(
                Plan::EndGrant(grants.clone()).order(&typed(&["no need", wrong])).unwrap_err().field,
                1
            );
        }
    }
}
