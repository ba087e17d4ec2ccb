//! `anthropic-ratelimit-unified-*`: how far a caller is with its budget. Claude Code warns past 75 % and 95 %.
//!
//! The names and the values are those of `claude gateway`'s own protocol reference (`GET /protocol` of Claude Code
//! 2.1.330, section "Usage-limit headers"). On a refusal, `representative-claim` and `overage-status` must be missing:
//! with them the client drops our sentence for one of its own.

use http::{HeaderMap, HeaderName, HeaderValue};
use shared::time::Period;

use crate::domain::limit::Standing;

const PREFIX: &str = "anthropic-ratelimit-unified";
/// From how much of the cap the client warns, in ten-thousandths.
const THRESHOLDS: [(u64, &str); 2] = [(9_500, "0.95"), (7_500, "0.75")];

/// The headers of an answer.
pub(super) fn granted(standing: &Standing) -> Vec<(&'static str, String)> {
    let fraction = standing.fraction();
    let threshold = THRESHOLDS.iter().find(|(from, _)| fraction >= *from);
    let status = if threshold.is_some() { "allowed_warning" } else { "allowed" };
    // Below one, as long as requests are let pass.
    let utilization = format!("0.{:02}", (fraction / 100).min(99));
    let mut headers = vec![
        ("status", status.to_owned()),
        ("representative-claim", "overage".to_owned()),
        ("overage-status", status.to_owned()),
        ("overage-utilization", utilization),
    ];
    headers.extend(threshold.map(|(_, threshold)| ("overage-surpassed-threshold", (*threshold).to_owned())));
    headers.extend(resets(standing));
    headers
}

/// The headers of a refusal: the budget is spent.
pub(super) fn refused(standing: &Standing) -> Vec<(&'static str, String)> {
    let period = match standing.period {
        Period::Day => "daily",
        Period::Week => "weekly",
        Period::Month => "monthly",
    };
    let mut headers = vec![
        ("status", "rejected".to_owned()),
        ("overage-utilization", "1".to_owned()),
        ("overage-surpassed-threshold", "1".to_owned()),
        ("overage-period", period.to_owned()),
        ("overage-disabled-reason", "org_spend_cap_reached".to_owned()),
    ];
    headers.extend(resets(standing));
    headers
}

fn resets(standing: &Standing) -> [(&'static str, String); 2] {
    let at = standing.resets.seconds().to_string();
    [("reset", at.clone()), ("overage-reset", at)]
}

/// Puts them on an answer.
pub(super) fn write(values: Vec<(&'static str, String)>, headers: &mut HeaderMap) {
    for (name, value) in values {
        let name = HeaderName::try_from(format!("{PREFIX}-{name}"));
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{time::Timestamp, usage::Money};

    use super::*;

    fn standing(spent: u64) -> Standing {
        let (period, resets) = (Period::Day, Timestamp::from_seconds(1_786_147_200));
        Standing { period, cap: Money::from_dollars(10_000), spent: Money::from_dollars(spent), resets }
    }

    fn written(values: Vec<(&'static str, String)>) -> Vec<String> {
        let mut headers = HeaderMap::new();
        write(values, &mut headers);
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn an_answer_tells_how_much_of_the_cap_is_used() {
        assert_eq!(
            written(granted(&standing(8_299))),
            [
                "anthropic-ratelimit-unified-overage-reset: 1786147200",
                "anthropic-ratelimit-unified-overage-status: allowed_warning",
                "anthropic-ratelimit-unified-overage-surpassed-threshold: 0.75",
                "anthropic-ratelimit-unified-overage-utilization: 0.82",
                "anthropic-ratelimit-unified-representative-claim: overage",
                "anthropic-ratelimit-unified-reset: 1786147200",
                "anthropic-ratelimit-unified-status: allowed_warning",
            ]
        );
    }

    #[test]
    fn the_client_is_warned_from_the_thresholds_on() {
        for (spent, utilization, threshold) in [
            (0, "0.00", None),
            (7_499, "0.74", None),
            (7_500, "0.75", Some("0.75")),
            (9_499, "0.94", Some("0.75")),
            (9_500, "0.95", Some("0.95")),
            (9_999, "0.99", Some("0.95")),
            (12_000, "0.99", Some("0.95")),
        ] {
            let values = granted(&standing(spent));
            let value =
                |name: &str| values.iter().find(|(of, _)| *of == name).map(|(_, value)| value.as_str());
            assert_eq!(value("overage-utilization"), Some(utilization), "{spent}");
            assert_eq!(value("overage-surpassed-threshold"), threshold, "{spent}");
            assert_eq!(
                value("status"),
                Some(if threshold.is_some() { "allowed_warning" } else { "allowed" })
            );
        }
    }

    #[test]
    fn a_refusal_leaves_out_what_would_hide_our_sentence() {
        assert_eq!(
            written(refused(&standing(10_000))),
            [
                "anthropic-ratelimit-unified-overage-disabled-reason: org_spend_cap_reached",
                "anthropic-ratelimit-unified-overage-period: daily",
                "anthropic-ratelimit-unified-overage-reset: 1786147200",
                "anthropic-ratelimit-unified-overage-surpassed-threshold: 1",
                "anthropic-ratelimit-unified-overage-utilization: 1",
                "anthropic-ratelimit-unified-reset: 1786147200",
                "anthropic-ratelimit-unified-status: rejected",
            ]
        );
    }
}
