//! Counts by one word of a few.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use super::Family;

/// Every word has its count from the beginning: a count that appears late looks as if it had never grown.
#[derive(Debug)]
pub struct Tally<const N: usize> {
    words: [&'static str; N],
    counts: [AtomicU64; N],
}

impl<const N: usize> Tally<N> {
    pub fn of(words: [&'static str; N]) -> Self {
        Self { words, counts: [const { AtomicU64::new(0) }; N] }
    }

    /// Words that were not named at the beginning are not counted.
    pub fn count(&self, word: &str) {
        let place = self.words.iter().position(|known| *known == word);
        if let Some(count) = place.and_then(|place| self.counts.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes all of them, the word as `label`.
    pub fn write(&self, family: &mut Family<'_>, label: &str) -> fmt::Result {
        let pairs = self.words.iter().zip(&self.counts);
        pairs
            .into_iter()
            .try_for_each(|(word, count)| family.count(&[(label, word)], count.load(Ordering::Relaxed)))
    }
}
