//! `GET /events`: what happens, as server-sent events, from now on. A watcher that falls behind is told so and let go:
//! whoever missed something must look at the whole again.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, StatusCode, header};
use shared::api::admin::Event;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::{Admin, error::AdminError};
use crate::http::{Response, reply};

const MOST_WATCHERS: usize = 64;
/// In silence, so that a dead connection is noticed.
const BEAT_EVERY: Duration = Duration::from_secs(15);

pub(super) fn watch(admin: &Admin) -> Result<Response, AdminError> {
    let events = admin.sessions.live.events();
    if events.watchers() >= MOST_WATCHERS {
        return Err(AdminError::TooManyWatchers);
    }
    let watcher = Watcher { events: events.watch(), stopping: admin.stopping.clone(), greeted: false };
    let pieces = stream::unfold(Some(watcher), |watcher| async {
        let (piece, rest) = watcher?.next().await?;
        Some((Ok::<_, Infallible>(piece), rest))
    });
    let content_type = HeaderValue::from_static("text/event-stream");
    let mut response = reply::stream(StatusCode::OK, content_type, Box::pin(pieces));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

struct Watcher {
    events: Receiver<Arc<Event>>,
    stopping: CancellationToken,
    greeted: bool,
}

impl Watcher {
    /// The next piece, and the watcher if there may be more.
    async fn next(mut self) -> Option<(Bytes, Option<Self>)> {
        if !self.greeted {
            self.greeted = true;
            return Some((Bytes::from_static(b": watching\n\n"), Some(self)));
        }
        tokio::select! {
            () = self.stopping.cancelled() => None,
            event = self.events.recv() => match event {
                Ok(event) => Some((piece(&event), Some(self))),
                Err(RecvError::Lagged(missed)) => Some((lagged(missed), None)),
                Err(RecvError::Closed) => None,
            },
            () = tokio::time::sleep(BEAT_EVERY) => Some((Bytes::from_static(b":\n\n"), Some(self))),
        }
    }
}

fn piece(event: &Event) -> Bytes {
    let data = serde_json::to_string(event).unwrap_or_default();
    format!("event: {}\ndata: {data}\n\n", event.event).into()
}

fn lagged(missed: u64) -> Bytes {
    format!("event: lagged\ndata: {{\"missed\":{missed}}}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Events;

    #[tokio::test]
    async fn a_watcher_that_falls_behind_is_told_so_and_let_go() {
        let events = Events::default();
        let stopping = CancellationToken::new();
        let watcher = Watcher { events: events.watch(), stopping, greeted: true };
        for _ in 0..2_000 {
            events.tell(|| Event { event: "sign_in".to_owned(), ..Event::default() });
        }
        let (piece, rest) = watcher.next().await.unwrap();
        assert!(piece.starts_with(b"event: lagged\n") && rest.is_none(), "{piece:?}");
        assert_eq!(events.watchers(), 0);
    }
}
