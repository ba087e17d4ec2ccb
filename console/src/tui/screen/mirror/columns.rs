//! What the table of versions shows.

use shared::{platform::Platform, time::Timestamp};

use super::Release;
use crate::{
    format::megabytes,
    mirror::{Entry, Kept, Shown, State, percent},
    tui::{
        format,
        table::{Cell, Column},
        theme::{Look, Tone},
    },
};

/// The place of the column by which the table is sorted at first.
pub const VERSION: usize = 0;

pub const COLUMNS: &[Column<Release>] = &[
    Column::new("VERSION", (10, 18), |it: &Release, _| Cell::plain(it.kept.version.to_string()))
        .sorted(|a, b| a.kept.version.cmp(&b.kept.version)),
    Column::new("STATE", (14, 22), |it: &Release, _| {
        let (words, tone) = state(it);
        Cell::new(words, tone)
    })
    .sorted(|a, b| state(a).0.cmp(&state(b).0)),
    platform("LX64", |it, look| mark(it, Platform::LinuxX64, look)),
    platform("LARM", |it, look| mark(it, Platform::LinuxArm64, look)),
    platform("MX64", |it, look| mark(it, Platform::LinuxX64Musl, look)),
    platform("MARM", |it, look| mark(it, Platform::LinuxArm64Musl, look)),
    platform("DX64", |it, look| mark(it, Platform::DarwinX64, look)),
    platform("DARM", |it, look| mark(it, Platform::DarwinArm64, look)),
    platform("WX64", |it, look| mark(it, Platform::Win32X64, look)),
    platform("WARM", |it, look| mark(it, Platform::Win32Arm64, look)),
    Column::new("SIZE", (9, 10), |it: &Release, _| Cell::plain(megabytes(it.kept.bytes())))
        .sorted(|a, b| a.kept.bytes().cmp(&b.kept.bytes()))
        .right()
        .dispensable(2),
    Column::new("PUBLISHED", (9, 9), |it: &Release, look| {
        published(it).map_or(Cell::none(), |at| Cell::plain(format::ago(at, look.now)))
    })
    .sorted(|a, b| published(a).cmp(&published(b)))
    .right()
    .dispensable(3),
    Column::new("SIGNED BY", (16, 40), |it: &Release, _| match &it.kept.published {
        Some(Entry { signer: Some(signer), .. }) => Cell::plain(signer.clone()),
        Some(_) => Cell::new("nobody", Tone::Warn),
        None => Cell::none(),
    })
    .dispensable(4),
];

fn published(release: &Release) -> Option<Timestamp> {
    release.kept.published.as_ref().map(|entry| entry.at)
}

/// Linux, musl, Darwin and Windows, for either processor: with more letters not all would fit 80 cells.
const fn platform(title: &'static str, cell: fn(&Release, &Look) -> Cell) -> Column<Release> {
    Column::new(title, (4, 4), cell)
}

/// How far a job is with the binary for a platform, else what was found of it, else whether it is there; nothing if the
/// release has none.
fn mark(release: &Release, platform: Platform, look: &Look) -> Cell {
    let kept = &release.kept;
    let Some(binary) = kept.binaries.iter().find(|binary| binary.platform == platform) else {
        return Cell::none();
    };
    if let Some(cell) = look.work.and_then(|work| at_work(work.of(&kept.version, platform)?)) {
        return cell;
    }
    match &release.checked {
        _ if !binary.is_there => Cell::new("no", Tone::Dim),
        Some(checked) if checked.found.broken.contains(&platform) => Cell::new("BAD", Tone::Bad),
        Some(checked) if checked.found.platforms.contains(&platform) => Cell::new("ok", Tone::Good),
        _ => Cell::new("yes", Tone::Good),
    }
}

fn at_work(shown: &Shown) -> Option<Cell> {
    match shown.state {
        State::Waiting | State::Written => None,
        State::Checking | State::Fetching | State::Writing => {
            Some(Cell::new(format!("{}%", percent(shown.done, shown.size)), Tone::Accent))
        }
        State::Done => Some(Cell::new("ok", Tone::Good)),
        State::Failed => Some(Cell::new("BAD", Tone::Bad)),
    }
}

/// What it is for those who install, and whether that can be.
pub fn state(release: &Release) -> (String, Tone) {
    let kept = &release.kept;
    let is_refused = release.checked.as_ref().is_some_and(|checked| !checked.found.problems.is_empty());
    let names = kept.is_served.then_some("served").into_iter().chain(kept.channels.iter().copied());
    let mut words: Vec<&str> = names.collect();
    let (word, tone) = match fullness(kept) {
        _ if kept.problem.is_some() || is_refused => ("broken", Tone::Bad),
        Fullness::Empty if !words.is_empty() => ("empty", Tone::Bad),
        Fullness::Empty => ("empty", Tone::Warn),
        Fullness::Partial if words.is_empty() => ("partial", Tone::Dim),
        Fullness::Complete if words.is_empty() => ("complete", Tone::Dim),
        Fullness::Partial | Fullness::Complete => return (words.join(", "), Tone::Good),
    };
    // What is wrong stays in sight where there is little room.
    words.insert(0, word);
    (words.join(", "), tone)
}

enum Fullness {
    Empty,
    Partial,
    Complete,
}

fn fullness(kept: &Kept) -> Fullness {
    match kept.there().count() {
        0 => Fullness::Empty,
        there if there < kept.binaries.len() => Fullness::Partial,
        _ => Fullness::Complete,
    }
}
