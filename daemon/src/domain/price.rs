//! What a request costs. List prices are built in, and the configuration may say otherwise.
//!
//! Invariant: nothing is free by accident. A model without a known price costs as much as the dearest one known,
//! and whoever asks is told.

mod list;

use std::collections::BTreeMap;

use shared::{
    id::ModelId,
    usage::{Money, Tokens},
};

use super::{model::Known, pattern::Pattern};

const MILLION: u128 = 1_000_000;

/// The prices of one model, each for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    pub input: Money,
    pub output: Money,
    pub cache_read: Money,
    /// Writing into the cache for five minutes.
    pub cache_write: Money,
    /// Writing into the cache for an hour.
    pub cache_write_hour: Money,
}

/// The prices of one model by the length of the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tariff {
    pub price: Price,
    /// What holds for every token of a request whose prompt is longer than this, if that is dearer.
    pub long: Option<(u64, Price)>,
}

/// Where a tariff comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Override,
    List,
    /// The model is not known; its tariff is that of the dearest one.
    Unknown,
}

/// What a model costs, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    pub tariff: Tariff,
    pub source: Source,
}

/// A price that the configuration sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// A model id, an inference profile, an ARN, a pattern, or an alias of `[gateway.aliases]`.
    pub model: Pattern,
    pub price: Price,
}

/// All prices.
#[derive(Debug, Clone)]
pub struct Prices {
    overrides: Vec<Override>,
    dearest: Tariff,
}

impl Price {
    /// Prices of the cache from those of input and output, as Anthropic derives them for most models: reading costs
    /// a tenth of input, writing a quarter more than it, or twice as much for an hour.
    pub const fn derived(input: Money, output: Money) -> Self {
        Self {
            input,
            output,
            cache_read: Money::from_micros(input.micros().div_ceil(10)),
            cache_write: Money::from_micros(input.micros().saturating_add(input.micros().div_ceil(4))),
            cache_write_hour: Money::from_micros(input.micros().saturating_mul(2)),
        }
    }

    /// The higher of two prices, class by class.
    fn max(self, other: Self) -> Self {
        self.zip(other, Money::max)
    }

    /// Each price times a fraction, rounded up.
    fn times(self, (numerator, denominator): (u64, u64)) -> Self {
        let scaled = |price: Money| price.micros().saturating_mul(numerator).div_ceil(denominator);
        self.zip(self, |price, _| Money::from_micros(scaled(price)))
    }

    fn zip(self, other: Self, by: impl Fn(Money, Money) -> Money) -> Self {
        Self {
            input: by(self.input, other.input),
            output: by(self.output, other.output),
            cache_read: by(self.cache_read, other.cache_read),
            cache_write: by(self.cache_write, other.cache_write),
            cache_write_hour: by(self.cache_write_hour, other.cache_write_hour),
        }
    }

    fn cost(self, tokens: Tokens) -> Money {
        let hour = tokens.cache_write_hour.min(tokens.cache_write);
        let parts = [
            (tokens.input, self.input),
            (tokens.output, self.output),
            (tokens.cache_read, self.cache_read),
            (tokens.cache_write - hour, self.cache_write),
            (hour, self.cache_write_hour),
        ];
        let products = parts.map(|(count, price)| u128::from(count) * u128::from(price.micros()));
        let total = products.into_iter().fold(0_u128, u128::saturating_add).div_ceil(MILLION);
        Money::from_micros(u64::try_from(total).unwrap_or(u64::MAX))
    }
}

impl Tariff {
    /// What a request costs that used this much, rounded up to the micro-dollar.
    pub fn cost(&self, tokens: Tokens) -> Money {
        match self.long {
            Some((above, long)) if tokens.prompt() > above => long.cost(tokens),
            _ => self.price.cost(tokens),
        }
    }

    fn times(self, fraction: (u64, u64)) -> Self {
        Self {
            price: self.price.times(fraction),
            long: self.long.map(|(above, price)| (above, price.times(fraction))),
        }
    }
}

impl From<Price> for Tariff {
    fn from(price: Price) -> Self {
        Self { price, long: None }
    }
}

impl Prices {
    /// Overrides come first, in their order.
    pub fn new(overrides: Vec<Override>, aliases: &BTreeMap<String, ModelId>) -> Self {
        let named = |mut one: Override| {
            if let Some(model) = aliases.get(one.model.as_str()) {
                one.model = Pattern::new(model.as_str());
            }
            one
        };
        let overrides: Vec<Override> = overrides.into_iter().map(named).collect();
        let known = list::all().chain(overrides.iter().map(|one| one.price));
        let dearest = known.reduce(Price::max).unwrap_or(Price::derived(Money::MAX, Money::MAX));
        Self { overrides, dearest: dearest.into() }
    }

