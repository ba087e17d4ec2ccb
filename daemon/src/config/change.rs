//! What differs between the configuration in use and another reading, and what of it can be used without a restart.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    api::admin::reload::{Change, Reloaded},
    secret::Secret,
};

use super::{Config, Reading, Setting, SigningKeys};

/// Keys that can be replaced while the daemon runs; whoever adds one makes its part a `Reload`.
pub(super) const AT_RUN_TIME: [&str; 10] = [
    "entra.auth_context",
    "entra.email_domains",
    "entra.required_groups",
    "entra.required_roles",
    "gateway.aliases",
    "gateway.models",
    "gateway.ping_interval",
    "policy",
    "price",
    "telemetry.log_level",
];
/// Other files of the same kind: only whether TLS is spoken at all is decided when the daemon starts.
const CERTIFICATES: [&str; 2] = ["http.tls.certificate", "http.tls.key"];

/// The configuration in use: what it means, and every key as it was resolved.
#[derive(Debug, Clone)]
pub struct InUse {
    pub config: Config,
    pub settings: Vec<Setting>,
}

impl InUse {
    /// What another reading changes, by whether it can be used at once.
    pub fn compare(&self, config: &Config, settings: &[Setting]) -> Reloaded {
        let (old, new) = (by_name(&self.settings), by_name(settings));
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let shown = |all: &BTreeMap<String, toml::Value>, key| all.get(key).map(ToString::to_string);
        let differing = keys.into_iter().filter(|key| old.get(*key) != new.get(*key));
        let changes =
            differing.map(|key| Change { key: key.clone(), old: shown(&old, key), new: shown(&new, key) });
        let keeps_tls = self.config.listen.tls.is_some() && config.listen.tls.is_some();
        let (applied, mut needs_restart): (Vec<_>, Vec<_>) =
            changes.partition(|change| is_at_run_time(&change.key, keeps_tls));
        for hidden in secrets(&self.config, config) {
            if needs_restart.iter().all(|change| change.key != hidden.key) {
                needs_restart.push(hidden);
            }
        }
        Reloaded { applied, needs_restart }
    }

    /// Takes from another reading what could be used at once. The rest goes on differing until a restart.
    pub fn take_over(&mut self, config: &Config, settings: &[Setting]) {
        let keeps_tls = self.config.listen.tls.is_some() && config.listen.tls.is_some();
        for setting in &mut self.settings {
            let read = settings.iter().find(|read| read.key == setting.key);
            if let Some(read) = read.filter(|read| is_at_run_time(read.key, keeps_tls)) {
                *setting = read.clone();
            }
        }
    }
}

impl Reading {
    /// The configuration, if it is valid, as what is in use from now on.
    pub fn into_use(self) -> Result<InUse, super::Problems> {
        Ok(InUse { config: self.config?, settings: self.settings })
    }
}

fn is_at_run_time(key: &str, keeps_tls: bool) -> bool {
    let is_of =
        |known: &str| key.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    AT_RUN_TIME.into_iter().any(is_of) || (keeps_tls && CERTIFICATES.contains(&key))
}

/// Every value, those of a table under names of their own.
fn by_name(settings: &[Setting]) -> BTreeMap<String, toml::Value> {
    let mut all = BTreeMap::new();
    for Setting { key, value, .. } in settings {
        match value {
            Some(toml::Value::Table(table)) => {
                all.extend(table.iter().map(|(name, value)| (format!("{key}.{name}"), value.clone())));
            }
            Some(value) => drop(all.insert((*key).to_owned(), value.clone())),
            None => {}
        }
    }
    all
}

/// Secrets look the same to whoever may not see them. One that appears or vanishes differs visibly.
fn secrets(old: &Config, new: &Config) -> Vec<Change> {
    let mut changes = Vec::new();
    if let (SigningKeys::Shared(old), SigningKeys::Shared(new)) = (&old.token.keys, &new.token.keys)
        && old != new
    {
        changes.push(masked("token.secrets"));
    }
    if let (Some(old), Some(new)) = (&old.bedrock.api_key, &new.bedrock.api_key)
        && old != new
    {
        changes.push(masked("bedrock.api_key"));
    }
    changes
}

fn masked(key: &str) -> Change {
    let mask = Secret::new(()).to_string();
    Change { key: key.to_owned(), old: Some(mask.clone()), new: Some(mask) }
}
