//! Policies and prices as operators write them.

use std::fs;

use insta::assert_snapshot;

use super::House;
use crate::domain::{
    pattern::Pattern,
    policy::{Members, SpendCaps},
};

const GOOD: &str = "\
[gateway.aliases]
opus = 'us.anthropic.claude-opus-4-8'

[[policy]]
name = 'contractors'
groups = ['contractors', '6c4e3f2a-0000-4000-8000-00000000000a']
models = ['opus', 'us.anthropic.claude-haiku-*']
max_tokens = 32000
requests_per_minute = 60
tokens_per_minute = 500000
concurrent_streams = 4
spend_per_day = '$20'
spend_per_week = 80
spend_per_month = 250.50
message = 'ask in #ai'

[[policy]]
name = 'others'
groups = ['*']
deny = true

[[price]]
model = 'us.anthropic.*'
input = 2.5
output = '$10'
cache_read = 0.1

[[price]]
model = 'opus'
input = 1
output = 5
";

const BAD: &str = "\
[[policy]]
groups = ['a', '*']
models = []
requests_per_minute = 0
spend_per_day = '20 euros'
spend_per_yaer = 3

[[policy]]
name = 'a'
groups = 'a'
tokens_per_minute = 1.5
models = ['two words']

[[policy]]
name = 'a'
groups = []
colour = 'red'

[[price]]
model = 'x'
input = -1
outptu = 3
";

#[test]
fn policies_and_prices_are_read_in_their_order() {
    let config = House::complete(GOOD).read().config.unwrap();
    let [contractors, others] = &config.policies[..] else { panic!("there are two") };
    assert_eq!(contractors.name, "contractors");
    let groups = ["contractors", "6c4e3f2a-0000-4000-8000-00000000000a"].map(str::to_owned);
    assert_eq!(contractors.members, Members::Groups(groups.to_vec()));
    let models = ["opus", "us.anthropic.claude-haiku-*"].map(Pattern::new);
    assert_eq!((contractors.models.as_deref(), contractors.max_tokens), (Some(&models[..]), Some(32_000)));
    let caps = &contractors.caps;
    let rates = (caps.requests_per_minute, caps.tokens_per_minute, caps.concurrent_streams);
    assert_eq!(rates, (Some(60), Some(500_000), Some(4)));
    let dollars = |text: &str| text.parse().ok();
    assert_eq!(caps.spend, SpendCaps { day: dollars("20"), week: dollars("80"), month: dollars("250.5") });
    assert_eq!((&others.members, others.deny, &others.models), (&Members::Everyone, true, &None));
    let [all, opus] = &config.prices[..] else { panic!("there are two") };
    assert_eq!((all.model.as_str(), all.price.input.to_string().as_str()), ("us.anthropic.*", "$2.50"));
    let cache = (all.price.cache_read, all.price.cache_write, all.price.cache_write_hour);
    assert_eq!(cache, ("0.1".parse().unwrap(), "3.125".parse().unwrap(), "5".parse().unwrap()));
    assert_eq!(opus.price.cache_read, "0.1".parse().unwrap());
}

#[test]
fn without_them_there_are_none() {
    let config = House::complete("policy = []\nprice = []\n").read().config.unwrap();
    assert!(config.policies.is_empty() && config.prices.is_empty());
}

#[test]
fn the_effective_lists_can_be_read_back() {
    let reading = House::complete(GOOD).read();
    let (policies, prices) =
        reading.config.as_ref().map(|config| (&config.policies, &config.prices)).unwrap();
    let shown = reading.as_toml().replace("\"[secret]\"", &format!("'{}'", super::SECRET));
    let again = House::new(&shown, "").read().config.unwrap();
    assert_eq!((&again.policies, &again.prices), (policies, prices));
}

#[test]
fn everything_wrong_with_them_is_reported_at_once() {
    assert_snapshot!("bad_rules", House::complete(BAD).problems());
}

#[test]
fn a_section_in_place_of_a_list_is_explained() {
    assert_snapshot!(House::complete("[policy]\nname = 'a'\n[price.default]\ninput = 1\n").problems(), @"
sallyport.toml:2: `policy` is a list, in which each is a table of its own
  hint: write `[[policy]]`
sallyport.toml:4: `price` is a list, in which each is a table of its own
  hint: write `[[price]]`
");
}

#[test]
fn what_holds_for_everyone_else_must_be_said_and_said_last() {
    let policy = |name: &str, group: &str| format!("[[policy]]\nname = '{name}'\ngroups = ['{group}']\n");
    assert_snapshot!(House::complete(&policy("a", "a")).problems(), @r#"
sallyport.toml:1: `[[policy]]`: it does not say what holds for those who are in none of its groups
  hint: end the list with a policy of `groups = ["*"]`, with `deny = true` to keep everyone else out
"#);
    let early = [policy("a", "a"), policy("all", "*"), policy("b", "b"), policy("c", "*")].concat();
    assert_snapshot!(House::complete(&early).problems(), @r#"
sallyport.toml:7: `[[policy]]`: `b` never holds, because a policy for everyone stands before it
  hint: move the policy of `groups = ["*"]` to the end
sallyport.toml:10: `[[policy]]`: `c` never holds, because a policy for everyone stands before it
  hint: move the policy of `groups = ["*"]` to the end
"#);
}

#[test]
fn the_example_shows_every_name() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("sallyport.example.toml");
    let example = fs::read_to_string(path).unwrap();
    let misspelt = House::complete("[[policy]]\n'?' = 1\n[[price]]\n'?' = 1\n").problems();
    let names: Vec<_> = misspelt.lines().filter_map(|line| line.split_once("there are ")).collect();
    assert_eq!(names.len(), 2, "{misspelt}");
    for name in names.iter().flat_map(|(_, names)| names.split(", ")) {
        let name = name.trim_matches('`');
        assert!(example.contains(&format!("\n#{name} = ")), "sallyport.example.toml does not show `{name}`");
    }
}
