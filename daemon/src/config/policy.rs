//! The lists of rules: `[[policy]]` and `[[price]]`.

use std::collections::HashMap;

use super::{
    problem::Bad,
    reader::Reader,
    table::Table,
    value::{self, Value},
};
use crate::domain::{
    pattern::Pattern,
    policy::{Caps, Members, Policy, SpendCaps},
    price::{Override, Price},
};

const EVERYONE: &str = "*";

/// `[[policy]]`, each with the name it is known by in refusals.
pub(super) fn policies(read: &mut Reader) -> Vec<Policy> {
    let policies = read.tables("policy", policy);
    refuse_twins(read, &policies);
    refuse_unreachable(read, &policies);
    policies
}

/// `[[price]]`, in US dollars for a million tokens.
pub(super) fn prices(read: &mut Reader) -> Vec<Override> {
    read.tables("price", price)
}

fn policy(table: &mut Table<'_>) -> Policy {
    Policy {
        name: table.need("name", value::text),
        members: members(table),
        deny: table.get("deny", value::flag).unwrap_or_default(),
        models: table.get("models", patterns).map(|all| all.into_iter().map(Pattern::new).collect()),
        max_tokens: count(table, "max_tokens"),
        caps: Caps {
            requests_per_minute: count(table, "requests_per_minute"),
            tokens_per_minute: count(table, "tokens_per_minute"),
            concurrent_streams: count(table, "concurrent_streams"),
            spend: SpendCaps {
                day: table.get("spend_per_day", value::money),
                week: table.get("spend_per_week", value::money),
                month: table.get("spend_per_month", value::money),
            },
        },
        message: table.get("message", value::text),
    }
}

fn members(table: &mut Table<'_>) -> Members {
    let groups = table.need("groups", value::list);
    if groups.is_empty() {
        table
            .refuse("groups", Bad::new("the list is empty", "name a group, or write `[\"*\"]` for everyone"));
    }
    if !groups.iter().any(|group| group == EVERYONE) {
        return Members::Groups(groups);
    }
    if groups.len() > 1 {
        let bad =
            Bad::new("`*` is everyone, so that the other groups mean nothing", "keep `*` or the others");
        table.refuse("groups", bad);
    }
    Members::Everyone
}

fn count(table: &mut Table<'_>, name: &'static str) -> Option<u64> {
    table.get(name, value::count).map(|count| u64::try_from(count).unwrap_or(u64::MAX))
}

/// Names of models. An empty list would read as "all of them" to one and as "none" to another.
fn patterns(value: &Value) -> Result<Vec<String>, Bad> {
    let patterns = value::list(value)?;
    if patterns.is_empty() {
        let hint = "leave `models` out to allow all of them, or set `deny = true` to allow nothing";
        return Err(Bad::new("the list is empty", hint));
    }
    patterns.into_iter().map(|name| pattern(&Value::Text(name))).collect()
}

fn pattern(value: &Value) -> Result<String, Bad> {
    let text = value::text(value)?;
    if text.contains(char::is_whitespace) {
        let hint = "write a model id, an inference profile, an ARN or an alias; `*` stands for any text";
        return Err(Bad::new(format!("`{text}` names no model"), hint));
    }
    Ok(text)
}

fn price(table: &mut Table<'_>) -> Override {
    let model = Pattern::new(table.need("model", pattern));
    let derived = Price::derived(table.need("input", value::money), table.need("output", value::money));
    let price = Price {
        cache_read: table.get("cache_read", value::money).unwrap_or(derived.cache_read),
        cache_write: table.get("cache_write", value::money).unwrap_or(derived.cache_write),
        cache_write_hour: table.get("cache_write_1h", value::money).unwrap_or(derived.cache_write_hour),
        ..derived
    };
    Override { model, price }
}

fn refuse_twins(read: &mut Reader, policies: &[Policy]) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (index, policy) in policies.iter().enumerate() {
        if !policy.name.is_empty() && seen.insert(&policy.name, index).is_some() {
            let what = format!("there are two policies of the name `{}`", policy.name);
            read.refuse_table("policy", index, Bad::new(what, "give each a name of its own"));
        }
    }
}

/// The first policy for everyone ends the list, and there must be one: what holds for the rest is nobody's guess.
fn refuse_unreachable(read: &mut Reader, policies: &[Policy]) {
    let everyone = policies.iter().position(|policy| policy.members == Members::Everyone);
    let Some(last) = policies.len().checked_sub(1) else { return };
    let Some(everyone) = everyone else {
        let hint =
            "end the list with a policy of `groups = [\"*\"]`, with `deny = true` to keep everyone else out";
        let what = "it does not say what holds for those who are in none of its groups";
        return read.refuse_table("policy", last, Bad::new(what, hint));
    };
    for (index, policy) in policies.iter().enumerate().skip(everyone + 1) {
        let what = format!("`{}` never holds, because a policy for everyone stands before it", policy.name);
        read.refuse_table(
            "policy",
            index,
            Bad::new(what, "move the policy of `groups = [\"*\"]` to the end"),
        );
    }
}
