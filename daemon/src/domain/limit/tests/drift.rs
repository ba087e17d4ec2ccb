//! Whatever happens in whatever order, the counters are the sums of what was recorded.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Reserve { estimate: u64 },
    Settle { which: prop::sample::Index, cost: u64, lag: u64 },
    Release { which: prop::sample::Index },
    Wait { millis: u64 },
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    let wait = prop_oneof![0_u64..2_000, 0_u64..100_000, 0_u64..90_000_000, 0_u64..3_000_000_000];
    prop_oneof![
        4 => (0_u64..5_000_000).prop_map(|estimate| Step::Reserve { estimate }),
        3 => (index(), 0_u64..5_000_000, 0_u64..2_000)
            .prop_map(|(which, cost, lag)| Step::Settle { which, cost, lag }),
        1 => index().prop_map(|which| Step::Release { which }),
        3 => wait.prop_map(|millis| Step::Wait { millis }),
        1 => Just(Step::Sweep),
    ]
}

/// What the counters are to agree with.
#[derive(Debug)]
struct Books {
    house: House,
    now: Timestamp,
    open: Vec<(Reservation, u64)>,
    /// When each settled request ended, and what it cost.
    records: Vec<(Timestamp, Money)>,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.limits.fmt(f)
    }
}

impl Books {
    fn new() -> Self {
        let spend = SpendCaps { day: Some(Money::MAX), week: Some(Money::MAX), month: Some(Money::MAX) };
        let policy = capped(Caps { spend, ..Caps::default() });
        Self { house: House::new(policy), now: NOON, open: vec![], records: vec![] }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Wait { millis } => self.now = self.now + Duration::from_millis(*millis),
            Step::Sweep => drop(self.house.limits.sweep(self.now)),
            Step::Reserve { estimate } => {
                let held = Estimate { tokens: *estimate, cost: Money::from_micros(*estimate) };
                self.open.push((self.house.ask(held, self.now).unwrap(), *estimate));
            }
            Step::Settle { which, cost, lag } if !self.open.is_empty() => {
                let (reservation, _) = self.open.swap_remove(which.index(self.open.len()));
                let (at, cost) = (Timestamp(self.now.0 - lag), Money::from_micros(*cost));
                reservation.settle(Used { tokens: Tokens::default(), cost, at });
                self.records.push((at, cost));
            }
            Step::Release { which } if !self.open.is_empty() => {
                self.open.swap_remove(which.index(self.open.len()));
            }
            Step::Settle { .. } | Step::Release { .. } => {}
        }
    }

    fn sum(&self, period: Period) -> Money {
        let window = period.around(self.now);
        self.records.iter().filter(|(at, _)| window.contains(*at)).map(|(_, cost)| *cost).sum()
    }

    fn held(&self) -> (u64, Money) {
        let state = self.house.limits.lock();
        state.accounts.get(&ada()).map_or((0, Money::ZERO), Account::under_way)
    }
}

proptest! {
    #[test]
    fn money_is_the_sum_of_the_records_and_what_is_held_that_of_the_requests_under_way(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut books = Books::new();
        for step in steps {
            books.take(&step);
            for period in Period::ALL {
                prop_assert_eq!(books.house.limits.spent(&ada(), period, books.now), books.sum(period));
            }
            let held = books.open.iter().map(|(_, estimate)| Money::from_micros(*estimate)).sum();
            prop_assert_eq!(books.held(), (books.open.len() as u64, held));
        }
        books.open.clear();
        prop_assert_eq!(books.held(), (0, Money::ZERO));
    }

    #[test]
    fn the_minute_counts_every_request_of_its_sixty_seconds(
        waits in prop::collection::vec((0_u64..40_000, 1_u64..9), 1..150),
    ) {
        let house = House::new(Policy::unlimited("free"));
        let (mut now, mut asked) = (NOON, Vec::new());
        for (wait, tokens) in waits {
            now = now + Duration::from_millis(wait);
            house.ask(estimate(tokens, "0"), now).unwrap().settle(Used {
                tokens: Tokens { output: tokens, ..Tokens::default() },
                cost: Money::ZERO,
                at: now,
            });
            asked.push((now, tokens));
            let counted = asked.iter().filter(|(at, _)| at.seconds() + 60 > now.seconds());
            let sums = counted.fold((0, 0), |(requests, sum), (_, tokens)| (requests + 1, sum + tokens));
            let state = house.limits.lock();
            prop_assert_eq!(state.accounts[&ada()].last_minute(), sums);
        }
    }

    #[test]
    fn it_passes_when_it_says_it_will_and_not_a_second_before(
        cap in 1_u64..6,
        waits in prop::collection::vec(0_u64..30_000, 1..60),
    ) {
        let house = House::new(requests(cap));
        let mut now = NOON;
        for wait in waits {
            now = now + Duration::from_millis(wait);
            if let Err(refused) = house.ask(Estimate::default(), now) {
                let resets = refused.reached.resets();
                prop_assert!(house.ask(Estimate::default(), Timestamp(resets.0 - 1)).is_err());
                prop_assert!(resets <= now + Duration::from_secs(refused.retry_after()));
                now = resets;
                prop_assert!(house.ask(Estimate::default(), now).is_ok());
            }
        }
    }
}
