//! What the table of records shows.

use shared::{api::admin::AuditEntry, time::Timestamp};

use crate::tui::{
    format,
    screen::names::Names,
    table::{Cell, Column, Row},
    theme::{Look, Tone},
};

/// The place of the column by which the table is sorted at first.
pub const SEQUENCE: usize = 0;

/// A record, and what its user is called.
#[derive(Debug, Clone)]
pub struct Record {
    pub entry: AuditEntry,
    pub who: Option<String>,
}

impl Record {
    pub fn new(entry: AuditEntry, names: &Names) -> Self {
        let who = entry.user.as_ref().map(|user| names.call(user).to_owned());
        Self { entry, who }
    }
}

impl Row for Record {
    type Id = u64;

    fn id(&self) -> u64 {
        self.entry.sequence
    }

    fn text(&self) -> Option<String> {
        let entry = &self.entry;
        let session = entry.session.map(|session| session.to_string());
        let operator = entry.operator.map(|operator| format!("uid {operator}"));
        let parts = [
            Some(entry.event.as_str()),
            self.who.as_deref(),
            entry.user.as_ref().map(shared::id::UserId::as_str),
            entry.address.as_deref(),
            session.as_deref(),
            entry.code.as_deref(),
            operator.as_deref(),
            entry.detail.as_deref(),
            entry.reason.as_deref(),
        ];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
}

pub const COLUMNS: &[Column<Record>] = &[
    Column::new("RECORD", (7, 9), |it: &Record, _| Cell::new(it.entry.sequence.to_string(), Tone::Dim))
        .sorted(|a, b| a.entry.sequence.cmp(&b.entry.sequence))
        .right(),
    Column::new("AGE", (4, 4), |it: &Record, look| Cell::plain(format::ago(it.entry.at, look.now)))
        .sorted(|a, b| b.entry.at.cmp(&a.entry.at))
        .right(),
    Column::new("AT (UTC)", (19, 19), |it: &Record, _| Cell::new(at(it.entry.at), Tone::Dim)).dispensable(3),
    Column::new("EVENT", (10, 11), |it: &Record, _| Cell::new(it.entry.event.clone(), tone(&it.entry.event)))
        .sorted(|a, b| a.entry.event.cmp(&b.entry.event)),
    Column::new("USER", (17, 32), |it: &Record, _| Cell::of(it.who.as_deref()))
        .sorted(|a, b| a.who.cmp(&b.who)),
    Column::new("ADDRESS", (15, 26), |it: &Record, _| Cell::of(it.entry.address.as_deref()))
        .sorted(|a, b| a.entry.address.cmp(&b.entry.address))
        .dispensable(5),
    Column::new("OPERATOR", (8, 10), operator)
        .sorted(|a, b| a.entry.operator.cmp(&b.entry.operator))
        .dispensable(4),
    Column::new("WHAT", (30, 100), |it: &Record, _| Cell::of(Some(&what(&it.entry)))),
];

fn at(at: Timestamp) -> String {
    let text = format!("{:#}", Timestamp::from_seconds(at.seconds()));
    text.trim_end_matches(" UTC").to_owned()
}

fn operator(record: &Record, _: &Look) -> Cell {
    record.entry.operator.map_or(Cell::none(), |operator| Cell::plain(format!("uid {operator}")))
}

/// Why it was done, what was done, and the code of a refusal: whatever is known of these.
pub fn what(entry: &AuditEntry) -> String {
    let parts = [entry.code.as_deref(), entry.detail.as_deref(), entry.reason.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
}

pub fn tone(event: &str) -> Tone {
    match event {
        "refusal" | "lock" | "revocation" => Tone::Warn,
        "reuse" => Tone::Bad,
        "sign_in" => Tone::Good,
        "refresh" => Tone::Dim,
        "grant" | "grant_end" | "unlock" | "reload" => Tone::Accent,
        _ => Tone::Plain,
    }
}
