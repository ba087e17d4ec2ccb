//! Durations, counted in buckets that are a tenth to a hundredth of their value wide: a percentile read from them is
//! at most five percent off. Every bucket ends at two significant digits, so that the bounds which Prometheus is shown
//! are bounds here, too.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use shared::api::admin::Percentiles;

/// Durations up to ten microseconds have a bucket each.
const FIRST: usize = 10;
/// Buckets of each decade above.
const DECADE: usize = 90;
/// The last decade ends at 10,000 seconds, and takes whatever is longer.
const DECADES: usize = 9;
const BUCKETS: usize = FIRST + DECADE * DECADES;

/// Counts that grow while others read them.
#[derive(Debug)]
pub struct Histogram {
    buckets: Box<[AtomicU64]>,
    microseconds: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        let buckets = (0..BUCKETS).map(|_| AtomicU64::default()).collect();
        Self { buckets, microseconds: AtomicU64::default() }
    }
}

impl Histogram {
    pub fn record(&self, span: Duration) {
        let microseconds = microseconds(span);
        if let Some(bucket) = self.buckets.get(place(microseconds)) {
            bucket.fetch_add(1, Ordering::Relaxed);
            self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
        }
    }

    /// How many durations lie in each stretch up to one of these bounds, and how many above the last; and their sum.
    pub fn stretches(&self, bounds: &[Duration]) -> (Vec<u64>, Duration) {
        let places = bounds.iter().map(|bound| place(microseconds(*bound)) + 1);
        let mut left = self.buckets.iter();
        let mut from = 0;
        let mut stretches: Vec<u64> = Vec::with_capacity(bounds.len() + 1);
        for to in places {
            stretches.push(sum(left.by_ref().take(to - from)));
            from = to;
        }
        stretches.push(sum(left));
        (stretches, Duration::from_micros(self.microseconds.load(Ordering::Relaxed)))
    }

    pub fn add_to(&self, counts: &mut Counts) {
        for (sum, bucket) in counts.0.iter_mut().zip(&self.buckets) {
            *sum += bucket.load(Ordering::Relaxed);
        }
    }
}

/// What was counted by some moment.
#[derive(Debug, Clone)]
pub struct Counts(Box<[u64]>);

impl Default for Counts {
    fn default() -> Self {
        Self(vec![0; BUCKETS].into())
    }
}

impl Counts {
    /// What came since an earlier moment: the buckets that have any of it.
    pub fn since(&self, earlier: &Self) -> Recent {
        let both = self.0.iter().zip(&earlier.0).enumerate();
        let grown = both.filter(|(_, (now, then))| now > then);
        Recent(grown.map(|(place, (now, then))| (place, now - then)).collect())
    }
}

/// What was counted in some time: the buckets that have any, in their order.
#[derive(Debug, Clone, Default)]
pub struct Recent(Vec<(usize, u64)>);

impl Recent {
    /// All of several times together.
    pub fn together<'a>(times: impl Iterator<Item = &'a Self>) -> Self {
        let mut all = Counts::default();
        for (place, count) in times.flat_map(|time| &time.0) {
            if let Some(sum) = all.0.get_mut(*place) {
                *sum += count;
            }
        }
        all.since(&Counts::default())
    }

    pub fn percentiles(&self) -> Option<Percentiles> {
        let total: u64 = self.0.iter().map(|(_, count)| count).sum();
        let at = |percent: u64| self.at((total * percent).div_ceil(100));
        Some(Percentiles { p50_microseconds: at(50)?, p99_microseconds: at(99)? })
    }

    /// The value of a rank, counted from one.
    fn at(&self, rank: u64) -> Option<u64> {
        let mut passed = 0;
        let bucket = self.0.iter().find(|(_, count)| {
            passed += count;
            passed >= rank
        });
        bucket.map(|(place, _)| middle(*place))
    }
}

fn microseconds(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

fn sum<'a>(buckets: impl Iterator<Item = &'a AtomicU64>) -> u64 {
    buckets.map(|bucket| bucket.load(Ordering::Relaxed)).sum()
}

