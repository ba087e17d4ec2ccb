//! The keys that hold here, from the table that dispatches them.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{areas, paint};
use crate::tui::{
    action::Action,
    keys::{self, Binding, Context, Mode},
    model::Model,
    theme::Tone,
};

const WIDTH: u16 = 92;
const KEYS: usize = 14;

/// What is under a popup of help: the screen, with its keys.
const MODES: [(Mode, &str); 3] = [
    (Mode::Main, "Keys (and the command of `sallyport` that does the same)"),
    (Mode::Detail, "In details"),
    (Mode::Form, "Before something is done"),
];

type Line = Vec<(String, Tone)>;

fn place(model: &Model, within: Rect) -> Rect {
    let height = u16::try_from(lines(model).len() + 2).unwrap_or(u16::MAX);
    areas::middle(within, WIDTH.min(within.width.saturating_sub(4)), height.min(within.height))
}

pub fn most_scroll(model: &Model, within: Rect) -> usize {
    lines(model).len().saturating_sub(usize::from(areas::inside(place(model, within)).height))
}

pub fn draw(model: &Model, within: Rect, scroll: usize, buffer: &mut Buffer) {
    let look = model.look();
    let inside = paint::frame(buffer, place(model, within), ("Help", Tone::Accent), &look);
    paint::lines(buffer, inside, &lines(model), scroll, &look);
}

fn lines(model: &Model) -> Vec<Line> {
    let mut lines = Vec::new();
    for (mode, title) in MODES {
        if !lines.is_empty() {
            lines.push(Vec::new());
        }
        lines.push(vec![(format!(" {title}"), Tone::Accent)]);
        let told = keys::bindings(mode, model.screen_name()).filter(|binding| !binding.words.is_empty());
        let fresh = told.filter(|binding| mode == Mode::Main || is_own(binding, mode));
        lines.extend(fresh.map(line));
    }
    lines
}

/// What holds everywhere is told once.
fn is_own(binding: &Binding, mode: Mode) -> bool {
    match mode {
        Mode::Detail => binding.context == Context::Detail,
        Mode::Form => binding.context == Context::Form,
        Mode::Prompt => binding.context == Context::Prompt,
        _ => true,
    }
}

fn line(binding: &Binding) -> Line {
    let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
    let keys = if binding.action == Action::Show(0) { "1 2 3 ...".to_owned() } else { keys.join(", ") };
    let mut line = vec![(format!(" {keys:KEYS$}"), Tone::Strong), (binding.words.to_owned(), Tone::Plain)];
    if let Some(command) = binding.action.command() {
        line.push((format!("  ({command})"), Tone::Dim));
    }
    line
}

#[cfg(test)]
mod tests {
    use crate::tui::{
        screen,
        testing::{Daemon, Play, SIZES},
        view::paint,
    };

    use super::*;

    #[test]
    fn every_line_fits_into_the_least_terminal() {
        for entry in screen::ALL {
            let model = Play::open(entry.name, SIZES[0], Daemon::Silent).model;
            let room = areas::inside(place(&model, model.inside())).width;
            for line in lines(&model) {
                assert!(paint::line_width(&line) <= room, "{}: {line:?}", entry.name);
            }
        }
    }
}
