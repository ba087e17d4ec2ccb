//! Which policy holds, and what it denies.

use super::*;

fn policy(name: &str, groups: &[&str]) -> Policy {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Policy { members: Members::Groups(groups), ..Policy::unlimited(name) }
}

fn held<'a>(policies: &'a Policies, groups: &[&str]) -> &'a str {
    let groups: Vec<_> = groups.iter().map(|group| (*group).to_owned()).collect();
    &policies.of(&groups).name
}

fn aliases() -> BTreeMap<String, ModelId> {
    let alias = |name: &str, model: &str| (name.to_owned(), ModelId::new(model));
    BTreeMap::from([
        alias("opus", "us.anthropic.claude-opus-4-8"),
        alias("haiku-like", "us.anthropic.claude-opus-5"),
    ])
}

#[test]
fn the_first_policy_that_names_a_group_of_the_caller_holds() {
    let list = vec![
        policy("contractors", &["contractors", "6C4E3F2A-0000-4000-8000-00000000000A"]),
        policy("staff", &["staff", "contractors"]),
        Policy::unlimited("others"),
    ];
    let policies = Policies::new(list, &aliases());
    for (groups, name) in [
        (&["staff"][..], "staff"),
        (&["staff", "contractors"], "contractors"),
        (&["contractors", "staff"], "contractors"),
        (&["6c4e3f2a-0000-4000-8000-00000000000a"], "contractors"),
        (&["Staff"], "staff"),
        (&["strangers"], "others"),
        (&[], "others"),
    ] {
        assert_eq!(held(&policies, groups), name, "{groups:?}");
    }
}

#[test]
fn what_follows_a_policy_for_everyone_never_holds() {
    let policies = Policies::new(vec![Policy::unlimited("all"), policy("staff", &["staff"])], &aliases());
    assert_eq!(held(&policies, &["staff"]), "all");
}

#[test]
fn without_policies_all_is_allowed_and_with_some_nothing_is_by_accident() {
    assert_eq!(Policies::default().of(&[]).check(), Ok(()));
    let policies = Policies::new(vec![policy("staff", &["staff"])], &aliases());
    let denial = policies.of(&["strangers".to_owned()]).check().unwrap_err();
    assert_eq!((denial.policy.as_str(), denial.denied), ("default", Denied::Everything));
}

#[test]
fn models_are_allowed_by_what_bedrock_is_asked_for() {
    let models = |names: &[&str]| Some(names.iter().map(|name| Pattern::new(*name)).collect());
    let some = Policy { models: models(&["opus", "*haiku*"]), ..Policy::unlimited("some") };
    let policies = Policies::new(vec![some], &aliases());
    let check = |model: &str| policies.of(&[]).check_model(&ModelId::new(model)).is_ok();
    assert!(check("us.anthropic.claude-opus-4-8"), "the alias stands for it");
    assert!(check("us.anthropic.claude-haiku-4-5"));
    assert!(!check("us.anthropic.claude-opus-5"), "an alias that only looks like an allowed model");
    assert!(!check("us.anthropic.claude-opus-4-8-x"));
    let none = Policy { models: Some(vec![]), ..Policy::unlimited("none") };
    assert!(none.check_model(&ModelId::new("any")).is_err());
    assert!(Policy::unlimited("all").check_model(&ModelId::new("any")).is_ok());
}

#[test]
fn max_tokens_pass_up_to_the_ceiling() {
    let capped = Policy { max_tokens: Some(8_192), ..Policy::unlimited("capped") };
    assert_eq!(capped.check_max_tokens(8_192), Ok(()));
    let denied = Denied::MaxTokens { asked: 8_193, ceiling: 8_192 };
    assert_eq!(capped.check_max_tokens(8_193).unwrap_err().denied, denied);
    assert_eq!(Policy::unlimited("free").check_max_tokens(u64::MAX), Ok(()));
}

#[test]
fn a_denial_names_the_policy_the_figure_and_whom_to_ask() {
    let policy = Policy {
        max_tokens: Some(100),
        models: Some(vec![]),
        message: Some("ask in #ai".to_owned()),
        ..Policy::unlimited("contractors")
    };
    let denial = policy.check_max_tokens(200).unwrap_err();
    assert_eq!(
        denial.to_string(),
        "policy `contractors` allows a max_tokens of up to 100, not 200; in Claude Code, set \
         CLAUDE_CODE_MAX_OUTPUT_TOKENS · ask in #ai"
    );
    let denial = policy.check_model(&ModelId::new("a\nb")).unwrap_err();
    assert_eq!(denial.to_string(), "policy `contractors` does not allow the model `a\\nb` · ask in #ai");
    let denial = Policy { deny: true, ..policy }.check_model(&ModelId::new("a")).unwrap_err();
    assert_eq!(denial.to_string(), "policy `contractors` does not let you use this gateway · ask in #ai");
}

#[test]
fn an_estimate_is_needed_for_tokens_and_money_only() {
    let needs = |caps: Caps| caps.needs_estimate();
    assert!(!needs(Caps { requests_per_minute: Some(1), concurrent_streams: Some(1), ..Caps::default() }));
    assert!(needs(Caps { tokens_per_minute: Some(1), ..Caps::default() }));
    let week = SpendCaps { week: Some(Money::ZERO), ..SpendCaps::default() };
    assert!(needs(Caps { spend: week, ..Caps::default() }));
}
