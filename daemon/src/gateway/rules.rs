//! Who may use what: the configuration's rules, ready to be asked. They are replaced as a whole.

use std::{sync::Arc, time::Duration};

use shared::id::ModelId;

use super::{Gateway, Refusal, policy::ModelPolicy};
use crate::{
    config::{Config, Problems},
    domain::{
        pattern::Pattern,
        policy::{Policies, Policy},
        price::{Prices, Quote},
    },
    keyring::Caller,
    reload::{Prepared, Reload},
};

/// What the gateway offers, who may use it, and what it costs.
#[derive(Debug)]
pub struct Rules {
    models: ModelPolicy,
    policies: Policies,
    prices: Prices,
    /// Silence on a stream after which we send a ping.
    pub(super) ping_interval: Duration,
}

impl Rules {
    pub fn new(config: &Config) -> Self {
        let aliases = &config.gateway.aliases;
        Self {
            models: ModelPolicy::new(&config.gateway),
            policies: Policies::new(config.policies.clone(), aliases),
            prices: Prices::new(config.prices.clone(), aliases),
            ping_interval: config.gateway.ping_interval,
        }
    }

    /// The policy that holds for a caller.
    pub(super) fn policy(&self, caller: &Caller) -> &Arc<Policy> {
        self.policies.of(&caller.identity.groups)
    }

    /// The model that a caller means by a name, if it may use it.
    pub(super) fn resolve(&self, caller: &Caller, name: &str) -> Result<ModelId, Refusal> {
        let model = self.models.resolve(name)?;
        self.policy(caller).check_model(&model)?;
        Ok(model)
    }

    /// The model whose tokens are counted. Counting is free, so that no limit holds for it.
    pub(super) fn resolve_for_counting(&self, caller: &Caller, name: &str) -> Result<ModelId, Refusal> {
        self.policy(caller).check()?;
        self.models.resolve_for_counting(name)
    }

    /// The names, among these, of what a caller may use.
    pub(super) fn usable<'a>(&self, caller: &Caller, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        names.filter(|name| self.resolve(caller, name).is_ok()).collect()
    }

    /// The names that the configuration gives, for everyone or for this caller, each once.
    pub(super) fn named<'a>(&'a self, caller: &Caller) -> impl Iterator<Item = &'a str> {
        let own = self.policy(caller).models.iter().flatten();
        let own = own.filter(|pattern| pattern.is_exact()).map(Pattern::as_str);
        let own = own.filter(|name| !self.models.is_named(name));
        self.models.named().chain(own)
    }

    pub(super) fn quote(&self, model: &ModelId) -> Quote {
        self.prices.quote(model)
    }
}

impl Reload for Gateway {
    fn prepare(self: Arc<Self>, config: &Config) -> Result<Prepared, Problems> {
        let rules = Arc::new(Rules::new(config));
        Ok(Prepared::new(move || self.rules.store(rules)))
    }
}
