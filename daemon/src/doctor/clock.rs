//! Whether this machine's clock goes as others' do: tokens and signatures are judged by it.

use std::time::Duration;

use shared::{finding::Finding, time::Timestamp};

const CHECK: &str = "clock";
/// A date has whole seconds, and takes a moment to arrive.
const BLUR: Duration = Duration::from_secs(5);
/// Entra's tokens are judged with so much leeway; AWS allows five minutes.
const LEEWAY: Duration = Duration::from_mins(1);
const HINT: &str = "set it right, and let it be kept right: `timedatectl set-ntp true`, or chrony";

/// Compares the time here with `whose` time there.
pub(super) fn compare(here: Timestamp, there: Timestamp, whose: &str) -> Finding {
    let (ahead, behind) = (here.since(there), there.since(here));
    let off = ahead.max(behind);
    if off <= BLUR {
        return Finding::ok(CHECK, format!("this machine's clock goes as {whose} does"));
    }
    let way = if ahead > behind { "ahead of" } else { "behind" };
    let what = format!("this machine's clock is {} s {way} {whose}", off.as_secs());
    match off {
        off if off <= LEEWAY => Finding::warning(CHECK, what, HINT),
        off if ahead > behind => {
            let effect = format!("{what}: tokens seem to have expired{}", signatures(off));
            Finding::problem(CHECK, effect, HINT)
        }
        off => {
            let effect = format!("{what}: tokens seem to be not yet valid{}", signatures(off));
            Finding::problem(CHECK, effect, HINT)
        }
    }
}

fn signatures(off: Duration) -> &'static str {
    if off > Duration::from_mins(5) { ", and AWS refuses signatures" } else { "" }
}

#[cfg(test)]
mod tests {
    use shared::finding::State;

    use super::*;

    #[test]
    fn a_clock_may_be_off_by_seconds_and_not_by_minutes() {
        let there = Timestamp(1_800_000_000_000);
        let state = |off: u64| {
            let off = Duration::from_secs(off);
            let (ahead, behind) = (compare(there + off, there, "x"), compare(there, there + off, "x"));
            assert_eq!(ahead.state, behind.state);
            ahead.state
        };
        assert_eq!(
            [0, 5, 6, 60, 61].map(state),
            [State::Ok, State::Ok, State::Warning, State::Warning, State::Problem]
        );
    }

    #[test]
    fn the_skew_is_named_in_seconds_with_its_effect() {
        let there = Timestamp(1_800_000_000_000);
        let said = |here, there| compare(here, there, "Entra's").what;
        let minutes = Duration::from_secs(90);
        assert_eq!(
            said(there + minutes, there),
            "this machine's clock is 90 s ahead of Entra's: tokens seem to have expired"
        );
        let hour = Duration::from_hours(1);
        assert_eq!(
            said(there, there + hour),
            "this machine's clock is 3600 s behind Entra's: tokens seem to be not yet valid, and AWS refuses signatures"
        );
    }
}
