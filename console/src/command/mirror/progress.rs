//! How far a mirror is, on stderr: a picture that is drawn again on a terminal, a line now and then elsewhere.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{
    format::span,
    mirror::{MirrorError, Outcome, Progress, Shown, State},
};

const PICTURE_EVERY: Duration = Duration::from_millis(200);
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Cells of a bar.
const BAR: usize = 24;
/// What the speed is taken over, in pictures.
const MEMORY: usize = 25;

/// Waits for a mirror, and tells meanwhile how far it is.
pub(super) async fn watched(
    running: impl Future<Output = Result<Outcome, MirrorError>>,
    progress: &Progress,
) -> Result<Outcome, MirrorError> {
    let mut running = std::pin::pin!(running);
    let mut view = View::new(io::stderr().is_terminal());
    let mut ticks = interval(if view.is_terminal { PICTURE_EVERY } else { LINE_EVERY });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks.tick().await;
    let outcome = loop {
        tokio::select! {
            outcome = &mut running => break outcome,
            _ = ticks.tick() => view.draw(&progress.show(), Instant::now()),
        }
    };
    view.clear();
    outcome
}

struct View {
    is_terminal: bool,
    lines: usize,
    /// How much was there, and when.
    past: Vec<(Instant, u64)>,
}

impl View {
    fn new(is_terminal: bool) -> Self {
        Self { is_terminal, lines: 0, past: Vec::new() }
    }

    fn draw(&mut self, shown: &[Shown], now: Instant) {
        if shown.is_empty() {
            return;
        }
        let (size, done) = shown.iter().fold((0, 0), |(size, all), one| (size + one.size, all + one.done));
        self.remember(now, shown.iter().filter(|one| one.state != State::Checking).map(|one| one.done).sum());
        let total = total(size, done, self.speed());
        let picture = if self.is_terminal {
            let rows: String = shown.iter().map(row).collect();
            format!("{rows}{total}\n")
        } else {
            format!("{total}\n")
        };
        let up = if self.lines > 0 { format!("\x1b[{}A\x1b[J", self.lines) } else { String::new() };
        self.lines = if self.is_terminal { picture.lines().count() } else { 0 };
        // Nobody is told less of the mirror itself when stderr is closed.
        let _ = write!(io::stderr().lock(), "{up}{picture}");
    }

    /// The outcome takes the picture's place.
    fn clear(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        if lines > 0 {
            let _ = write!(io::stderr().lock(), "\x1b[{lines}A\x1b[J");
        }
    }

    fn remember(&mut self, now: Instant, done: u64) {
        if self.past.len() >= MEMORY {
            self.past.remove(0);
        }
        self.past.push((now, done));
    }

    /// In bytes a second.
    fn speed(&self) -> Option<u64> {
        let ((began, from), (now, to)) = (self.past.first()?, self.past.last()?);
        let millis =
            u64::try_from(now.duration_since(*began).as_millis()).ok().filter(|millis| *millis > 0)?;
        Some(to.saturating_sub(*from).saturating_mul(1000) / millis)
    }
}

fn row(shown: &Shown) -> String {
    let Shown { platform, size, done, state } = shown;
    let filled = usize::try_from(done.saturating_mul(BAR as u64).checked_div(*size).unwrap_or_default())
        .unwrap_or(BAR)
        .min(BAR);
    let bar = format!("{}{}", "#".repeat(filled), ".".repeat(BAR - filled));
    let state = match state {
        State::Waiting => "waiting",
        State::Checking => "checking",
        State::Fetching => "fetching",
        State::Done => "verified",
        State::Failed => "failed",
    };
    format!("{:<17} [{bar}] {:>3} %  {state}\n", platform.as_str(), percent(*done, *size))
}

fn total(size: u64, done: u64, speed: Option<u64>) -> String {
    let total = format!("{:>3} % of {}", percent(done, size), megabytes(size));
    match speed.filter(|speed| *speed > 0) {
        None => total,
        Some(speed) => {
            let left = span(Duration::from_secs(size.saturating_sub(done) / speed));
            format!("{total}, {} a second, {left} left", megabytes(speed))
        }
    }
}

fn percent(done: u64, size: u64) -> u64 {
    done.saturating_mul(100).checked_div(size).unwrap_or(100)
}

/// With one place: `251.3 MB`.
pub(super) fn megabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use shared::platform::Platform;

    use super::*;

    #[test]
    fn a_row_says_how_far_and_what_is_done() {
        let shown = Shown { platform: Platform::LinuxX64, size: 200, done: 100, state: State::Fetching };
        assert_eq!(row(&shown), "linux-x64         [############............]  50 %  fetching\n");
    }

    #[test]
    fn the_total_tells_speed_and_time_left_as_soon_as_they_are_known() {
        assert_eq!(total(2_000_000_000, 500_000_000, None), " 25 % of 2000.0 MB");
        let known = total(2_000_000_000, 500_000_000, Some(100_000_000));
        assert_eq!(known, " 25 % of 2000.0 MB, 100.0 MB a second, 15s left");
    }

    #[tokio::test(start_paused = true)]
    async fn the_speed_is_that_of_the_last_pictures() {
        let (mut view, start) = (View::new(true), Instant::now());
        for second in 0..100 {
            view.remember(start + Duration::from_secs(second), second * second);
        }
        // From 75² to 99² in 24 seconds.
        assert_eq!(view.speed(), Some(174));
    }
}
