//! What presenting a refresh token leads to: rotation, its repetition, or a refusal.
//!
//! Invariant: of one family at most one token is fresh, and a session whose token came back after its
//! successor was used is over (RFC 9700, section 4.14.2).

use std::time::Duration;

use shared::time::Timestamp;

use super::{EndReason, Ended};

/// The machine code of a refresh token that nobody knows.
pub const UNKNOWN_TOKEN: &str = "refresh_token_unknown";

/// How far a refresh token has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// Never presented.
    Fresh,
    /// Presented for the first time at `at`, and answered with a successor that is still fresh.
    Rotated { at: Timestamp },
    /// Its successor has been presented: whoever holds this one is not the client we answered last.
    Spent,
}

/// A known refresh token, and the session it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented {
    pub state: TokenState,
    pub expires: Timestamp,
    pub ended: Option<Ended>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Issue the successor; the token is now rotated, and its predecessor spent.
    Rotate,
    /// The reply was lost: give the same successor again and change nothing.
    Repeat,
    Refuse(Refusal),
}

/// Why a refresh token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The session was over already.
    Ended(Ended),
    Expired,
    /// The session, its device or its user is locked; the token stays good.
    Locked {
        until: Timestamp,
    },
    /// The token was used before; the session must end, like this.
    Reused(Ended),
}

impl Refusal {
    /// The machine code that clients and the audit trail see.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ended(_) => "session_ended",
            Self::Expired => "refresh_token_expired",
            Self::Locked { .. } => "locked",
            Self::Reused(_) => "refresh_token_reused",
        }
    }
}

impl Presented {
    /// Decides. The end of a session comes first: its tokens are nothing any more. An expired token is refused
    /// without looking at its past: it can't do harm, and its like are forgotten.
    pub fn step(&self, grace: Duration, now: Timestamp) -> Step {
        if let Some(ended) = self.ended {
            return Step::Refuse(Refusal::Ended(ended));
        }
        if now >= self.expires {
            return Step::Refuse(Refusal::Expired);
        }
        match self.state {
            TokenState::Fresh => Step::Rotate,
            TokenState::Rotated { at } if now.since(at) <= grace => Step::Repeat,
            TokenState::Rotated { .. } | TokenState::Spent => {
                Step::Refuse(Refusal::Reused(Ended { at: now, reason: EndReason::Reuse }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GRACE: Duration = Duration::from_mins(1);
    const TTL: Duration = Duration::from_hours(1);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_token_is_rotated_once_repeated_in_the_window_and_then_refused() {
        use TokenState::{Fresh, Rotated, Spent};
        let logout = Ended { at: at(90), reason: EndReason::Logout };
        let reused = |now| Step::Refuse(Refusal::Reused(Ended { at: at(now), reason: EndReason::Reuse }));
        let ended = Step::Refuse(Refusal::Ended(logout));
        let expired = Step::Refuse(Refusal::Expired);
        let table = [
            (Fresh, None, 100, Step::Rotate),
            (Fresh, None, 999, Step::Rotate),
            (Fresh, None, 1_000, expired),
            (Fresh, Some(logout), 100, ended),
            (Fresh, Some(logout), 1_000, ended),
            (Rotated { at: at(100) }, None, 100, Step::Repeat),
            (Rotated { at: at(100) }, None, 160, Step::Repeat),
            (Rotated { at: at(100) }, None, 161, reused(161)),
            (Rotated { at: at(100) }, None, 1_000, expired),
            (Rotated { at: at(100) }, Some(logout), 100, ended),
            (Spent, None, 100, reused(100)),
            (Spent, None, 1_000, expired),
            (Spent, Some(logout), 100, ended),
        ];
        for (state, ended, now, step) in table {
            let token = Presented { state, expires: at(1_000), ended };
            assert_eq!(token.step(GRACE, at(now)), step, "{state:?} {ended:?} at {now}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_cost_a_session() {
        let token = Presented { state: TokenState::Rotated { at: at(100) }, expires: at(1_000), ended: None };
        assert_eq!(token.step(GRACE, at(40)), Step::Repeat);
    }

    /// A family as a store keeps it: token `n + 1` is the successor of token `n`.
    #[derive(Debug)]
    struct Family {
        tokens: Vec<(TokenState, Timestamp)>,
        ended: Option<Ended>,
    }

    impl Family {
        fn new() -> Self {
            Self { tokens: vec![(TokenState::Fresh, at(0) + TTL)], ended: None }
        }

        /// Presents token `index`; the answer is the index of the successor.
        fn present(&mut self, index: usize, now: Timestamp) -> Result<usize, Refusal> {
            let (state, expires) = self.tokens[index];
            match (Presented { state, expires, ended: self.ended }).step(GRACE, now) {
                Step::Rotate => {
                    self.tokens[index].0 = TokenState::Rotated { at: now };
                    if let Some(previous) = index.checked_sub(1) {
                        self.tokens[previous].0 = TokenState::Spent;
                    }
                    self.tokens.push((TokenState::Fresh, now + TTL));
                    Ok(index + 1)
                }
                Step::Repeat => Ok(index + 1),
                Step::Refuse(refusal) => {
                    if let Refusal::Reused(ended) = refusal {
                        self.ended = Some(ended);
                    }
                    Err(refusal)
                }
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_presented_one_token_at_most_is_fresh_and_an_end_is_final(
            calls in prop::collection::vec((any::<prop::sample::Index>(), 0_u64..90), 1..60),
        ) {
            let (mut family, mut now) = (Family::new(), at(0));
            for (which, wait) in calls {
                now = now + Duration::from_secs(wait);
                let was_ended = family.ended;
                let answer = family.present(which.index(family.tokens.len()), now);
                let fresh = family.tokens.iter().filter(|(state, _)| *state == TokenState::Fresh).count();
                prop_assert_eq!(fresh, 1);
                if let Some(ended) = was_ended {
                    prop_assert_eq!(answer, Err(Refusal::Ended(ended)));
                    prop_assert_eq!(family.ended, was_ended);
                }
            }
        }

        #[test]
        fn a_client_that_retries_lost_replies_in_the_window_keeps_its_session(
            refreshes in prop::collection::vec((0_usize..4, 0_u64..=60, 0_u64..3_000), 1..40),
        ) {
            let (mut family, mut now, mut mine) = (Family::new(), at(0), 0);
            for (lost, pause, idle) in refreshes {
                let first = family.present(mine, now);
                let last = now + Duration::from_secs(pause);
                for _ in 0..lost {
                    prop_assert_eq!(family.present(mine, last), first);
                }
                mine = first.unwrap();
                now = last + Duration::from_secs(idle);
            }
        }

        #[test]
        fn two_holders_of_one_token_never_both_keep_refreshing(
            turns in prop::collection::vec(any::<bool>(), 0..40),
        ) {
            let (mut family, mut now) = (Family::new(), at(0));
            let mut hands = [Some(0_usize), Some(0)];
            for hand in [turns, vec![false, true, false, true]].concat() {
                now = now + GRACE + Duration::from_secs(1);
                let holder = &mut hands[usize::from(hand)];
                *holder = holder.and_then(|token| family.present(token, now).ok());
            }
            prop_assert_eq!(family.ended.map(|ended| ended.reason), Some(EndReason::Reuse));
            prop_assert_eq!(hands, [None, None]);
        }
    }
}
