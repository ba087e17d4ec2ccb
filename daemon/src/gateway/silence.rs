//! Notices that nothing has come for a while. The timer is set once and looked at again only when it fires: a
//! stream that flows never touches it.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

/// Counts from the last time something came.
#[derive(Debug)]
pub(super) struct Silence {
    limit: Duration,
    last: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, last: Instant::now(), timer: None }
    }

    /// Something came.
    pub(super) fn renew(&mut self) {
        self.last = Instant::now();
    }

    /// Ready, with the limit, once nothing has come for that long.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        loop {
            let end = self.last + self.limit;
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
            ready!(timer.as_mut().poll(cx));
            if Instant::now() >= end {
                self.timer = None;
                return Poll::Ready(self.limit);
            }
            timer.as_mut().reset(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_counts_from_the_last_sign_of_life() {
        let begun = Instant::now();
        let mut silence = Silence::new(Duration::from_secs(10));
        assert!(poll_fn(|cx| Poll::Ready(silence.poll(cx))).await.is_pending());
        tokio::time::sleep(Duration::from_secs(9)).await;
        silence.renew();
        poll_fn(|cx| silence.poll(cx)).await;
        assert_eq!(begun.elapsed().as_secs(), 19);
        silence.renew();
        poll_fn(|cx| silence.poll(cx)).await;
        assert_eq!(begun.elapsed().as_secs(), 29);
    }
}
