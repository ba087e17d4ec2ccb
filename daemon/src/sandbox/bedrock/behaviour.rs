//! What a model id asks the simulated Bedrock to do.
//!
//! Ids of Anthropic's models behave ordinarily. `sandbox.NAME`, `sandbox.NAME.NUMBER` ask for the behaviours of
//! the table below, and `sandbox.once.NAME…` asks for it on the first request with that id only.
//!
//! | name | what happens | the number |
//! |---|---|---|
//! | `echo` | the ordinary answer | |
//! | `tool` | a call of the first tool that is offered, and an ordinary answer once its result is there | |
//! | `thinking` | the model thinks before it answers | |
//! | `throttled` 429, `not-ready` 429, `invalid` 400, `on-demand` 400, `too-long` 400, `quota` 400, `denied` 403, `marketplace` 403, `expired` 403, `missing` 404, `use-case` 404, `model-timeout` 408, `model-error` 424, `broken` 500, `unavailable` 503 | that refusal | |
//! | `exception-throttling`, `-model-stream-error`, `-internal`, `-validation`, `-model-timeout`, `-unavailable` | a stream ends with that exception | events before it (3) |
//! | `cut-before` | the connection ends before the first byte of the answer | |
//! | `cut-after` | a stream's connection ends after some events | events before it (1) |
//! | `cut-mid-frame` | … in the middle of a frame | events before it (1) |
//! | `ends-early` | a stream ends cleanly, without its last events | events before it (3) |
//! | `silent` | no byte of the answer | seconds until it comes after all (never) |
//! | `stall` | a stream falls silent after three events | seconds until it goes on (never) |
//! | `slow` | a pause after each event of a stream | its milliseconds (1000) |
//! | `huge` | a long text, all at once | its kilobytes (1024) |
//! | `fast` | a prepared answer at once; neither the caller nor the request is checked or remembered | events of a stream (55) |
//! | `paced` | the same, with a pause after each event | its milliseconds (20) |
//!
//! What concerns streams only leaves `/invoke` an ordinary answer.

use std::time::Duration;

use super::{Exception, Fault, fast, fault};

/// One behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Behaviour {
    Ordinary,
    Tool,
    Thinking,
    Refuse(Fault),
    Except { exception: Exception, after: usize },
    CutBefore,
    CutAfter { after: usize },
    CutMidFrame { after: usize },
    EndEarly { after: usize },
    Silent { span: Option<Duration> },
    Stall { span: Option<Duration> },
    Slow { pause: Duration },
    Huge { kilobytes: usize },
    Fast { events: usize },
    Paced { pause: Duration },
}

/// What a model id asks for, and whether only the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) behaviour: Behaviour,
    pub(super) once: bool,
}

/// Reads a decoded model id; `None` is a model that Bedrock does not know.
pub(super) fn wanted(model: &str) -> Option<Wanted> {
    let Some(name) = model.strip_prefix("sandbox.") else {
        return is_anthropic(model).then_some(Wanted { behaviour: Behaviour::Ordinary, once: false });
    };
    let (name, once) = name.strip_prefix("once.").map_or((name, false), |name| (name, true));
    let (name, number) = match name.split_once('.') {
        Some((name, number)) => (name, Some(number.parse().ok()?)),
        None => (name, None),
    };
    Some(Wanted { behaviour: named(name, number)?, once })
}

/// Whether the id names an inference profile, which can't be asked to count tokens.
pub(super) fn is_profile(model: &str) -> bool {
    model.contains("inference-profile/") || (is_anthropic(model) && !model.starts_with("anthropic."))
}

fn is_anthropic(model: &str) -> bool {
    if model.starts_with("arn:aws") {
        return model.contains("inference-profile/") || model.contains("foundation-model/anthropic.");
    }
    let geography = ["", "us.", "eu.", "apac.", "jp.", "au.", "ca.", "us-gov.", "global."];
    geography
        .iter()
        .any(|place| model.strip_prefix(place).is_some_and(|id| id.starts_with("anthropic.claude-")))
}

fn named(name: &str, number: Option<u32>) -> Option<Behaviour> {
    let count = |default: usize| number.and_then(|number| usize::try_from(number).ok()).unwrap_or(default);
    let millis = |default: u32| Duration::from_millis(number.unwrap_or(default).into());
    let span = number.map(|number| Duration::from_secs(number.into()));
    Some(match name {
        "echo" => Behaviour::Ordinary,
        "tool" => Behaviour::Tool,
        "thinking" => Behaviour::Thinking,
        "cut-before" => Behaviour::CutBefore,
        "cut-after" => Behaviour::CutAfter { after: count(1) },
        "cut-mid-frame" => Behaviour::CutMidFrame { after: count(1) },
        "ends-early" => Behaviour::EndEarly { after: count(3) },
        "silent" => Behaviour::Silent { span },
        "stall" => Behaviour::Stall { span },
        "slow" => Behaviour::Slow { pause: millis(1000) },
        "huge" => Behaviour::Huge { kilobytes: count(1024) },
        "fast" => Behaviour::Fast { events: count(fast::EVENTS) },
        "paced" => Behaviour::Paced { pause: millis(20) },
        _ => return exception(name, count(3)).or_else(|| fault::named(name).map(Behaviour::Refuse)),
    })
}

fn exception(name: &str, after: usize) -> Option<Behaviour> {
    let kind = name.strip_prefix("exception-")?;
    let (_, exception) = fault::EXCEPTIONS.iter().find(|(name, _)| *name == kind)?;
    Some(Behaviour::Except { exception: *exception, after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_ids_are_those_of_anthropic() {
        for known in [
            "anthropic.claude-3-5-sonnet-20241022-v1:0",
            "us.anthropic.claude-opus-4-8",
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
        ] {
            assert_eq!(
                wanted(known),
                Some(Wanted { behaviour: Behaviour::Ordinary, once: false }),
                "{known}"
            );
        }
        for unknown in
            ["claude-opus-4-8", "meta.llama3", "mars.anthropic.claude-opus-4-8", "sandbox.nonsense", ""]
        {
            assert_eq!(wanted(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn sandbox_ids_name_a_behaviour_and_a_number() {
        let behaviour = |id| wanted(id).unwrap().behaviour;
        assert_eq!(behaviour("sandbox.slow.5"), Behaviour::Slow { pause: Duration::from_millis(5) });
        assert_eq!(behaviour("sandbox.cut-after"), Behaviour::CutAfter { after: 1 });
        assert!(matches!(behaviour("sandbox.exception-internal.2"), Behaviour::Except { after: 2, .. }));
        assert!(matches!(behaviour("sandbox.throttled"), Behaviour::Refuse(Fault { status: 429, .. })));
        assert!(wanted("sandbox.once.unavailable").unwrap().once);
    }

    #[test]
    fn tokens_can_be_counted_for_foundation_models_only() {
        assert!(is_profile("us.anthropic.claude-opus-4-8"));
        assert!(!is_profile("anthropic.claude-opus-4-8"));
        assert!(!is_profile("sandbox.echo"));
    }
}