/// The bucket of a value. The buckets hold their upper bounds, and not their lower ones.
fn place(microseconds: u64) -> usize {
    let value = microseconds.saturating_sub(1);
    let Some(decade) = value.checked_ilog10().filter(|decade| *decade > 0) else {
        return usize::try_from(value).unwrap_or_default();
    };
    let digits = value / 10_u64.pow(decade - 1);
    let place = FIRST + DECADE * (decade as usize - 1) + usize::try_from(digits).unwrap_or_default() - 10;
    place.min(BUCKETS - 1)
}

/// What stands for every value of a bucket.
fn middle(place: usize) -> u64 {
    let Some(above) = place.checked_sub(FIRST) else { return place as u64 + 1 };
    let (decade, digits) = (above / DECADE, above % DECADE + 10);
    let width = 10_u64.pow(u32::try_from(decade).unwrap_or_default());
    digits as u64 * width + width.div_ceil(2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn percentiles(values: &[u64]) -> Option<Percentiles> {
        let histogram = Histogram::default();
        for value in values {
            histogram.record(Duration::from_micros(*value));
        }
        let mut counts = Counts::default();
        histogram.add_to(&mut counts);
        counts.since(&Counts::default()).percentiles()
    }

    #[test]
    fn nothing_has_no_percentiles() {
        assert_eq!(percentiles(&[]), None);
    }

    #[test]
    fn a_bucket_holds_its_upper_bound_and_not_its_lower_one() {
        assert_eq!((place(0), place(1), place(2), place(10)), (0, 0, 1, 9));
        assert_eq!((place(11), place(12), place(100), place(101)), (10, 11, 99, 100));
        assert_eq!(place(2_500_000), place(2_400_001));
        assert_ne!(place(2_500_000), place(2_500_001));
        assert_eq!((place(10_000_000_000), place(u64::MAX)), (BUCKETS - 1, BUCKETS - 1));
    }

    #[test]
    fn stretches_hold_their_upper_bounds_and_their_sum_is_exact() {
        let histogram = Histogram::default();
        for millis in [1, 5, 6, 10, 11, 70_000] {
            histogram.record(Duration::from_millis(millis));
        }
        let bounds = [5, 10, 60_000].map(Duration::from_millis);
        assert_eq!(histogram.stretches(&bounds), (vec![2, 2, 1, 1], Duration::from_millis(70_033)));
        assert_eq!(histogram.stretches(&[]).0, [6]);
    }

    #[test]
    fn what_came_later_is_told_from_what_came_before() {
        let histogram = Histogram::default();
        histogram.record(Duration::from_secs(9));
        let (mut before, mut after) = (Counts::default(), Counts::default());
        histogram.add_to(&mut before);
        histogram.record(Duration::from_micros(7));
        histogram.add_to(&mut after);
        let exact = Percentiles { p50_microseconds: 7, p99_microseconds: 7 };
        assert_eq!(after.since(&before).percentiles(), Some(exact));
        let both = [after.since(&before), before.since(&Counts::default())];
        let both = Recent::together(both.iter()).percentiles().unwrap();
        assert_eq!((both.p50_microseconds, both.p99_microseconds), (7, 8_950_000));
    }

    proptest! {
        #[test]
        fn a_percentile_is_at_most_five_percent_off(
            values in proptest::collection::vec(0_u64..9_000_000_000, 1..300),
            shift in 0_u32..30,
        ) {
            let mut values: Vec<u64> = values.into_iter().map(|value| (value >> shift).max(1)).collect();
            let found = percentiles(&values).unwrap();
            values.sort_unstable();
            let exact = |percent: usize| values[(values.len() * percent).div_ceil(100) - 1];
            for (found, exact) in [(found.p50_microseconds, exact(50)), (found.p99_microseconds, exact(99))] {
                prop_assert!(found.abs_diff(exact) * 20 <= exact, "{found} for {exact}");
            }
        }
    }
}
