//! How far a mirror is, on stderr: a picture that is drawn again on a terminal, a line now and then elsewhere.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::mirror::{MirrorError, Pace, Progress, Shown, current, percent};

const PICTURE_EVERY: Duration = Duration::from_millis(200);
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Cells of a bar.
const BAR: usize = 24;

/// Waits for work on a mirror, and tells meanwhile how far it is.
pub(super) async fn watched<T>(
    running: impl Future<Output = Result<T, MirrorError>>,
    progress: &Progress,
) -> Result<T, MirrorError> {
    let mut running = std::pin::pin!(running);
    let (began, mut view) = (Instant::now(), View::new(io::stderr().is_terminal()));
    let mut ticks = interval(if view.is_terminal { PICTURE_EVERY } else { LINE_EVERY });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks.tick().await;
    let outcome = loop {
        tokio::select! {
            outcome = &mut running => break outcome,
            _ = ticks.tick() => view.draw(&progress.show(), began.elapsed()),
        }
    };
    view.clear();
    outcome
}

struct View {
    is_terminal: bool,
    lines: usize,
    pace: Pace,
}

impl View {
    fn new(is_terminal: bool) -> Self {
        Self { is_terminal, lines: 0, pace: Pace::default() }
    }

    fn draw(&mut self, shown: &[Shown], at: Duration) {
        if shown.is_empty() {
            return;
        }
        self.pace.see(at, shown);
        let version = current(shown).next().map(|one| format!("{}: ", one.version)).unwrap_or_default();
        let total = format!("{version}{}", self.pace.total(shown));
        let picture = if self.is_terminal {
            let rows: String = current(shown).map(row).collect();
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
}

fn row(shown: &Shown) -> String {
    let Shown { platform, size, done, state, .. } = shown;
    let filled = usize::try_from(done.saturating_mul(BAR as u64).checked_div(*size).unwrap_or_default())
        .unwrap_or(BAR)
        .min(BAR);
    let bar = format!("{}{}", "#".repeat(filled), ".".repeat(BAR - filled));
    format!("{:<17} [{bar}] {:>3} %  {}\n", platform.as_str(), percent(*done, *size), state.word())
}

#[cfg(test)]
mod tests {
    use shared::platform::Platform;

    use super::*;
    use crate::mirror::State;

    #[test]
    fn a_row_says_how_far_and_what_is_done() {
        let version = "2.1.300".parse().unwrap();
        let (platform, state) = (Platform::LinuxX64, State::Fetching);
        let shown = Shown { version, platform, size: 200, done: 100, fresh: 100, state };
        assert_eq!(row(&shown), "linux-x64         [############............]  50 %  fetching\n");
    }
}
