//! What was spent in the day, the week and the month of UTC.

use shared::{
    time::{Period, Span, Timestamp},
    usage::Money,
};

use super::Reached;
use crate::domain::policy::Caps;

#[derive(Debug, Default)]
pub(super) struct Spend {
    windows: [Option<Window>; 3],
}

#[derive(Debug, Clone, Copy)]
struct Window {
    span: Span,
    spent: Money,
}

/// How far a user is with one cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub period: Period,
    pub cap: Money,
    pub spent: Money,
    pub resets: Timestamp,
}

impl Standing {
    /// The used part of the cap, in ten-thousandths.
    pub fn fraction(&self) -> u64 {
        let (spent, cap) = (u128::from(self.spent.micros()), u128::from(self.cap.micros()));
        let fraction = (spent * 10_000).checked_div(cap).unwrap_or(10_000);
        u64::try_from(fraction).unwrap_or(u64::MAX)
    }
}

impl Spend {
    /// Opens the windows of `now`. A window that lies ahead was opened by a clock that has been set back: what was
    /// spent in it stays.
    pub(super) fn roll(&mut self, now: Timestamp) {
        for (window, period) in self.windows.iter_mut().zip(Period::ALL) {
            match window {
                Some(open) if open.span.contains(now) => {}
                Some(ahead) if now < ahead.span.start => ahead.span = period.around(now),
                Some(_) => *window = None,
                None => {}
            }
        }
    }

    /// Counts what a request that ended at `at` has cost, in the windows in which it ended.
    pub(super) fn add(&mut self, cost: Money, at: Timestamp) {
        for (window, period) in self.windows.iter_mut().zip(Period::ALL) {
            match window {
                Some(open) if at < open.span.start => {}
                Some(open) if open.span.contains(at) => open.spent += cost,
                _ => *window = Some(Window { span: period.around(at), spent: cost }),
            }
        }
    }

    pub(super) fn restore(&mut self, period: Period, spent: Money, now: Timestamp) {
        if let Some(window) = self.window(period) {
            *window = Some(Window { span: period.around(now), spent });
        }
    }

    pub(super) fn of(&self, period: Period) -> Money {
        let window = self.windows.iter().zip(Period::ALL).find(|(_, of)| *of == period);
        window.and_then(|(window, _)| *window).map_or(Money::ZERO, |window| window.spent)
    }

    pub(super) fn check(
        &self,
        period: Period,
        caps: &Caps,
        held: Money,
        now: Timestamp,
    ) -> Result<(), Reached> {
        let Some(cap) = caps.spend.of(period) else { return Ok(()) };
        let spent = self.of(period);
        if spent >= cap {
            return Err(Reached::Spend { period, cap, spent, resets: period.around(now).end });
        }
        if spent + held >= cap { Err(Reached::Held { period, cap, spent, held, now }) } else { Ok(()) }
    }

    /// The fullest cap.
    pub(super) fn standing(&self, caps: &Caps, now: Timestamp) -> Option<Standing> {
        let standings = Period::ALL.into_iter().filter_map(|period| {
            let (cap, spent) = (caps.spend.of(period)?, self.of(period));
            Some(Standing { period, cap, spent, resets: period.around(now).end })
        });
        standings.max_by_key(Standing::fraction)
    }

    pub(super) fn is_zero(&self) -> bool {
        Period::ALL.into_iter().all(|period| self.of(period) == Money::ZERO)
    }

    fn window(&mut self, period: Period) -> Option<&mut Option<Window>> {
        self.windows.iter_mut().zip(Period::ALL).find(|(_, of)| *of == period).map(|(window, _)| window)
    }
}
