//! A form: what it is about, the fields, the two buttons.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{areas, paint};
use crate::tui::{
    format,
    popup::{Button, Field, Focus, Form},
    theme::{Look, Tone},
};

const WIDTH: u16 = 76;
const LABELS: u16 = 10;
/// Lines that are no field and say nothing of the reach: two of the frame, three empty ones, a problem, the buttons.
const OTHERS: usize = 7;

fn room() -> usize {
    usize::from(WIDTH - 4)
}

fn reach(form: &Form) -> Vec<String> {
    form.reach.iter().flat_map(|line| paint::wrap(&shared::terminal::safe(line), room())).collect()
}

fn place(form: &Form, within: Rect) -> Rect {
    let height = reach(form).len() + form.fields.len() + OTHERS;
    areas::middle(within, WIDTH, u16::try_from(height).unwrap_or(u16::MAX))
}

fn buttons(form: &Form, within: Rect) -> [(Button, String, Rect); 2] {
    let inside = areas::inside(place(form, within));
    let line = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
    let cancel = "[ Cancel ]".to_owned();
    let go = format!("[ {} ]", form.plan.verb());
    let width = |text: &str| u16::try_from(text.len()).unwrap_or_default();
    let right = line.right().saturating_sub(width(&go) + 1);
    let left = right.saturating_sub(width(&cancel) + 2);
    let cancel_at = Rect { x: left, width: width(&cancel), ..line };
    let go_at = Rect { x: right, width: width(&go), ..line };
    [(Button::Cancel, cancel, cancel_at), (Button::Go, go, go_at)]
}

/// The button at a place.
pub fn hit(form: &Form, within: Rect, at: Position) -> Option<Button> {
    buttons(form, within).into_iter().find(|(_, _, area)| area.contains(at)).map(|(button, _, _)| button)
}

/// Draws it; says where the cursor is.
pub fn draw(form: &Form, within: Rect, buffer: &mut Buffer, look: &Look) -> Option<Position> {
    let title = if form.plan.is_destructive() { Tone::Bad } else { Tone::Accent };
    let inside = paint::frame(buffer, place(form, within), (&form.title, title), look);
    let text = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let mut y = text.y;
    for line in reach(form) {
        paint::put(buffer, (text.x, y), text.width, &line, (look.style(Tone::Plain), look));
        y += 1;
    }
    y += 1;
    let mut cursor = None;
    for (place, field) in form.fields.iter().enumerate() {
        let is_focused = form.focus == Focus::Field(place);
        let at = draw_field(field, is_focused, Rect { y, height: 1, ..text }, buffer, look);
        cursor = cursor.or(is_focused.then_some(at));
        y += 1;
    }
    if let Some(problem) = &form.problem {
        paint::put(buffer, (text.x, y), text.width, problem, (look.style(Tone::Bad), look));
    }
    for (button, label, area) in buttons(form, within) {
        let style = look.style(tone(form, button));
        paint::put(buffer, (area.x, area.y), area.width, &label, (style, look));
    }
    cursor
}

fn tone(form: &Form, button: Button) -> Tone {
    match button {
        _ if form.focus == Focus::Button(button) => Tone::Selected,
        Button::Go if form.plan.is_destructive() => Tone::Bad,
        Button::Go => Tone::Strong,
        Button::Cancel => Tone::Plain,
    }
}

fn draw_field(field: &Field, is_focused: bool, line: Rect, buffer: &mut Buffer, look: &Look) -> Position {
    let label = look.style(if is_focused { Tone::Accent } else { Tone::Dim });
    paint::put(buffer, (line.x, line.y), LABELS, field.label, (label, look));
    let left = line.x + LABELS;
    let room = line.right().saturating_sub(left);
    let text = field.input.text();
    if text.is_empty() {
        paint::put(buffer, (left, line.y), room, field.hint, (look.style(Tone::Dim), look));
        return Position::new(left, line.y);
    }
    // What is being typed stays in sight.
    let before = format::width(field.input.before());
    let excess = before.saturating_sub(usize::from(room.saturating_sub(1)));
    let shown: String = text.chars().skip(excess).collect();
    paint::put(buffer, (left, line.y), room, &shown, (look.style(Tone::Plain), look));
    Position::new(left + u16::try_from(before - excess).unwrap_or(room), line.y)
}
