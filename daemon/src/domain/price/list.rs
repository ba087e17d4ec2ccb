//! List prices of Claude on Amazon Bedrock, in US dollars.
//!
//! Sources, as of October 2026: Anthropic's price list (`https://platform.claude.com/docs/en/about-claude/pricing`),
//! which also says that since Claude Sonnet 4.5 and Haiku 4.5 regional endpoints of Bedrock cost a tenth more than
//! global ones; for `GovCloud`, a fifth more, LiteLLM's table (`model_prices_and_context_window.json`, 1.109), which
//! agrees with the former in everything else. Claude 3.5 Sonnet is listed by the price of its extended access
//! (`https://aws.amazon.com/bedrock/pricing/`), twice that of its active years.

use shared::usage::Money;

use super::{Price, Tariff};
use crate::domain::model::{Known, Place};

/// A model and its price on global endpoints.
struct Row {
    /// Its id without provider, date and version.
    family: &'static str,
    price: Price,
    /// Whether regional endpoints cost more.
    has_places: bool,
}

const LIST: [Row; 22] = [
    row("claude-fable-5-1", [10_000_000, 50_000_000, 250_000]),
    row("claude-mythos-5-1", [10_000_000, 50_000_000, 250_000]),
    row("claude-fable-5", [10_000_000, 50_000_000, 1_000_000]),
    row("claude-mythos-5", [10_000_000, 50_000_000, 1_000_000]),
    row("claude-opus-5-5", [4_000_000, 20_000_000, 200_000]),
    row("claude-opus-5", [5_000_000, 25_000_000, 500_000]),
    row("claude-opus-4-8", [5_000_000, 25_000_000, 500_000]),
    row("claude-opus-4-7", [5_000_000, 25_000_000, 500_000]),
    row("claude-opus-4-6", [5_000_000, 25_000_000, 500_000]),
    row("claude-opus-4-5", [5_000_000, 25_000_000, 500_000]),
    row("claude-sonnet-5-5", [2_000_000, 10_000_000, 100_000]),
    row("claude-sonnet-5", [2_000_000, 10_000_000, 200_000]),
    row("claude-sonnet-4-6", [3_000_000, 15_000_000, 300_000]),
    row("claude-sonnet-4-5", [3_000_000, 15_000_000, 300_000]),
    row("claude-haiku-5-5", [100_000, 500_000, 10_000]),
    row("claude-haiku-4-5", [1_000_000, 5_000_000, 100_000]),
    old("claude-opus-4-1", [15_000_000, 75_000_000, 1_500_000]),
    old("claude-opus-4", [15_000_000, 75_000_000, 1_500_000]),
    old("claude-sonnet-4", [3_000_000, 15_000_000, 300_000]),
    old("claude-3-7-sonnet", [3_000_000, 15_000_000, 300_000]),
    old("claude-3-5-sonnet", [6_000_000, 30_000_000, 600_000]),
    old("claude-3-5-haiku", [800_000, 4_000_000, 80_000]),
];

/// Claude Haiku 5.5 costs five times as much when its prompt is longer than this.
const LONG: (&str, u64, (u64, u64)) = ("claude-haiku-5-5", 100_000, (5, 1));
const REGIONAL: (u64, u64) = (11, 10);
const GOVERNMENT: (u64, u64) = (12, 10);

const fn row(family: &'static str, [input, output, cache_read]: [u64; 3]) -> Row {
    let derived = Price::derived(Money::from_micros(input), Money::from_micros(output));
    Row { family, price: Price { cache_read: Money::from_micros(cache_read), ..derived }, has_places: true }
}

const fn old(family: &'static str, prices: [u64; 3]) -> Row {
    Row { has_places: false, ..row(family, prices) }
}

/// The tariff of a model, if it is listed.
pub(super) fn find(model: Known<'_>) -> Option<Tariff> {
    let name = model.foundation.strip_prefix("anthropic.").unwrap_or(model.foundation);
    let row = LIST.iter().find(|row| name.strip_prefix(row.family).is_some_and(is_version))?;
    Some(match model.place {
        Place::Regional if row.has_places => row.tariff().times(REGIONAL),
        Place::Government => row.tariff().times(GOVERNMENT),
        Place::Global | Place::Regional => row.tariff(),
    })
}

/// Every price there is, at its highest.
pub(super) fn all() -> impl Iterator<Item = Price> {
    LIST.iter()
        .map(|row| row.tariff().times(GOVERNMENT))
        .map(|tariff| tariff.long.map_or(tariff.price, |long| long.1))
}

impl Row {
    fn tariff(&self) -> Tariff {
        let (family, above, factor) = LONG;
        let long = (self.family == family).then(|| (above, self.price.times(factor)));
        Tariff { price: self.price, long }
    }
}

/// What may follow a family's name: nothing, a date, a version. `-1` after `claude-opus-4` is another model.
fn is_version(rest: &str) -> bool {
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let (date, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
    let is_dated = date.is_empty() || date.len() == 8;
    is_dated && (after.is_empty() || after.trim_start_matches('-').starts_with(['v', ':', '@']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_family_is_listed_twice() {
        let mut families: Vec<_> = LIST.iter().map(|row| row.family).collect();
        families.sort_unstable();
        families.dedup();
        assert_eq!(families.len(), LIST.len());
    }

    #[test]
    fn a_family_is_followed_by_a_date_or_a_version_only() {
        for rest in ["", "-20251001-v1:0", "-v1", "-v1:0", ":0", "@20251001", "-20250514"] {
            assert!(is_version(rest), "{rest}");
        }
        for rest in ["-1", "-5-20251001-v1:0", "x", "-2025", "-preview", "5", "-99"] {
            assert!(!is_version(rest), "{rest}");
        }
    }

    #[test]
    fn prices_are_as_published() {
        let micros = |price: Price| {
            [price.input, price.cache_write, price.cache_write_hour, price.cache_read, price.output]
                .map(Money::micros)
        };
        let price =
            |family: &str| LIST.iter().find(|row| row.family == family).map(|row| micros(row.price)).unwrap();
        assert_eq!(price("claude-fable-5-1"), [10_000_000, 12_500_000, 20_000_000, 250_000, 50_000_000]);
        assert_eq!(price("claude-opus-5-5"), [4_000_000, 5_000_000, 8_000_000, 200_000, 20_000_000]);
        assert_eq!(price("claude-opus-4-8"), [5_000_000, 6_250_000, 10_000_000, 500_000, 25_000_000]);
        assert_eq!(price("claude-sonnet-5-5"), [2_000_000, 2_500_000, 4_000_000, 100_000, 10_000_000]);
        assert_eq!(price("claude-sonnet-4-6"), [3_000_000, 3_750_000, 6_000_000, 300_000, 15_000_000]);
        assert_eq!(price("claude-haiku-5-5"), [100_000, 125_000, 200_000, 10_000, 500_000]);
        assert_eq!(price("claude-haiku-4-5"), [1_000_000, 1_250_000, 2_000_000, 100_000, 5_000_000]);
        assert_eq!(price("claude-3-5-haiku"), [800_000, 1_000_000, 1_600_000, 80_000, 4_000_000]);
    }
}
