//! How fast a mirror goes and how long it takes: from what was shown a moment ago, so that a pause or a burst is soon
//! forgotten.

use std::{collections::VecDeque, time::Duration};

use super::Shown;
use crate::format::{megabytes, span};

/// What the speed is taken over, in pictures.
const MEMORY: usize = 25;

/// What was shown, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pace(VecDeque<(Duration, u64)>);

impl Pace {
    /// Takes a picture, so long after the beginning.
    pub fn see(&mut self, at: Duration, shown: &[Shown]) {
        if self.0.len() >= MEMORY {
            self.0.pop_front();
        }
        self.0.push_back((at, shown.iter().map(|one| one.fresh).sum()));
    }

    /// In bytes a second.
    pub fn speed(&self) -> Option<u64> {
        let ((began, from), (now, to)) = (self.0.front()?, self.0.back()?);
        let millis =
            u64::try_from(now.saturating_sub(*began).as_millis()).ok().filter(|millis| *millis > 0)?;
        Some(to.saturating_sub(*from).saturating_mul(1000) / millis)
    }

    /// All binaries together: ` 25 % of 2000.0 MB, 100.0 MB a second, 15s left`.
    pub fn total(&self, shown: &[Shown]) -> String {
        let (size, done) = shown.iter().fold((0, 0), |(size, all), one| (size + one.size, all + one.done));
        let total = format!("{:>3} % of {}", percent(done, size), megabytes(size));
        match self.speed().filter(|speed| *speed > 0) {
            None => total,
            Some(speed) => {
                let left = span(Duration::from_secs(size.saturating_sub(done) / speed));
                format!("{total}, {} a second, {left} left", megabytes(speed))
            }
        }
    }
}

pub fn percent(done: u64, size: u64) -> u64 {
    done.saturating_mul(100).checked_div(size).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use shared::platform::Platform;

    use super::*;
    use crate::mirror::State;

    fn shown(done: u64, fresh: u64) -> [Shown; 1] {
        let version = "2.1.300".parse().unwrap();
        let size = 2_000_000_000;
        [Shown { version, platform: Platform::LinuxX64, size, done, fresh, state: State::Fetching }]
    }

    #[test]
    fn the_speed_is_that_of_the_last_pictures() {
        let mut pace = Pace::default();
        for second in 0..100 {
            pace.see(Duration::from_secs(second), &shown(0, second * second));
        }
        // From 75² to 99² in 24 seconds.
        assert_eq!(pace.speed(), Some(174));
    }

    #[test]
    fn the_total_tells_speed_and_time_left_as_soon_as_they_are_known() {
        let mut pace = Pace::default();
        assert_eq!(pace.total(&shown(500_000_000, 0)), " 25 % of 2000.0 MB");
        pace.see(Duration::ZERO, &shown(400_000_000, 0));
        pace.see(Duration::from_secs(1), &shown(500_000_000, 100_000_000));
        let total = pace.total(&shown(500_000_000, 100_000_000));
        assert_eq!(total, " 25 % of 2000.0 MB, 100.0 MB a second, 15s left");
    }

    #[test]
    fn what_an_earlier_run_left_is_no_speed() {
        let mut pace = Pace::default();
        pace.see(Duration::ZERO, &shown(0, 0));
        pace.see(Duration::from_secs(1), &shown(1_000_000_000, 0));
        assert_eq!(pace.total(&shown(1_000_000_000, 0)), " 50 % of 2000.0 MB");
    }
}
