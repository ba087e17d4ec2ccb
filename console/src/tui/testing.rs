//! Plays the console without a terminal, a daemon or a clock: for tests of screens.
//!
//! A screen's test hands [`snapshots`] two functions that answer its questions, one with data and one without. What is
//! drawn in each state at each size is kept in `snapshots/`; `INSTA_UPDATE=always cargo test` writes them anew.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Buffer,
    layout::{Position, Size},
    style::Style,
};
use shared::{api::admin::Status, time::Timestamp};

use super::{
    effect::{Answer, Asker, Effect, Failure, Query},
    model::Model,
    msg::Msg,
    screen,
    theme::{Theme, ThemeName},
    update::update,
    view::view,
};

/// 2026-08-09 12:00:00 UTC: the time in every test.
pub const NOW: Timestamp = Timestamp(1_786_276_800_000);
pub const SIZES: [Size; 3] = [Size::new(80, 24), Size::new(120, 40), Size::new(200, 60)];

/// Who is at the other end of the socket.
#[derive(Debug, Clone, Copy)]
pub enum Daemon {
    /// Nothing is ever answered.
    Silent,
    Stopped,
    /// In good health; the questions of screens are answered by the function.
    Answers(fn(&Query) -> Answer),
}

/// A console on one screen, with whoever answers it.
#[derive(Debug)]
pub struct Play {
    pub model: Model,
    pub daemon: Daemon,
    /// What was asked.
    pub asked: Vec<Query>,
    /// What was to be done besides asking.
    pub done: Vec<Effect>,
}

impl Play {
    /// Opens a screen by its name.
    pub fn open(name: &str, size: Size, daemon: Daemon) -> Self {
        let theme = Theme::new(ThemeName::Dark, false);
        let mut model = Model::new(theme, false, size, NOW);
        model.current = screen::ALL.iter().position(|entry| entry.name == name).unwrap();
        let mut play = Self { model, daemon, asked: Vec::new(), done: Vec::new() };
        play.tell(Msg::Tick);
        play
    }

    /// Tells the console something, and answers what it asks until it asks no more.
    pub fn tell(&mut self, msg: Msg) {
        let mut waiting = update(&mut self.model, msg);
        while !waiting.is_empty() {
            match waiting.remove(0) {
                Effect::Ask { asker, query } => {
                    self.asked.push(query.clone());
                    if let Some(result) = self.answer(asker, &query) {
                        waiting.extend(update(&mut self.model, Msg::Answered { asker, query, result }));
                    }
                }
                effect => self.done.push(effect),
            }
        }
    }

    fn answer(&self, asker: Asker, query: &Query) -> Option<Result<Answer, Failure>> {
        match self.daemon {
            Daemon::Silent => None,
            Daemon::Stopped if query.asks_daemon() => Some(Err(stopped())),
            Daemon::Stopped => Some(Err(unreadable())),
            Daemon::Answers(_) if asker == Asker::Frame => Some(Ok(healthy())),
            Daemon::Answers(answer) => Some(Ok(answer(query))),
        }
    }

