//! All that the console knows. Plain data: only `update` changes it, `view` only reads it.

use std::time::Duration;

use ratatui::layout::{Rect, Size};
use shared::{api::admin::Status, time::Timestamp};

use super::{
    action::Action,
    effect::Failure,
    keys::Mode,
    popup::Popup,
    prompt::Prompt,
    screen::{self, Screen},
    theme::{Look, Theme, Tone},
    view::areas,
    work::Work,
};

/// Reading time of what went well, and of what did not.
const SHORT: Duration = Duration::from_secs(8);
const LONG: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Model {
    pub now: Timestamp,
    pub size: Size,
    pub theme: Theme,
    pub is_read_only: bool,
    pub slots: Vec<Slot>,
    /// The screen that is seen.
    pub current: usize,
    /// Screens that were seen before, for `Esc`.
    pub before: Vec<usize>,
    pub popups: Vec<Popup>,
    pub prompt: Option<Prompt>,
    /// Commands that were typed.
    pub commands: Vec<String>,
    pub link: Link,
    pub status: Option<Status>,
    pub notice: Option<Notice>,
    /// The console's own job, while it runs.
    pub work: Option<Work>,
    /// Whether a frame is due.
    pub is_changed: bool,
    pub is_over: bool,
}

/// A screen, and how it stands with the daemon.
#[derive(Debug)]
pub struct Slot {
    pub screen: Box<dyn Screen>,
    /// Answers that are outstanding.
    pub waiting: usize,
    pub is_loaded: bool,
    /// Everything is needed, not only what changed.
    pub wants_all: bool,
    pub due: Timestamp,
    /// Why the last question was not answered.
    pub failure: Option<Failure>,
}

/// How the daemon can be reached.
#[derive(Debug, Default)]
pub struct Link {
    pub state: LinkState,
    /// The last answer to anything.
    pub heard: Option<Timestamp>,
    pub is_asking: bool,
    pub due: Timestamp,
    /// A stream of events is open, or being opened.
    pub is_following: bool,
    /// It is open.
    pub is_open: bool,
    pub follow_due: Timestamp,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LinkState {
    #[default]
    Connecting,
    Up,
    Down {
        failure: Failure,
        tries: u32,
    },
}

/// What just happened, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub tone: Tone,
    pub until: Timestamp,
}

impl Model {
    pub fn new(theme: Theme, is_read_only: bool, size: Size, now: Timestamp) -> Self {
        let slots = screen::ALL.iter().map(|entry| Slot::new((entry.open)())).collect();
        Self {
            now,
            size,
            theme,
            is_read_only,
            slots,
            current: 0,
            before: Vec::new(),
            popups: Vec::new(),
            prompt: None,
            commands: Vec::new(),
            link: Link::default(),
            status: None,
            notice: None,
            work: None,
            is_changed: true,
            is_over: false,
        }
    }

    pub fn look(&self) -> Look<'_> {
        let (status, work) = (self.status.as_ref(), self.work.as_ref());
        Look { theme: &self.theme, now: self.now, status, work }
    }

    pub fn slot(&self) -> Option<&Slot> {
        self.slots.get(self.current)
    }

    pub fn slot_mut(&mut self) -> Option<&mut Slot> {
        self.slots.get_mut(self.current)
    }

    pub fn screen_name(&self) -> &'static str {
        screen::ALL.get(self.current).map_or("", |entry| entry.name)
    }

    pub fn mode(&self) -> Mode {
        if self.prompt.is_some() {
            return Mode::Prompt;
        }
        match self.popups.last() {
            None => Mode::Main,
            Some(Popup::Help { .. }) => Mode::Help,
            Some(Popup::Detail { .. }) => Mode::Detail,
            Some(Popup::Form(_)) => Mode::Form,
        }
    }

    /// What is inside the frame of a screen.
    pub fn inside(&self) -> Rect {
        areas::inside(areas::split(Rect::from(self.size)).body)
    }

    /// What a screen's panel leaves of that.
    pub fn main_part(&self) -> Rect {
        let panel = self.slot().map(|slot| slot.screen.panel(&self.look()));
        areas::above(self.inside(), panel.map_or(0, |panel| panel.len()))
    }

    pub fn tell(&mut self, text: impl Into<String>, tone: Tone) {
        let span = if tone == Tone::Good { SHORT } else { LONG };
        self.notice = Some(Notice { text: text.into(), tone, until: self.now + span });
    }

    /// Why an action that changes something is refused, if so.
    pub fn refusal(&self, action: Action) -> Option<&'static str> {
        if self.is_read_only {
            return Some("nothing can be changed: this console was started with `--read-only`");
        }
        if action.is_job() {
            return None;
        }
        let role = self.status.as_ref().and_then(|status| status.role.as_deref());
        (role == Some("reader"))
            .then_some("nothing can be changed: the daemon lets you only read; ask for the role `operator`")
    }
}

impl Slot {
    fn new(screen: Box<dyn Screen>) -> Self {
        Self {
            screen,
            waiting: 0,
            is_loaded: false,
            wants_all: true,
            due: Timestamp::default(),
            failure: None,
        }
    }
}
