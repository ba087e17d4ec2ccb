//! Server-sent events, as the daemon writes them: `event:` and one `data:` line each, comments in silences.

use std::{collections::VecDeque, time::Duration};

use futures_util::{Stream, stream};
use http_body_util::BodyExt;
use serde::Deserialize;
use shared::api::admin::Event;
use tokio::time::timeout;

use super::{
    connection::{Ask, Open, broken},
    error::ClientError,
};

/// The daemon says something at least every 15 seconds.
const LONGEST_SILENCE: Duration = Duration::from_secs(45);
/// Longest line.
const LINE_LIMIT: usize = 1024 * 1024;

/// What a watcher is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    Event(Box<Event>),
    /// So many events were missed: look at the whole again. The stream ends with it.
    Lagged(u64),
}

/// The events of an open answer. After an error there is nothing more.
pub(super) fn happenings(open: Open) -> impl Stream<Item = Result<Happening, ClientError>> + Send + 'static {
    let watch = Watch { open, lines: Lines::default(), ready: VecDeque::new() };
    stream::unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        let next = watch.next().await?;
        let rest = next.is_ok().then_some(watch);
        Some((next, rest))
    })
}

struct Watch {
    open: Open,
    lines: Lines,
    ready: VecDeque<Happening>,
}

impl Watch {
    async fn next(&mut self) -> Option<Result<Happening, ClientError>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(Ok(ready));
            }
            let frame = timeout(LONGEST_SILENCE, self.open.driver.drive(self.open.body.frame())).await;
            let frame = match frame {
                Err(_) => {
                    return Some(Err(ClientError::TooSlow { after: LONGEST_SILENCE, is_action: false }));
                }
                Ok(None) => return None,
                Ok(Some(Err(error))) => {
                    return Some(Err(broken(&error, &Ask::get("/events".to_owned()))));
                }
                Ok(Some(Ok(frame))) => frame,
            };
            if let Ok(bytes) = frame.into_data()
                && let Err(error) = self.lines.read(&bytes, &mut self.ready)
            {
                return Some(Err(error));
            }
        }
    }
}

/// Puts lines together again, wherever they were cut.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
    event: String,
}

impl Lines {
    fn read(&mut self, bytes: &[u8], ready: &mut VecDeque<Happening>) -> Result<(), ClientError> {
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            self.rest.extend_from_slice(piece);
            if self.rest.len() > LINE_LIMIT {
                return Err(ClientError::TooLarge { limit: LINE_LIMIT });
            }
            if pieces.peek().is_some() {
                let line = std::mem::take(&mut self.rest);
                ready.extend(self.line(&String::from_utf8_lossy(&line))?);
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<Option<Happening>, ClientError> {
        if let Some(event) = line.strip_prefix("event:") {
            event.trim().clone_into(&mut self.event);
            return Ok(None);
        }
        let Some(data) = line.strip_prefix("data:") else { return Ok(None) };
        let happening = match self.event.as_str() {
            "lagged" => serde_json::from_str(data).map(|Lagged { missed }| Happening::Lagged(missed)),
            _ => serde_json::from_str(data).map(|event| Happening::Event(Box::new(event))),
        };
        let not_understood = |error: serde_json::Error| ClientError::NotUnderstood {
            route: "/events".to_owned(),
            detail: error.to_string(),
            daemon: None,
        };
        happening.map(Some).map_err(not_understood)
    }
}

#[derive(Deserialize)]
struct Lagged {
    missed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = ": watching\n\nevent: sign_in\ndata: {\"event\":\"sign_in\",\"at\":7,\"new\":1}\n\n:\n\n\
                        event: lagged\ndata: {\"missed\":3}\n\n";

    #[test]
    fn events_are_the_same_wherever_the_bytes_were_cut() {
        let expected = [
            Happening::Event(Box::new(Event {
                event: "sign_in".to_owned(),
                at: shared::time::Timestamp(7),
                ..Event::default()
            })),
            Happening::Lagged(3),
        ];
        for size in 1..TOLD.len() {
            let (mut lines, mut ready) = (Lines::default(), VecDeque::new());
            for piece in TOLD.as_bytes().chunks(size) {
                lines.read(piece, &mut ready).unwrap();
            }
            assert_eq!(ready, expected, "{size}");
        }
    }

    #[test]
    fn a_line_without_end_and_nonsense_are_errors() {
        let mut ready = VecDeque::new();
        let endless = vec![b'x'; LINE_LIMIT + 1];
        assert!(matches!(Lines::default().read(&endless, &mut ready), Err(ClientError::TooLarge { .. })));
        assert!(matches!(
            Lines::default().read(b"data: {]\n", &mut ready),
            Err(ClientError::NotUnderstood { .. })
        ));
    }
}
