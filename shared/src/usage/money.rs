//! US dollars in whole millionths.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

const MICROS: u64 = 1_000_000;
/// Digits after the point that fit.
const PLACES: usize = 6;

/// An amount of US dollars, zero or more, counted in micro-dollars. Sums are exact; past eighteen trillion dollars
/// they stay there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(u64);

impl Money {
    pub const ZERO: Self = Self(0);
    pub const MAX: Self = Self(u64::MAX);

    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    pub const fn from_dollars(dollars: u64) -> Self {
        Self(dollars.saturating_mul(MICROS))
    }

    pub const fn micros(self) -> u64 {
        self.0
    }

    /// For charts, which need no exact sums.
    #[allow(clippy::cast_precision_loss, reason = "charts have no use for the last digits")]
    pub fn as_dollars(self) -> f64 {
        self.0 as f64 / MICROS as f64
    }

    /// What is left of it, zero if nothing is.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// `$12.34`. At least cents are shown, and more where there is more; a precision (`{:.2}`) rounds half up.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = f.precision().map_or(PLACES, |places| places.min(PLACES));
        let unit = 10_u64.pow(u32::try_from(PLACES - places).unwrap_or_default());
        let rounded = self.0.saturating_add(unit / 2) / unit;
        let scale = 10_u64.pow(u32::try_from(places).unwrap_or_default());
        let (dollars, rest) = (rounded / scale, rounded % scale);
        if places == 0 {
            return write!(f, "${dollars}");
        }
        let digits = format!("{rest:0places$}");
        let kept = if f.precision().is_some() { places } else { digits.trim_end_matches('0').len().max(2) };
        write!(f, "${dollars}.{digits:.kept$}")
    }
}

/// Why a text is no amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotMoney;

impl fmt::Display for NotMoney {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is not an amount of US dollars, like `12`, `12.34` or `$12.34`")
    }
}

impl std::error::Error for NotMoney {}

/// `12`, `12.34`, `$12.34`: whole dollars, and up to six places.
impl FromStr for Money {
    type Err = NotMoney;

    fn from_str(text: &str) -> Result<Self, NotMoney> {
        let text = text.trim();
        let text = text.strip_prefix('$').unwrap_or(text);
        let (dollars, rest) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(dollars) || !is_number(rest) || rest.len() > PLACES {
            return Err(NotMoney);
        }
        let rest: u64 = format!("{rest:0<PLACES$}").parse().map_err(|_| NotMoney)?;
        let dollars: u64 = dollars.parse().map_err(|_| NotMoney)?;
        let micros = dollars.checked_mul(MICROS).and_then(|micros| micros.checked_add(rest));
        micros.map(Self).ok_or(NotMoney)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_shown_to_the_cent_and_as_far_as_it_goes() {
        for (micros, shown, cents, whole) in [
            (0, "$0.00", "$0.00", "$0"),
            (1, "$0.000001", "$0.00", "$0"),
            (5_000, "$0.005", "$0.01", "$0"),
            (500_000, "$0.50", "$0.50", "$1"),
            (12_340_000, "$12.34", "$12.34", "$12"),
            (12_345_600, "$12.3456", "$12.35", "$12"),
            (999_999_999, "$999.999999", "$1000.00", "$1000"),
        ] {
            let money = Money::from_micros(micros);
            assert_eq!((money.to_string(), format!("{money:.2}")), (shown.into(), cents.into()));
            assert_eq!(format!("{money:.0}"), whole);
        }
    }

    #[test]
    fn money_is_read_as_it_is_shown() {
        for (text, micros) in [
            ("12", 12_000_000),
            ("$12", 12_000_000),
            ("12.34", 12_340_000),
            (" $12.3 ", 12_300_000),
            ("0.000001", 1),
            ("$0", 0),
            ("18446744073709.551615", u64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Money::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn what_is_no_money_is_not_read() {
        let bad = [
            "",
            "$",
            ".",
            "12.",
            ".5",
            "-1",
            "+1",
            "1,000",
            "1e3",
            "0.0000001",
            "12 34",
            "€5",
            "$$5",
            "1.2.3",
            "18446744073709.551616",
            "99999999999999999999",
        ];
        for text in bad {
            assert_eq!(text.parse::<Money>(), Err(NotMoney), "{text}");
        }
    }

    #[test]
    fn sums_are_exact_and_never_wrap() {
        let third = Money::from_micros(333_333);
        assert_eq!([third; 3].into_iter().sum::<Money>(), Money::from_micros(999_999));
        assert_eq!(Money::MAX + Money::from_micros(1), Money::MAX);
        assert_eq!(third.less(Money::from_dollars(1)), Money::ZERO);
    }

    #[test]
    fn on_the_wire_it_is_a_whole_number() {
        assert_eq!(serde_json::to_string(&Money::from_dollars(2)).unwrap(), "2000000");
    }
}
