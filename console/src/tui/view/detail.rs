//! Everything about the selected row.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{areas, paint};
use crate::tui::{
    model::Model,
    popup::{Detail, Item},
    theme::Tone,
};

const WIDTH: u16 = 100;
const NAMES: usize = 18;

type Line = Vec<(String, Tone)>;

fn content(model: &Model) -> Detail {
    let gone = || Detail::new("Gone").pair("", "it is not there any more");
    model.slot().and_then(|slot| slot.screen.detail(&model.look())).unwrap_or_else(gone)
}

fn place(within: Rect, lines: usize) -> Rect {
    let height = u16::try_from(lines + 2).unwrap_or(u16::MAX).min(within.height);
    areas::middle(within, WIDTH.min(within.width.saturating_sub(4)), height)
}

fn lines(detail: &Detail, within: Rect) -> Vec<Line> {
    let room = usize::from(areas::inside(place(within, 0)).width.saturating_sub(2)).saturating_sub(NAMES);
    let mut lines = Vec::new();
    for item in &detail.items {
        match item {
            Item::Heading(words) => {
                lines.push(Vec::new());
                lines.push(vec![(format!(" {words}"), Tone::Accent)]);
            }
            Item::Pair { name, value, tone } => {
                let values = paint::wrap(&shared::terminal::safe(value), room);
                for (turn, value) in values.into_iter().enumerate() {
                    let name = if turn == 0 { *name } else { "" };
                    lines.push(vec![(format!(" {name:NAMES$}"), Tone::Dim), (value, *tone)]);
                }
            }
        }
    }
    lines
}

pub fn most_scroll(model: &Model, within: Rect) -> usize {
    let lines = lines(&content(model), within);
    lines.len().saturating_sub(usize::from(areas::inside(place(within, lines.len())).height))
}

pub fn draw(model: &Model, within: Rect, scroll: usize, buffer: &mut Buffer) {
    let (detail, look) = (content(model), model.look());
    let lines = lines(&detail, within);
    let inside = paint::frame(buffer, place(within, lines.len()), (&detail.title, Tone::Accent), &look);
    paint::lines(buffer, inside, &lines, scroll, &look);
}
