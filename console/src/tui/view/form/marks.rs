//! A field of marks: two beside each other, the one that `Space` marks under the cursor.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use crate::tui::{
    popup::Marks,
    theme::{Look, Tone},
    view::paint,
};

const A_LINE: usize = 2;
const WIDTH: u16 = 30;
/// Cells before a name.
const BOX: u16 = 4;

pub fn lines(marks: &Marks) -> u16 {
    u16::try_from(marks.options().len().div_ceil(A_LINE)).unwrap_or(u16::MAX)
}

/// Draws them; says where the cursor is.
pub fn draw(marks: &Marks, is_focused: bool, area: Rect, buffer: &mut Buffer, look: &Look) -> Position {
    for (place, (name, is_marked)) in marks.options().iter().enumerate() {
        let at = at(place, area);
        let tone = match is_focused && place == marks.at() {
            true => Tone::Selected,
            false if *is_marked => Tone::Plain,
            false => Tone::Dim,
        };
        let text = format!("[{}] {name}", if *is_marked { 'x' } else { ' ' });
        paint::put(buffer, (at.x, at.y), WIDTH, &text, (look.style(tone), look));
    }
    let at = at(marks.at(), area);
    Position::new(at.x + 1, at.y)
}

/// The mark at a place.
pub fn hit(marks: &Marks, area: Rect, at: Position) -> Option<usize> {
    let place = usize::from(at.y - area.y) * A_LINE + usize::from((at.x - area.x) / WIDTH);
    let width = u16::try_from(marks.options().get(place)?.0.len()).unwrap_or(WIDTH);
    ((at.x - area.x) % WIDTH < width + BOX).then_some(place)
}

fn at(place: usize, area: Rect) -> Position {
    let (line, column) = (place / A_LINE, place % A_LINE);
    let cells = |count: usize| u16::try_from(count).unwrap_or_default();
    Position::new(area.x + cells(column) * WIDTH, area.y + cells(line))
}