    /// Lets time go on, second by second.
    pub fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.model.now = Timestamp(self.model.now.0 + 1000);
            self.tell(Msg::Tick);
        }
    }

    pub fn press(&mut self, code: KeyCode) {
        self.tell(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    pub fn control(&mut self, letter: char) {
        self.tell(Msg::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)));
    }

    pub fn write(&mut self, text: &str) {
        text.chars().for_each(|letter| self.press(KeyCode::Char(letter)));
    }

    pub fn click(&mut self, (column, row): (u16, u16)) {
        let kind = MouseEventKind::Down(MouseButton::Left);
        self.tell(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    }

    /// Where a text is, as a mouse sees it.
    pub fn place(&self, text: &str) -> (u16, u16) {
        let shown = self.text();
        let lines = shown.lines().zip(0..);
        let mut found = lines.filter_map(|(line, row)| {
            let at = line.find(text)?;
            Some((u16::try_from(line.get(..at)?.chars().count()).ok()?, row))
        });
        found.next().unwrap_or_else(|| panic!("`{text}` is not shown:\n{shown}"))
    }

    pub fn draw(&self) -> Buffer {
        let Size { width, height } = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view(&self.model, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    pub fn text(&self) -> String {
        text(&self.draw())
    }

    /// How a text is shown; it must be there once at least.
    pub fn style(&self, text: &str) -> Style {
        style(&self.draw(), text)
    }
}

/// What a daemon in good health says of itself.
pub fn healthy() -> Answer {
    let status = serde_json::json!({
        "version": "0.1.0", "uptime_seconds": 93_784, "ready": true, "addresses": {}, "sessions_in_use": 34,
        "requests_in_flight": 12, "usage_lost": 0, "role": "operator",
        "machine": {
            "cpus": 8, "cpu_percent": 12.5, "memory_total_bytes": 33_554_432_000_u64,
            "memory_used_bytes": 8_388_608_000_u64, "load": [0.5, 0.4, 0.3],
        },
        "health": [
            {"part": "entra", "state": "ok", "detail": "2 keys, fetched at 2026-08-09 11:43 UTC"},
            {"part": "bedrock", "state": "ok", "detail": "answered at 2026-08-09 11:59:58 UTC; SigV4, credentials until 2026-08-09 17:10 UTC"},
            {"part": "store", "state": "ok", "detail": "it answers in 0.4 ms"},
            {"part": "ledger", "state": "ok", "detail": "usage is written, 3 records wait for their turn"},
            {"part": "certificate", "state": "ok", "detail": "valid until 2027-08-01 00:00 UTC"},
        ],
        "process": {"id": 4711, "cpu_percent": 3.5, "memory_bytes": 67_108_864},
    });
    Answer::Status(Box::new(serde_json::from_value::<Status>(status).unwrap()))
}

/// Every row of cells, without the spaces at its end.
pub fn text(buffer: &Buffer) -> String {
    let row = |y: u16| -> String { (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect() };
    let rows: Vec<String> = (0..buffer.area.height).map(|y| row(y).trim_end().to_owned()).collect();
    rows.join("\n")
}

pub fn style(buffer: &Buffer, text: &str) -> Style {
    let area = buffer.area;
    let found = area.positions().find(|at| starts(buffer, *at, text));
    buffer[found.unwrap_or_else(|| panic!("`{text}` is not shown:\n{}", self::text(buffer)))].style()
}

fn starts(buffer: &Buffer, at: Position, text: &str) -> bool {
    text.chars().zip(at.x..).all(|(letter, x)| {
        buffer.cell((x, at.y)).is_some_and(|cell| cell.symbol().chars().eq(std::iter::once(letter)))
    })
}

/// What is said of a daemon that stopped.
pub fn stopped() -> Failure {
    Failure {
        message: "nobody listens at `/run/sallyport/admin.sock`".to_owned(),
        hint: Some("the daemon has stopped: see its log, and start it again".to_owned()),
        is_unreachable: true,
    }
}

/// What is said of a folder that can't be read.
pub fn unreadable() -> Failure {
    Failure {
        message: "`/var/lib/sallyport/install_artifacts/VERSION`: permission denied".to_owned(),
        hint: Some(
            "run this as the user that owns the folder, or name another one with `--output`".to_owned(),
        ),
        is_unreachable: false,
    }
}

/// Compares a state of a screen at every size.
pub fn keep_sizes(name: &str, play: impl Fn(Size) -> Play) {
    for size in SIZES {
        keep(&format!("{name}_{}x{}", size.width, size.height), &play(size));
    }
}

/// Compares what a screen draws: loading, empty, ready and failed, at every size.
pub fn snapshots(name: &str, ready: fn(&Query) -> Answer, empty: fn(&Query) -> Answer) {
    let states = [
        ("loading", Daemon::Silent),
        ("empty", Daemon::Answers(empty)),
        ("ready", Daemon::Answers(ready)),
        ("failed", Daemon::Stopped),
    ];
    for (state, daemon) in states {
        keep_sizes(&format!("{name}_{state}"), |size| Play::open(name, size, daemon));
    }
}

/// Compares one frame with the one that was kept under this name.
pub fn keep(name: &str, play: &Play) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, play.text()));
}
