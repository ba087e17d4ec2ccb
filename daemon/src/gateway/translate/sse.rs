//! The events of a Messages stream as server-sent events (WHATWG HTML, section 9.2).

use super::{
    Fault,
    stream::{Event, WriteEvent},
};

/// Anthropic's own shape: the event's type and its JSON, untouched.
#[derive(Debug, Default)]
pub struct Sse;

impl WriteEvent for Sse {
    const PING: &'static str = "event: ping\ndata: {\"type\":\"ping\"}\n\n";

    fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        out.reserve(event.kind.len() + event.json.len() + 18);
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(event.kind.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        out.extend_from_slice(event.json);
        out.extend_from_slice(b"\n\n");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::{translate::stream::Stream, wire};

    fn events() -> impl Strategy<Value = Vec<String>> {
        let kind = "[a-z_]{1,20}";
        prop::collection::vec((kind, ".{0,80}"), 0..8).prop_map(|events| {
            let json = |(kind, text): (String, String)| {
                serde_json::json!({ "type": kind, "text": text }).to_string()
            };
            events.into_iter().map(json).chain([r#"{"type":"message_stop"}"#.to_owned()]).collect()
        })
    }

    proptest! {
        #[test]
        fn any_split_of_the_bytes_gives_the_same_events(
            events in events(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let bytes = Bytes::from(events.iter().map(|event| wire::chunk(event.as_bytes())).collect::<Vec<_>>().concat());
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut stream = Stream::new(Sse);
            let mut out = Vec::new();
            for cut in cuts.windows(2) {
                stream.push(bytes.slice(cut[0]..cut[1]), &mut out).unwrap();
                prop_assert!(out.is_empty() || out.ends_with(b"\n\n"), "a part of an event was written");
            }
            stream.check_end().unwrap();
            let text = String::from_utf8(out).unwrap();
            let data: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
            prop_assert_eq!(data, events);
        }
    }
}
