//! Whom of the tenant's users we let in. Each rule that is configured must be met.

use super::{Refusal, claims::Claims};
use crate::config;

pub(super) fn check(config: &config::Entra, claims: &Claims) -> Result<(), Refusal> {
    check_groups(&config.required_groups, claims)?;
    if !is_met(&config.required_roles, |role| contains(&claims.roles, role)) {
        return Err(Refusal::MissingRole);
    }
    let email = claims.email();
    if !is_met(&config.email_domains, |domain| email.is_some_and(|email| is_in(email, domain))) {
        return Err(Refusal::EmailDomain);
    }
    match &config.auth_context {
        Some(context) if !claims.acrs.as_ref().is_some_and(|acrs| acrs.has(|value| value == context)) => {
            Err(Refusal::AuthContext(context.clone()))
        }
        _ => Ok(()),
    }
}

fn check_groups(required: &[String], claims: &Claims) -> Result<(), Refusal> {
    if is_met(required, |group| contains(&claims.groups, group)) {
        return Ok(());
    }
    Err(if claims.is_group_overage() { Refusal::GroupOverage } else { Refusal::MissingGroup })
}

/// Any of the values is enough, and so is not to ask for one.
fn is_met(required: &[String], has: impl Fn(&str) -> bool) -> bool {
    required.is_empty() || required.iter().any(|value| has(value))
}

fn contains(values: &[String], wanted: &str) -> bool {
    values.iter().any(|value| value.eq_ignore_ascii_case(wanted))
}

fn is_in(email: &str, domain: &str) -> bool {
    email.rsplit_once('@').is_some_and(|(_, host)| host.eq_ignore_ascii_case(domain))
}
