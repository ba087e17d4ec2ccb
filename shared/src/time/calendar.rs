//! Days, weeks and months, all of UTC: a day begins at 00:00, a week on Monday, a month on its first day.

use serde::{Deserialize, Serialize};

use super::Timestamp;

const DAY_MILLIS: u64 = 86_400_000;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: u64,
    pub month: u64,
    pub day: u64,
}

impl Date {
    /// Its first moment, if the calendar has such a day since 1970.
    pub fn start(self) -> Option<Timestamp> {
        let Self { year, month, day } = self;
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 {
            return None;
        }
        let start = Timestamp((days_until(year, month) + day - 1).saturating_mul(DAY_MILLIS));
        (start.date() == self).then_some(start)
    }
}

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    Day,
    Week,
    Month,
}

/// From `start` up to, and without, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Span {
    pub fn contains(self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }
}

impl Period {
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The day, week or month in which `at` lies.
    pub fn around(self, at: Timestamp) -> Span {
        let day = at.0 / DAY_MILLIS;
        let (first, next) = match self {
            Self::Day => (day, day + 1),
            // 1 January 1970 was a Thursday.
            Self::Week => {
                let monday = day.saturating_sub((day + 3) % 7);
                (monday, day + 7 - (day + 3) % 7)
            }
            Self::Month => {
                let Date { year, month, .. } = at.date();
                let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                (days_until(year, month), days_until(next_year, next_month))
            }
        };
        let start = |day: u64| Timestamp(day.saturating_mul(DAY_MILLIS));
        Span { start: start(first), end: start(next) }
    }
}

impl Timestamp {
    /// Its day in UTC.
    pub fn date(self) -> Date {
        // Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`: years begin in March.
        let shifted = self.0 / DAY_MILLIS + 719_468;
        let (era, of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Date {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month,
            day: of_year - (153 * from_march + 2) / 5 + 1,
        }
    }
}

/// Days from the epoch to the first day of a month.
fn days_until(year: u64, month: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    (era * 146_097 + of_era).saturating_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn moments_are_written_in_utc() {
        for (seconds, written) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59:59 UTC"),
            (1_709_251_200, "2024-03-01 00:00 UTC"),
            (1_786_233_600, "2026-08-09 00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(at(seconds).to_string(), written);
        }
    }

    #[test]
    fn moments_of_a_column_have_their_seconds_always() {
        assert_eq!(format!("{:#}", at(951_782_400)), "2000-02-29 00:00:00 UTC");
        assert_eq!(format!("{:#}", at(951_782_399)), "2000-02-28 23:59:59 UTC");
    }

    #[test]
    fn days_begin_at_midnight_and_only_real_ones() {
        let day = |year, month, day| Date { year, month, day }.start();
        assert_eq!(day(2026, 8, 9), Some(at(1_786_233_600)));
        assert_eq!(day(1970, 1, 1), Some(at(0)));
        for (year, month, of_month) in
            [(2026, 2, 29), (2026, 13, 1), (2026, 4, 31), (2026, 1, 0), (1969, 12, 31)]
        {
            assert_eq!(day(year, month, of_month), None);
        }
    }

    #[test]
    fn windows_begin_and_end_where_the_calendar_says() {
        let noon = at(1_786_276_800);
        for (period, start, end) in [
            (Period::Day, "2026-08-09 00:00 UTC", "2026-08-10 00:00 UTC"),
            (Period::Week, "2026-08-03 00:00 UTC", "2026-08-10 00:00 UTC"),
            (Period::Month, "2026-08-01 00:00 UTC", "2026-09-01 00:00 UTC"),
        ] {
            let span = period.around(noon);
            assert_eq!((span.start.to_string(), span.end.to_string()), (start.into(), end.into()));
        }
    }

    #[test]
    fn windows_follow_each_other_without_gap_or_overlap() {
        for period in Period::ALL {
            let mut span = period.around(at(1_500_000_000));
            for _ in 0..2_000 {
                let next = period.around(span.end);
                assert_eq!(next.start, span.end, "{period:?}");
                assert_eq!(period.around(Timestamp(next.end.0 - 1)), next);
                assert!(next.contains(next.start) && !next.contains(next.end));
                let days = (next.end.0 - next.start.0) / DAY_MILLIS;
                assert!(matches!(
                    (period, days),
                    (Period::Day, 1) | (Period::Week, 7) | (Period::Month, 28..=31)
                ));
                span = next;
            }
        }
    }

    #[test]
    fn the_first_week_of_all_has_no_monday() {
        assert_eq!(Period::Week.around(at(0)), Span { start: at(0), end: at(4 * 86_400) });
    }
}
