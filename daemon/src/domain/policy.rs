//! Who may use what: of an ordered list of policies, the first one that a caller's groups belong to holds.
//!
//! Invariant: exactly one policy holds for everyone. Without any policy there are no rules; with some, those whom
//! none of them names may use nothing.

mod denial;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use shared::{id::ModelId, time::Period, usage::Money};

pub use denial::{Denial, Denied};

use super::pattern::Pattern;

/// One rule of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What refusals and the audit trail call it.
    pub name: String,
    pub members: Members,
    /// Its members may use nothing.
    pub deny: bool,
    /// The models that may be used; none allows all that the gateway offers.
    pub models: Option<Vec<Pattern>>,
    /// The highest `max_tokens` of a request. A higher one is refused, never lowered: an answer that was cut short
    /// behind its reader's back is worse than none, thinking budgets must stay below `max_tokens`, and bodies are
    /// passed on as they came.
    pub max_tokens: Option<u64>,
    pub caps: Caps,
    /// What refusals say in addition: whom to ask, where.
    pub message: Option<String>,
}

/// Whom a policy is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    Everyone,
    /// Entra groups, by object id or by name; letter case does not matter.
    Groups(Vec<String>),
}

/// How much each user may have. None is without limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caps {
    pub requests_per_minute: Option<u64>,
    /// Tokens that are not read from the cache.
    pub tokens_per_minute: Option<u64>,
    /// Answers that are under way at the same time.
    pub concurrent_streams: Option<u64>,
    pub spend: SpendCaps,
}

/// Money for each window of the calendar, in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpendCaps {
    pub day: Option<Money>,
    pub week: Option<Money>,
    pub month: Option<Money>,
}

impl SpendCaps {
    pub fn of(&self, period: Period) -> Option<Money> {
        match period {
            Period::Day => self.day,
            Period::Week => self.week,
            Period::Month => self.month,
        }
    }

    pub(super) fn map(self, change: impl Fn(Money) -> Money) -> Self {
        Self { day: self.day.map(&change), week: self.week.map(&change), month: self.month.map(&change) }
    }
}

impl Caps {
    /// Whether it matters how much a request may use.
    pub fn needs_estimate(&self) -> bool {
        self.tokens_per_minute.is_some() || Period::ALL.iter().any(|period| self.spend.of(*period).is_some())
    }
}

impl Policy {
    /// A policy without any rule.
    pub fn unlimited(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            members: Members::Everyone,
            deny: false,
            models: None,
            max_tokens: None,
            caps: Caps::default(),
            message: None,
        }
    }

    /// Whether its members may use the gateway at all.
    pub fn check(&self) -> Result<(), Denial> {
        if self.deny { Err(self.denial(Denied::Everything)) } else { Ok(()) }
    }

    /// Whether its members may use a model.
    pub fn check_model(&self, model: &ModelId) -> Result<(), Denial> {
        self.check()?;
        match &self.models {
            Some(allowed) if !allowed.iter().any(|pattern| pattern.matches(model.as_str())) => {
                Err(self.denial(Denied::Model(model.clone())))
            }
            _ => Ok(()),
        }
    }

    /// Whether a request may ask for this many tokens.
    pub fn check_max_tokens(&self, asked: u64) -> Result<(), Denial> {
        match self.max_tokens {
            Some(ceiling) if asked > ceiling => Err(self.denial(Denied::MaxTokens { asked, ceiling })),
            _ => Ok(()),
        }
    }

    fn denial(&self, denied: Denied) -> Denial {
        Denial { policy: self.name.clone(), denied, message: self.message.clone() }
    }
}

/// The list, ready to be asked.
#[derive(Debug, Clone)]
pub struct Policies {
    list: Vec<Arc<Policy>>,
    /// Group, in lower case → the first policy that names it.
    groups: HashMap<String, usize>,
    /// The first policy for everyone, and where it stands.
    everyone: (usize, Arc<Policy>),
}

impl Policies {
    /// Where a policy allows an alias, it allows what the alias stands for.
    pub fn new(list: Vec<Policy>, aliases: &BTreeMap<String, ModelId>) -> Self {
        let list: Vec<_> =
            list.into_iter().map(|policy| Arc::new(without_aliases(policy, aliases))).collect();
        let mut groups = HashMap::new();
        for (place, policy) in list.iter().enumerate() {
            let Members::Groups(named) = &policy.members else { continue };
            for group in named {
                groups.entry(group.to_ascii_lowercase()).or_insert(place);
            }
        }
        let fallback = Policy { deny: !list.is_empty(), ..Policy::unlimited("default") };
        let everyone = list.iter().enumerate().find(|(_, policy)| policy.members == Members::Everyone);
        let everyone = everyone.map(|(place, policy)| (place, policy.clone()));
        let everyone = everyone.unwrap_or((list.len(), Arc::new(fallback)));
        Self { list, groups, everyone }
    }

    /// The policy that holds for a member of these groups.
    pub fn of(&self, groups: &[String]) -> &Arc<Policy> {
        let first = groups.iter().filter_map(|group| self.place(group)).min();
        let (place, default) = &self.everyone;
        first.filter(|first| first < place).and_then(|first| self.list.get(first)).unwrap_or(default)
    }

    /// All policies, in their order.
    pub fn all(&self) -> &[Arc<Policy>] {
        &self.list
    }

    fn place(&self, group: &str) -> Option<usize> {
        if group.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return self.groups.get(&group.to_ascii_lowercase()).copied();
        }
        self.groups.get(group).copied()
    }
}

impl Default for Policies {
    fn default() -> Self {
        Self::new(Vec::new(), &BTreeMap::new())
    }
}

fn without_aliases(mut policy: Policy, aliases: &BTreeMap<String, ModelId>) -> Policy {
    for pattern in policy.models.iter_mut().flatten() {
        if let Some(model) = aliases.get(pattern.as_str()) {
            *pattern = Pattern::new(model.as_str());
        }
    }
    policy
}

#[cfg(test)]
mod tests;
