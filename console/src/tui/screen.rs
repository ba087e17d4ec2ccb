//! The screens. A new one is a file in `screen/` and a line in [`ALL`]; its keys are lines in `keys.rs`.
//!
//! A screen keeps its own state. It says what it asks the daemon for and takes the answers; who is asked when, what is
//! drawn around it, popups, filter and marks are the same for all. Time is given to it, and it does no I/O.

mod audit;
mod mirror;
mod names;
mod overview;
mod requests;
mod sessions;
mod usage;
mod users;

use std::fmt::Debug;

use ratatui::{buffer::Buffer, layout::Rect};
use shared::{api::admin::Event, time::Timestamp};

use super::{
    action::Action,
    effect::{Answer, Failure, Finished, Job, Query},
    popup::{Detail, Form},
    table::List,
    theme::{Look, Tone},
};

/// Pieces beside each other.
pub type Line = Vec<(String, Tone)>;

/// A line of the table of screens.
#[derive(Debug)]
pub struct Entry {
    /// What it is called after `:`.
    pub name: &'static str,
    pub title: &'static str,
    /// The keys of tables hold on it.
    pub has_table: bool,
    pub open: fn() -> Box<dyn Screen>,
}

/// In the order of their digits.
pub const ALL: &[Entry] = &[
    entry("overview", "Overview", || Box::new(overview::Overview::default())).without_table(),
    entry("sessions", "Sessions", || Box::new(sessions::Sessions::default())),
    entry("requests", "Requests", || Box::new(requests::Requests::default())),
    entry("users", "Users", || Box::new(users::Users::default())),
    entry("usage", "Usage", || Box::new(usage::UsageSums::default())),
    entry("audit", "Audit", || Box::new(audit::Audit::default())),
    entry("mirror", "Mirror", || Box::new(mirror::Mirror::default())),
];

const fn entry(name: &'static str, title: &'static str, open: fn() -> Box<dyn Screen>) -> Entry {
    Entry { name, title, has_table: true, open }
}

impl Entry {
    const fn without_table(self) -> Self {
        Self { has_table: false, ..self }
    }
}

/// The largest page that the daemon gives.
const PAGE: u32 = 1000;

pub trait Screen: Debug {
    /// What it needs now. It is asked when it is opened (`is_full`), each second while it is seen, and soon after an event
    /// that it cares for; never while answers are outstanding.
    fn ask(&mut self, is_full: bool, now: Timestamp) -> Vec<Query>;

    /// Takes an answer, and says what else it needs, such as the next page.
    fn take(&mut self, query: &Query, answer: Answer, now: Timestamp) -> Vec<Query>;

    /// Whether it is the daemon that it asks.
    fn needs_daemon(&self) -> bool {
        true
    }

    /// Whether what it shows has come, once an answer has.
    fn is_ready(&self) -> bool {
        true
    }

    /// Hears that there will be no answer.
    fn miss(&mut self, _query: &Query, _failure: &Failure) {}

    /// Whether something happened that makes its data old.
    fn hear(&mut self, _event: &Event) -> Heard {
        Heard::Nothing
    }

    /// Does one of its own actions.
    fn act(&mut self, _action: Action, _now: Timestamp) -> Option<Reaction> {
        None
    }

    /// Hears what came of a job of the console itself.
    fn finish(&mut self, _job: &Job, _result: &Result<Finished, Failure>, _now: Timestamp) {}

    /// Its table, if it has one: then keys, mouse and drawing come by themselves.
    fn list(&self) -> Option<&dyn List> {
        None
    }

    fn list_mut(&mut self) -> Option<&mut dyn List> {
        None
    }

    /// The last thing done before a frame, once something changed: work out what is shown.
    fn settle(&mut self, area: Rect) {
        if let Some(list) = self.list_mut() {
            list.settle(area);
        }
    }

    /// What `Enter` shows of the selected row.
    fn detail(&self, _look: &Look) -> Option<Detail> {
        None
    }

    /// What it shows a part of, for its frame.
    fn note(&self) -> Option<String> {
        None
    }

    /// Lines at its lower edge, if there is something to tell besides.
    fn panel(&self, _look: &Look) -> Vec<Line> {
        Vec::new()
    }

    /// A sentence for when there is nothing to show.
    fn empty(&self) -> &'static str;

    /// Draws what is inside its frame, once data is there. Screens with a table leave it as it is.
    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look) {
        if let Some(list) = self.list() {
            list.draw(area, buffer, look);
        }
    }
}

/// How much an event makes old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Nothing,
    /// What is asked for each second is needed now.
    Changes,
    /// Everything.
    All,
}

/// What comes of a screen's own action.
#[derive(Debug)]
pub enum Reaction {
    /// Something to confirm first.
    Confirm(Box<Form>),
    Ask(Vec<Query>),
    /// Nothing to confirm: it changes nothing.
    Start(Job),
    /// What [`Screen::detail`] tells, and what has to be asked for it.
    Open(Vec<Query>),
    /// Everything is needed again, because it asks for something else now.
    Refresh,
    /// Why nothing was done.
    Say(String),
    /// Another screen, filtered.
    Go {
        screen: &'static str,
        filter: String,
    },
}
