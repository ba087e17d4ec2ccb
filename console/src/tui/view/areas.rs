//! What is where. Drawing and clicking ask the same functions.

use std::ops::Range;

use ratatui::layout::Rect;

use crate::tui::screen;

/// Rows of a screen that no panel takes: its titles, and some more.
const LEAST_ROWS: u16 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    pub head: Rect,
    pub tabs: Rect,
    pub body: Rect,
    pub message: Rect,
    pub hints: Rect,
}

pub fn split(whole: Rect) -> Areas {
    let line = |y: u16| Rect {
        y: whole.y + y.min(whole.height.saturating_sub(1)),
        height: 1.min(whole.height),
        ..whole
    };
    let body = Rect { y: whole.y + 2.min(whole.height), height: whole.height.saturating_sub(4), ..whole };
    let last = whole.height.saturating_sub(1);
    Areas { head: line(0), tabs: line(1), body, message: line(last.saturating_sub(1)), hints: line(last) }
}

/// What a frame leaves.
pub fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x + 1.min(area.width),
        y: area.y + 1.min(area.height),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

/// What is left above a panel of so many lines. A few rows always are.
pub fn above(area: Rect, lines: usize) -> Rect {
    let lines = u16::try_from(lines).unwrap_or(u16::MAX).min(area.height.saturating_sub(LEAST_ROWS));
    Rect { height: area.height - lines, ..area }
}

/// In the middle of an area, as large as wanted if there is room.
pub fn middle(whole: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(whole.width), height.min(whole.height));
    Rect { x: whole.x + (whole.width - width) / 2, y: whole.y + (whole.height - height) / 2, width, height }
}

/// The title of a screen on the line of tabs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    pub place: usize,
    pub text: String,
    /// Its cells, from the left edge.
    pub span: Range<u16>,
}

pub fn tabs() -> Vec<Tab> {
    let mut left = 0;
    let mut tabs = Vec::with_capacity(screen::ALL.len());
    for (place, entry) in screen::ALL.iter().enumerate() {
        let text = format!(" {} {} ", place + 1, entry.title);
        let width = u16::try_from(text.len()).unwrap_or_default();
        tabs.push(Tab { place, text, span: left..left + width });
        left += width;
    }
    tabs
}
