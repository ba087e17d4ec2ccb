//! What was asked for in the last minute, second by second: this second and the fifty-nine before it.
//!
//! A window that slides lets nobody have twice its cap around a full minute, and knows when there is room again. Its
//! memory is sixty entries, however many requests there are.

use std::collections::VecDeque;

use shared::time::Timestamp;

use super::Reached;
use crate::domain::policy::Caps;

const WINDOW: u64 = 60;

#[derive(Debug, Default)]
pub(super) struct Minute {
    seconds: VecDeque<Second>,
    requests: u64,
    tokens: u64,
}

#[derive(Debug)]
struct Second {
    at: u64,
    requests: u64,
    tokens: u64,
}

impl Minute {
    /// Forgets what is older than a minute, and what a clock that was set back has left ahead of us.
    pub(super) fn roll(&mut self, now: Timestamp) {
        let now = now.seconds();
        while let Some(first) = self.seconds.pop_front_if(|first| first.at + WINDOW <= now) {
            self.forget(&first);
        }
        while let Some(last) = self.seconds.pop_back_if(|last| last.at > now) {
            self.forget(&last);
        }
    }

    fn forget(&mut self, second: &Second) {
        self.requests = self.requests.saturating_sub(second.requests);
        self.tokens = self.tokens.saturating_sub(second.tokens);
    }

    /// Counts one request.
    pub(super) fn add(&mut self, tokens: u64, now: Timestamp) {
        let at = now.seconds();
        if self.seconds.back().is_none_or(|last| last.at < at) {
            self.seconds.push_back(Second { at, requests: 0, tokens: 0 });
        }
        if let Some(second) = self.seconds.back_mut() {
            second.requests = second.requests.saturating_add(1);
            second.tokens = second.tokens.saturating_add(tokens);
            self.requests = self.requests.saturating_add(1);
            self.tokens = self.tokens.saturating_add(tokens);
        }
    }

    /// A request of that second has used other than it held. If the minute has passed, it no longer matters.
    pub(super) fn correct(&mut self, since: Timestamp, held: u64, used: u64) {
        let at = since.seconds();
        if let Some(second) = self.seconds.iter_mut().rfind(|second| second.at == at) {
            second.tokens = second.tokens.saturating_sub(held).saturating_add(used);
            self.tokens = self.tokens.saturating_sub(held).saturating_add(used);
        }
    }

    pub(super) fn check_requests(&self, caps: &Caps, now: Timestamp) -> Result<(), Reached> {
        let used = self.requests;
        match caps.requests_per_minute {
            Some(cap) if used >= cap => {
                let resets = self.resets((used, cap), |second| second.requests, now);
                Err(Reached::Requests { cap, used, resets })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_tokens(&self, caps: &Caps, now: Timestamp) -> Result<(), Reached> {
        let used = self.tokens;
        match caps.tokens_per_minute {
            Some(cap) if used >= cap => {
                let resets = self.resets((used, cap), |second| second.tokens, now);
                Err(Reached::Tokens { cap, used, resets })
            }
            _ => Ok(()),
        }
    }

    /// When enough seconds have passed for `used` to be below the cap.
    fn resets(&self, (mut used, cap): (u64, u64), of: impl Fn(&Second) -> u64, now: Timestamp) -> Timestamp {
        let enough = self.seconds.iter().find(|second| {
            used = used.saturating_sub(of(second));
            used < cap
        });
        let last = enough.or(self.seconds.back()).map_or(now.seconds(), |second| second.at);
        Timestamp::from_seconds(last.saturating_add(WINDOW))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seconds.is_empty()
    }

    #[cfg(test)]
    pub(super) fn totals(&self) -> (u64, u64) {
        (self.requests, self.tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1000 + 999)
    }

    fn caps(requests: u64, tokens: u64) -> Caps {
        Caps { requests_per_minute: Some(requests), tokens_per_minute: Some(tokens), ..Caps::default() }
    }

    #[test]
    fn sixty_seconds_count_and_the_sixty_first_does_not() {
        let mut minute = Minute::default();
        minute.add(5, at(100));
        minute.roll(at(159));
        assert_eq!(minute.totals(), (1, 5));
        minute.roll(Timestamp::from_seconds(160));
        assert_eq!(minute.totals(), (0, 0));
    }

    #[test]
    fn a_steady_pace_at_the_cap_is_never_refused() {
        let mut minute = Minute::default();
        for second in 0..600 {
            minute.roll(at(second));
            assert_eq!(minute.check_requests(&caps(60, 1), at(second)), Ok(()), "second {second}");
            minute.add(0, at(second));
        }
    }

    #[test]
    fn it_resets_when_there_is_room_again() {
        let mut minute = Minute::default();
        for (second, tokens) in [(100, 10), (110, 20), (120, 30)] {
            minute.add(tokens, at(second));
        }
        let resets = Timestamp::from_seconds;
        let requests = Reached::Requests { cap: 3, used: 3, resets: resets(160) };
        assert_eq!(minute.check_requests(&caps(3, 1), at(120)), Err(requests));
        let requests = Reached::Requests { cap: 2, used: 3, resets: resets(170) };
        assert_eq!(minute.check_requests(&caps(2, 1), at(120)), Err(requests));
        let tokens =
            |cap| Reached::Tokens { cap, used: 60, resets: resets(if cap > 50 { 160 } else { 170 }) };
        assert_eq!(minute.check_tokens(&caps(1, 60), at(120)), Err(tokens(60)));
        assert_eq!(minute.check_tokens(&caps(1, 50), at(120)), Err(tokens(50)));
        assert_eq!(minute.check_tokens(&caps(1, 61), at(120)), Ok(()));
        let never = Reached::Requests { cap: 0, used: 3, resets: resets(180) };
        assert_eq!(minute.check_requests(&caps(0, 1), at(120)), Err(never));
    }

    #[test]
    fn a_correction_meets_the_second_in_which_the_request_began() {
        let mut minute = Minute::default();
        minute.add(100, at(100));
        minute.add(7, at(130));
        minute.correct(at(100), 100, 20);
        assert_eq!(minute.totals(), (2, 27));
        minute.roll(at(160));
        minute.correct(at(100), 20, 1_000_000);
        assert_eq!(minute.totals(), (1, 7));
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let mut minute = Minute::default();
        minute.add(1, at(10_000));
        minute.roll(at(5_000));
        assert!(minute.is_empty());
    }
}