    /// What a model costs.
    pub fn quote(&self, model: &ModelId) -> Quote {
        let name = model.as_str();
        if let Some(set) = self.overrides.iter().find(|set| set.model.matches(name)) {
            return Quote { tariff: set.price.into(), source: Source::Override };
        }
        match Known::parse(name).and_then(list::find) {
            Some(tariff) => Quote { tariff, source: Source::List },
            None => Quote { tariff: self.dearest, source: Source::Unknown },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices() -> Prices {
        Prices::new(vec![], &BTreeMap::new())
    }

    fn quote(model: &str) -> Quote {
        prices().quote(&ModelId::new(model))
    }

    fn dollars(amount: &str) -> Money {
        amount.parse().unwrap()
    }

    #[test]
    fn each_class_of_tokens_has_its_price() {
        let tariff = quote("global.anthropic.claude-opus-5-5").tariff;
        let million = 1_000_000;
        for (tokens, cost) in [
            (Tokens { input: million, ..Tokens::default() }, "4"),
            (Tokens { output: million, ..Tokens::default() }, "20"),
            (Tokens { cache_read: million, ..Tokens::default() }, "0.20"),
            (Tokens { cache_write: million, ..Tokens::default() }, "5"),
            (Tokens { cache_write: million, cache_write_hour: million, ..Tokens::default() }, "8"),
            (Tokens { cache_write: million, cache_write_hour: 2 * million, ..Tokens::default() }, "8"),
            (Tokens { input: 2, output: 3, ..Tokens::default() }, "0.000068"),
            (Tokens { cache_read: 1, ..Tokens::default() }, "0.000001"),
            (Tokens::default(), "0"),
        ] {
            assert_eq!(tariff.cost(tokens), dollars(cost), "{tokens:?}");
        }
    }

    #[test]
    fn names_profiles_and_arns_lead_to_one_price() {
        for (model, input) in [
            ("anthropic.claude-opus-4-8", "5.5"),
            ("us.anthropic.claude-opus-4-8", "5.5"),
            ("global.anthropic.claude-opus-4-8", "5"),
            ("us-gov.anthropic.claude-opus-4-8", "6"),
            ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-8", "5.5"),
            ("global.anthropic.claude-haiku-4-5-20251001-v1:0", "1"),
            ("us.anthropic.claude-opus-4-1-20250805-v1:0", "15"),
            ("us.anthropic.claude-opus-4-20250514-v1:0", "15"),
            ("anthropic.claude-3-5-sonnet-20241022-v2:0", "6"),
            ("global.anthropic.claude-sonnet-4-6", "3"),
            ("global.anthropic.claude-opus-4-6-v1", "5"),
            ("claude-sonnet-5", "2.2"),
        ] {
            let quote = quote(model);
            assert_eq!((quote.source, quote.tariff.price.input), (Source::List, dollars(input)), "{model}");
        }
    }

    #[test]
    fn an_unknown_model_costs_as_much_as_the_dearest_and_is_reported() {
        for model in [
            "anthropic.claude-opus-4-99",
            "anthropic.claude-opus-4-8000",
            "anthropic.claude-haiku-6",
            "zai.glm-4.7",
            "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc",
            "",
        ] {
            let quote = quote(model);
            assert_eq!(quote.source, Source::Unknown, "{model}");
            for known in list::all() {
                assert_eq!(quote.tariff.price.max(known), quote.tariff.price);
            }
        }
        let dear = Override {
            model: Pattern::new("x"),
            price: Price::derived(Money::from_dollars(1_000), Money::from_dollars(2_000)),
        };
        let prices = Prices::new(vec![dear.clone()], &BTreeMap::new());
        assert_eq!(prices.quote(&ModelId::new("unknown")).tariff.price.output, dear.price.output);
    }

    #[test]
    fn a_long_prompt_makes_every_token_of_its_request_dearer() {
        let tariff = quote("global.anthropic.claude-haiku-5-5").tariff;
        let tokens = |input| Tokens { input, cache_read: 60_000, output: 1_000_000, ..Tokens::default() };
        assert_eq!(tariff.cost(tokens(40_000)), dollars("0.5046"));
        assert_eq!(tariff.cost(tokens(40_001)), dollars("2.523001"));
    }

    #[test]
    fn the_first_override_that_matches_wins() {
        let cheap = Price::derived(Money::from_dollars(1), Money::from_dollars(2));
        let set = |model: &str, price| Override { model: Pattern::new(model), price };
        let aliases = BTreeMap::from([("opus".to_owned(), ModelId::new("arn:aws:x/abc"))]);
        let free = Price::derived(Money::ZERO, Money::ZERO);
        let prices =
            Prices::new(vec![set("opus", free), set("us.anthropic.*", cheap), set("*", free)], &aliases);
        let price = |model: &str| prices.quote(&ModelId::new(model)).tariff.price;
        assert_eq!(price("us.anthropic.claude-opus-4-8"), cheap);
        assert_eq!(price("arn:aws:x/abc"), free);
        assert_eq!(cheap.cache_read, dollars("0.1"));
        assert_eq!((cheap.cache_write, cheap.cache_write_hour), (dollars("1.25"), dollars("2")));
    }

    #[test]
    fn an_absurd_count_does_not_wrap() {
        let absurd = Tokens { input: u64::MAX, output: u64::MAX, ..Tokens::default() };
        assert_eq!(quote("zai.glm-4.7").tariff.cost(absurd), Money::MAX);
    }
}
