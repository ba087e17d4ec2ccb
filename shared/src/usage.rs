//! Counts of tokens, and money. Integers only: sums must be exact.

mod money;

use std::{fmt, iter::Sum, ops::AddAssign};

use serde::{Deserialize, Serialize};

pub use money::{Money, NotMoney};

/// Tokens of one answer or of many, in the upstream's own four classes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// Prompt tokens that were neither read from nor written to the cache.
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    /// All tokens written to the cache, however long they are kept there.
    pub cache_write: u64,
    /// Those among `cache_write` that are kept for an hour, which costs more.
    pub cache_write_hour: u64,
}

impl Tokens {
    /// The whole prompt, cached or not.
    pub fn prompt(self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }

    pub fn total(self) -> u64 {
        self.prompt().saturating_add(self.output)
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cache_read = self.cache_read.saturating_add(other.cache_read);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
        self.cache_write_hour = self.cache_write_hour.saturating_add(other.cache_write_hour);
    }
}

impl Sum for Tokens {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |mut all, one| {
            all += one;
            all
        })
    }
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, output, cache_read, cache_write, .. } = self;
        write!(f, "{input} in, {output} out, {cache_read} cache read, {cache_write} cache write")
    }
}
