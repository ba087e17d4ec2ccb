//! What the table of versions shows.

use shared::platform::Platform;

use crate::{
    mirror::Kept,
    tui::{
        format,
        table::{Cell, Column},
        theme::{Look, Tone},
    },
};

/// The place of the column by which the table is sorted at first.
pub const VERSION: usize = 0;

pub const COLUMNS: &[Column<Kept>] = &[
    Column::new("VERSION", (10, 18), |it: &Kept, _| Cell::plain(it.version.to_string()))
        .sorted(|a, b| a.version.cmp(&b.version)),
    Column::new("STATE", (14, 22), |it: &Kept, _| {
        let (words, tone) = state(it);
        Cell::new(words, tone)
    })
    .sorted(|a, b| state(a).0.cmp(&state(b).0)),
    platform("LX64", |it, _| mark(it, Platform::LinuxX64)),
    platform("LARM", |it, _| mark(it, Platform::LinuxArm64)),
    platform("MX64", |it, _| mark(it, Platform::LinuxX64Musl)),
    platform("MARM", |it, _| mark(it, Platform::LinuxArm64Musl)),
    platform("DX64", |it, _| mark(it, Platform::DarwinX64)),
    platform("DARM", |it, _| mark(it, Platform::DarwinArm64)),
    platform("WX64", |it, _| mark(it, Platform::Win32X64)),
    platform("WARM", |it, _| mark(it, Platform::Win32Arm64)),
    Column::new("SIZE", (8, 10), |it: &Kept, _| Cell::plain(megabytes(it.bytes())))
        .sorted(|a, b| a.bytes().cmp(&b.bytes()))
        .right()
        .dispensable(2),
    Column::new("PUBLISHED", (9, 9), |it: &Kept, look| {
        it.published.map_or(Cell::none(), |at| Cell::plain(format::ago(at, look.now)))
    })
    .sorted(|a, b| a.published.cmp(&b.published))
    .right()
    .dispensable(3),
    Column::new("SIGNED BY", (16, 40), |it: &Kept, _| match (&it.signer, it.published) {
        (Some(signer), _) => Cell::plain(signer.clone()),
        (None, Some(_)) => Cell::new("nobody", Tone::Warn),
        (None, None) => Cell::none(),
    })
    .dispensable(4),
];

/// Linux, musl, Darwin and Windows, for either processor: with more letters not all would fit 80 cells.
const fn platform(title: &'static str, cell: fn(&Kept, &Look) -> Cell) -> Column<Kept> {
    Column::new(title, (4, 6), cell)
}

/// Whether the binary for a platform is there; nothing if the release has none.
fn mark(kept: &Kept, platform: Platform) -> Cell {
    match kept.binaries.iter().find(|binary| binary.platform == platform) {
        Some(binary) if binary.is_there => Cell::new("yes", Tone::Good),
        Some(_) => Cell::new("no", Tone::Dim),
        None => Cell::none(),
    }
}

/// What it is for those who install, and whether that can be.
pub fn state(kept: &Kept) -> (String, Tone) {
    if kept.problem.is_some() {
        return ("broken".to_owned(), Tone::Bad);
    }
    let names = kept.is_served.then_some("served").into_iter().chain(kept.channels.iter().copied());
    let names: Vec<&str> = names.collect();
    match (names.is_empty(), kept.there().next().is_some()) {
        (true, _) => ("kept".to_owned(), Tone::Dim),
        (false, true) => (names.join(", "), Tone::Good),
        (false, false) => (format!("{}, empty", names.join(", ")), Tone::Bad),
    }
}

pub fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}
