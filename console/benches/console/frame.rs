//! How long a frame takes: from what came in since the last one to the bytes for the terminal.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use ratatui::{
    Terminal, TerminalOptions, Viewport,
    backend::CrosstermBackend,
    layout::{Rect, Size},
};
use sallyport::tui::{
    effect::{Answer, Asker, Effect, Query},
    model::Model,
    msg::Msg,
    screen,
    theme::{Theme, ThemeName},
    update::update,
    view::view,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::time::Timestamp;

use super::company::{self, NOW};

const FRAMES: usize = 600;
/// At thirty frames a second.
const FRAME: u64 = 33;
/// 500 a second.
const EVENTS: u64 = 17;

/// Takes everything, keeps nothing.
struct Nowhere;

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn answer(query: &Query) -> Option<Answer> {
    Some(match query {
        Query::Status => Answer::Status(read(company::status())),
        Query::Traffic { after } => Answer::Traffic(read(company::traffic(after.map(|it| it.0), NOW))),
        Query::Sessions(query) if query.changed_since.is_none() => {
            Answer::Sessions(read(company::page(query.skip.unwrap_or_default(), NOW)))
        }
        _ => return None,
    })
}

/// Tells it, and answers what it asks.
fn tell(model: &mut Model, msg: Msg) {
    let mut waiting = update(model, msg);
    while let Some(effect) = waiting.pop() {
        let Effect::Ask { asker, query } = effect else { continue };
        if let Some(answer) = answer(&query) {
            waiting.extend(update(model, Msg::Answered { asker, query, result: Ok(answer) }));
        }
    }
}

pub fn measure() {
    for name in ["sessions", "overview"] {
        for (width, height) in [(80, 24), (200, 60)] {
            let mut took = frames(name, Size::new(width, height));
            took.sort_unstable();
            let at = |part: usize| took[(took.len() - 1) * part / 100].as_secs_f64() * 1e3;
            println!(
                "frame: {name:9} {width:>3}x{height}, {FRAMES} frames   median {:>6.2} ms   p99 {:>6.2} ms   (budget 16)",
                at(50),
                at(99)
            );
        }
    }
}

fn frames(name: &str, size: Size) -> Vec<Duration> {
    let mut model = Model::new(Theme::new(ThemeName::Dark, false), false, size, Timestamp(NOW));
    let sessions = screen::ALL.iter().position(|entry| entry.name == "sessions").unwrap();
    model.current = screen::ALL.iter().position(|entry| entry.name == name).unwrap();
    tell(&mut model, Msg::Tick);
    let viewport = Viewport::Fixed(Rect::from(size));
    let backend = CrosstermBackend::new(Nowhere);
    let mut terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
    let mut took = Vec::with_capacity(FRAMES);
    for frame in 0..FRAMES as u64 {
        let turns = frame * EVENTS..(frame + 1) * EVENTS;
        let events = turns.clone().map(|turn| read(company::event(turn, NOW))).collect();
        let items: Vec<Value> =
            turns.map(|turn| company::session(turn * 7 % company::SESSIONS, turn, NOW)).collect();
        let changed = Query::Sessions(sallyport::client::SessionQuery {
            changed_since: Some(model.now),
            ..Default::default()
        });
        let answer = Answer::Sessions(read(serde_json::json!({"items": items, "next": null})));
        let begin = Instant::now();
        model.now = Timestamp(NOW + frame * FRAME);
        update(&mut model, Msg::Happened(events));
        let asker = Asker::Screen(sessions);
        update(&mut model, Msg::Answered { asker, query: changed, result: Ok(answer) });
        update(&mut model, Msg::Tick);
        terminal.draw(|frame| view(&model, frame)).unwrap();
        took.push(begin.elapsed());
    }
    took
}
