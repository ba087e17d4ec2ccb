//! The models that the configuration speaks of.

use std::collections::BTreeSet;

use super::Config;
use crate::domain::pattern::Pattern;

impl Config {
    /// Every model that some request may ask Bedrock for, as ids, profiles, ARNs or patterns.
    pub fn models(&self) -> BTreeSet<String> {
        let target =
            |name: &str| self.gateway.aliases.get(name).map_or(name, |model| model.as_str()).to_owned();
        let policies = self.policies.iter().filter(|policy| !policy.deny);
        let mut models: BTreeSet<String> = BTreeSet::new();
        for policy in policies {
            match &policy.models {
                Some(patterns) => models.extend(patterns.iter().map(|pattern| target(pattern.as_str()))),
                None => models.extend(self.offered()),
            }
        }
        if self.policies.is_empty() {
            models.extend(self.offered());
        }
        models
    }

    /// Those among them that are named one by one.
    pub fn named_models(&self) -> BTreeSet<String> {
        let patterns: Vec<Pattern> = self.models().into_iter().map(Pattern::new).collect();
        let may_be_used = |name: &String| patterns.iter().any(|pattern| pattern.matches(name));
        let exact = patterns.iter().filter(|pattern| pattern.is_exact()).map(|one| one.as_str().to_owned());
        exact.chain(self.defaults().filter(may_be_used)).collect()
    }

    /// What the gateway offers to those whom no policy restricts.
    fn offered(&self) -> Vec<String> {
        if self.gateway.models.is_empty() {
            return vec!["*".to_owned()];
        }
        let target = |name: &String| self.gateway.aliases.get(name).map_or(name.clone(), ToString::to_string);
        self.gateway.models.iter().map(target).chain(self.defaults()).collect()
    }

    /// What aliases lead to, and what a request is for that names no model.
    fn defaults(&self) -> impl Iterator<Item = String> {
        let aliased = self.gateway.aliases.values().map(ToString::to_string);
        aliased.chain([self.bedrock.model_id.to_string()])
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Given, Reading};

    fn named(toml: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("sallyport.toml"), toml).unwrap();
        let given = Given { directory: folder.path().to_owned(), ..Given::default() };
        Reading::of(&given).draft.named_models().into_iter().collect()
    }

    #[test]
    fn models_are_named_by_aliases_lists_and_policies() {
        let aliases = "[gateway.aliases]\nopus = 'us.opus'\n[bedrock]\nmodel_id = 'sonnet'\n";
        assert_eq!(named(aliases), ["sonnet", "us.opus"]);
        assert_eq!(
            named(
                &format!("{aliases}[gateway]\nmodels = ['haiku', 'us.*']\n")
                    .replace("[gateway.aliases]\nopus = 'us.opus'\n", "")
            ),
            ["haiku", "sonnet"]
        );
        let policy = "[[policy]]\nname = 'few'\ngroups = ['*']\nmodels = ['us.*', 'opus', 'mine']\n";
        assert_eq!(named(&format!("{aliases}{policy}")), ["mine", "us.opus"]);
    }
}
